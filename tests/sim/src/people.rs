//! The users of every simulation, and the channels that reach them.

use std::{collections::BTreeMap, sync::OnceLock};

use serde_json::{Value, json};
use shared::{
    domain::{
        Channel, ConfiguredChannel, EmailAddress, Provider, Settings, Timestamp, UserChange, UserId,
        user_change::{AllowedUser, NewUser},
    },
    store::Store,
};

use crate::{apps, dynamo, run, world::World};

/// How many users there are.
pub const USERS: usize = 4;
/// The group of notifications.
pub const GROUP: &str = "news";
/// The channels, by the names that requests have.
pub const CHANNELS: [&str; 5] = ["email", "push", "sms", "slack", "in_app"];

/// A user's id.
pub fn id(user: usize) -> UserId {
    UserId::from_bytes([u8::try_from(user + 1).unwrap_or_default(); 16])
}

/// A user's email address.
pub fn email(user: usize) -> String {
    format!("user{user}@example.com")
}

/// A user's device tokens.
pub fn devices(user: usize) -> Vec<String> {
    (0..=user % 3).map(|device| format!("device-{user}-{device}")).collect()
}

fn url(user: usize) -> String {
    format!("https://hook{user}.example.com/in")
}

/// The channel that a provider carries.
pub fn channel_of(provider: &str) -> &'static str {
    match provider {
        "email" => "email",
        "fcm" => "push",
        "sms" | "webhook" => "sms",
        "slack" => "slack",
        other => panic!("no provider {other}"),
    }
}

/// Puts everybody into a new table. They are written once by the store, and copied from then on.
pub fn settle(database: &dynoxide::Database) {
    static ITEMS: OnceLock<Vec<String>> = OnceLock::new();
    let items = ITEMS.get_or_init(|| {
        let world = World::new(0, dynamo::database());
        let store = apps::store(&world.start("set-up", true));
        run::alone(&world, async move { write(&store).await });
        let put = |item: Value| json!({"TableName": dynamo::TABLE, "Item": item}).to_string();
        dynamo::items(&world.database, None).into_iter().map(put).collect()
    });
    for item in items {
        let (status, answer) = dynamo::answer(database, "PutItem", item);
        assert_eq!(status, 200, "{answer}");
    }
}

async fn write(store: &Store) {
    let secret = |name: &str| Some(format!("tidings/{name}"));
    for (id, provider, secret, position, carries) in [
        ("c-email", Provider::Email, None, 0, None),
        ("c-fcm", Provider::Fcm, secret("fcm"), 0, None),
        ("c-webhook", Provider::Webhook, secret("webhook"), 1, Some(Channel::Sms)),
        ("c-slack", Provider::Slack, secret("slack"), 0, None),
        ("c-sms", Provider::Sms, secret("sms"), 0, None),
        ("c-inbox", Provider::InApp, None, 0, None),
    ] {
        let channel = ConfiguredChannel { secret, position, carries, ..ConfiguredChannel::new(id, provider) };
        store.put_channel(&channel, None).await.expect("a channel");
    }
    let then = Timestamp::parse("2026-03-01T00:00:00Z").expect("a time");
    for user in 0..USERS {
        let new = NewUser {
            external_id: None,
            id: id(user),
            name: format!("User {user}"),
            email: EmailAddress::parse(&email(user)).expect("an address"),
            push_token: None,
            channels: BTreeMap::new(),
            teams: Vec::new(),
            org: None,
        };
        store.create_user(new, then).await.expect("a user");
        let mut endpoints = endpoints(user);
        endpoints.insert("c-fcm".to_owned(), (Provider::Fcm, tokens(user)));
        let change = UserChange { endpoints, ..UserChange::default() };
        store.update_allowed(&AllowedUser::without_rule(id(user)), change, None, then).await.expect("endpoints");
    }
}

/// The settings with a user's device tokens.
pub fn tokens(user: usize) -> Settings {
    Settings { device_tokens: devices(user), ..Settings::default() }
}

fn endpoints(user: usize) -> BTreeMap<String, (Provider, Settings)> {
    let slack = Settings { slack_channel_id: Some(format!("C000000{user}")), ..Settings::default() };
    let sms = Settings { phone: Some(format!("+1555010{user}")), ..Settings::default() };
    let webhook = Settings { url: Some(url(user)), ..Settings::default() };
    let mut all: BTreeMap<_, _> =
        [("c-slack".to_owned(), (Provider::Slack, slack)), ("c-sms".to_owned(), (Provider::Sms, sms))].into();
    // Every second user has a second way, which is taken if a text message cannot be sent.
    if user.is_multiple_of(2) {
        all.insert("c-webhook".to_owned(), (Provider::Webhook, webhook));
    }
    all
}
