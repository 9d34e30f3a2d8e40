//! Generated users and notifications. Each has none, one or several of the circumstances that a decision depends on.

use std::time::Duration;
use uuid::Uuid;

use local::demo::DEPLOYMENT_SECRET;
use serde_json::{Value, json};
use shared::{
    clock::Clock,
    domain::{
        Cause, Channel, ChannelType, Content, EmailAddress, Field, Notification, NotificationId, Provider, QuietHours,
        Settings, Suppression, TimeOfDay, Timestamp, UserChange, UserId,
    },
    store::Store,
    suppressions::AddressKey,
};

use crate::faults::Dice;

/// A template that has a part for every channel, and a template that has a part for `sms` only.
pub const WHOLE: &str = "agreement-whole";
pub const PART: &str = "agreement-part";
const GROUPS: [&str; 3] = ["news", "billing", "a.b:c"];

/// The state of the recipient's record.
#[derive(Clone, Copy, PartialEq)]
enum Stored {
    Present,
    Erased,
    Nothing,
}

/// One notification to one user.
pub struct Case {
    user: UserId,
    stored: Stored,
    change: UserChange,
    suppressed: Option<String>,
    pub body: Value,
}

impl Case {
    pub async fn write_user(&self, store: &Store) {
        let now = Clock::system().now();
        if self.stored == Stored::Nothing {
            return;
        }
        store.upsert_user(self.user, None, &self.change, None, now).await.expect("a user");
        if let Some(address) = &self.suppressed {
            let why = Suppression { cause: Cause::Bounced, at: now };
            let address = AddressKey::derive(DEPLOYMENT_SECRET).expect("a key").hash(address);
            store.suppress(&address, why).await.expect("suppressed");
        }
        if self.stored == Stored::Erased {
            store.erase_user(self.user, None, now).await.expect("erased");
        }
    }

    /// The notification that the API would have made from the body.
    pub fn notification(&self, channels: &Value) -> Notification {
        let now = Clock::system().now();
        let time = |name: &str| self.body[name].as_str().and_then(Timestamp::parse);
        let channels = channels.as_array().expect("channels").iter();
        let channels = channels.filter_map(|one| Channel::parse(one["channel"].as_str()?)).collect();
        let content = Content::Template {
            template_code: self.body["template_code"].as_str().expect("a template").to_owned(),
            variables: self.body["variables"].as_object().expect("variables").clone(),
        };
        Notification {
            group: self.body["group"].as_str().map(str::to_owned),
            critical: self.body["critical"] == true,
            send_at: time("send_at"),
            expires_at: time("expires_at"),
            kept_until: now.plus(Duration::from_secs(24 * 60 * 60)),
            ..Notification::new(NotificationId::from(Uuid::new_v4()), self.user, channels, content, now)
        }
    }
}

/// True for one of `most` throws on average.
fn once_in(dice: &mut Dice, most: usize) -> bool {
    dice.throw(most) == 0
}

pub fn case(dice: &mut Dice) -> Case {
    let user = UserId::from(Uuid::new_v4());
    let stored = match dice.throw(20) {
        0 => Stored::Erased,
        1 => Stored::Nothing,
        _ => Stored::Present,
    };
    let mut change = UserChange::default();
    let suppressed = addresses(dice, &mut change);
    preferences(dice, &mut change);
    Case { user, stored, change, suppressed, body: body(dice, user) }
}

/// Sets the user's addresses. Returns the one that is to be suppressed, if any.
fn addresses(dice: &mut Dice, change: &mut UserChange) -> Option<String> {
    let number = api::unique();
    let mut emails = Vec::new();
    if !once_in(dice, 4) {
        let email = format!("case-{number}@example.com");
        change.email = EmailAddress::parse(&email);
        emails.push(email);
    }
    if once_in(dice, 2) {
        change.push_token = Field::Value(format!("token-{number}"));
    }
    if once_in(dice, 2) {
        change.profile.phone = Field::Value(format!("+1415{number:07}"));
    }
    let demo = |key: &str| {
        match key {
            "email" => "3e9a4f10-7a51-4a44-9f6a-51f8d1c2b001",
            "fcm" => "3e9a4f10-7a51-4a44-9f6a-51f8d1c2b002",
            "apns" => "3e9a4f10-7a51-4a44-9f6a-51f8d1c2b003",
            "slack" => "01HQXYZ123456789ABCDEFGHIJ",
            own => own,
        }
        .to_owned()
    };
    let mut set = |key: &str, provider, settings| change.endpoints.insert(demo(key), (provider, settings));
    if once_in(dice, 4) {
        let email = format!("Other-{number}@example.com");
        set("email", Provider::Email, Settings { address: Some(email.clone()), ..Settings::default() });
        emails = vec![email];
    }
    for (key, provider) in [("fcm", Provider::Fcm), ("second-fcm", Provider::Fcm), ("apns", Provider::Apns)] {
        let devices = (0..dice.throw(4)).map(|device| format!("{key}-{number}-{device}"));
        let device_tokens: Vec<_> = devices.collect();
        if !device_tokens.is_empty() {
            set(key, provider, Settings { device_tokens, ..Settings::default() });
        }
    }
    if once_in(dice, 2) {
        let slack_user_id = Some(format!("U{number:09}"));
        set("slack", Provider::Slack, Settings { slack_user_id, ..Settings::default() });
    }
    emails.pop().filter(|_| once_in(dice, 4)).map(|email| email.to_lowercase())
}

fn preferences(dice: &mut Dice, change: &mut UserChange) {
    for channel in Channel::ALL {
        match dice.throw(6) {
            0 => change.channels.insert(channel, false),
            1 => change.channels.insert(channel, true),
            _ => None,
        };
    }
    for group in GROUPS {
        match dice.throw(4) {
            0 => drop(change.groups.insert(group.to_owned(), false)),
            1 => drop(change.groups.insert(group.to_owned(), true)),
            2 => change.handles.enable(group, once_in(dice, 2)),
            _ => change.handles.switch(group, ChannelType::Of(Channel::ALL[dice.throw(5)]), once_in(dice, 2)),
        }
    }
    let zones = [None, Some(("Etc/UTC", 0_i64)), Some(("Asia/Kolkata", 330)), Some(("America/Bogota", -300))];
    let zone = zones[dice.throw(zones.len())];
    if let Some((name, _)) = zone {
        change.display.timezone = Field::Value(name.to_owned());
    }
    let here = |hours: i64| clock(zone.map_or(0, |(_, minutes)| minutes) + hours * 60);
    // Both ends of the quiet hours are hours away from now, so that `explain` and the worker find the same answer.
    match dice.throw(5) {
        0 => change.quiet = QuietHours::new(here(-3), here(3), None).map_or(Field::Absent, Field::Value),
        1 => change.quiet = QuietHours::new(here(3), here(6), None).map_or(Field::Absent, Field::Value),
        _ => {}
    }
}

/// The time of day in UTC, this number of minutes from now.
fn clock(minutes: i64) -> TimeOfDay {
    let minutes = (Clock::system().now().seconds() / 60 + minutes).rem_euclid(24 * 60);
    TimeOfDay::parse(&format!("{:02}:{:02}", minutes / 60, minutes % 60)).expect("a time of day")
}

fn body(dice: &mut Dice, user: UserId) -> Value {
    let mut body = json!({"user_id": user});
    if !once_in(dice, 5) {
        body["notification_type"] = json!(Channel::ALL[dice.throw(5)]);
    }
    let whole = json!({"name": "Ada", "way": 100});
    match dice.throw(8) {
        0 => template(&mut body, WHOLE, whole),
        1 => template(&mut body, WHOLE, json!({"name": "Ada"})),
        2 => template(&mut body, WHOLE, json!({"name": "Ada", "way": "far"})),
        3 => template(&mut body, PART, whole),
        4 => template(&mut body, "agreement-gone", whole),
        _ => body["content"] = json!({"title": "Hi", "body": "It works"}),
    }
    if once_in(dice, 2) {
        body["group"] = json!(GROUPS[dice.throw(GROUPS.len())]);
    }
    if once_in(dice, 4) {
        body["critical"] = json!(true);
    }
    let day = Duration::from_secs(24 * 60 * 60);
    let (past, future) = (Timestamp::from_millis(1_700_000_000_000), Clock::system().now().plus(day));
    match dice.throw(12) {
        0 => body["expires_at"] = json!(past),
        1 => body["expires_at"] = json!(future),
        2 => body["send_at"] = json!(past),
        3 => body["send_at"] = json!(future),
        4 => (body["send_at"], body["expires_at"]) = (json!(past), json!(future)),
        _ => {}
    }
    body
}

fn template(body: &mut Value, code: &str, variables: Value) {
    body["template_code"] = json!(code);
    body["variables"] = variables;
}
