//! Users, tombstones and their settings.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{is_read_but_for, item};
use crate::{
    domain::{
        Channel, ChannelType, Endpoint, Handle, Json, Provider, QuietHours, Settings, Suppression, TimeOfDay,
        Timestamp, User, UserId, Weekday, suppression::Cause, user::UserRecord,
    },
    store::{Item, StoreError, user_item::UserItem},
};

fn read(item: Item) -> Result<UserRecord, StoreError> {
    UserItem::read(item)?.into_record()
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn present(user: User) -> UserRecord {
    UserRecord::Present(Box::new(user))
}

fn full() -> User {
    let groups = [
        ("com.soa.notification.type.api.auto.connect", false),
        ("com.soa.notification.type.app.alert", true),
        ("com.soa.notification.type.app.lifecycle", false),
        ("com.soa.notification.type.app.post", false),
        ("com.soa.notification.type.appteam", false),
        ("com.soa.notification.type.contract.state.change", false),
        ("com.soa.notification.type.news.update", false),
        ("com.soa.notification.type.post.comment", false),
        ("com.soa.notification.type.privateapi", false),
        ("com.soa.notification.type.ticket.change", false),
    ];
    let display = [("language", "de-DE"), ("measurement_unit", "metric"), ("timezone", "Europe/Berlin")];
    let custom = r#"{"big": 12345678901234567890, "deep": {"list": [1, "x", null, {"a.b": true}]}, "plan": "gold"}"#;
    let time = |text| TimeOfDay::parse(text).unwrap();
    let slack = Settings {
        slack_channel_id: Some("C0123456789".into()),
        slack_user_id: Some("U0123456789".into()),
        ..Settings::default()
    };
    let fcm = Settings { device_tokens: vec!["one".into(), "two".into()], ..Settings::default() };
    let endpoint = |provider, settings, millis| Endpoint {
        provider,
        settings,
        created_at: at(millis),
        updated_at: at(millis),
        gone_at: None,
    };
    let weekly = Handle { enabled: Some(false), channel_types: [(ChannelType::Of(Channel::Email), false)].into() };
    User {
        id: UserId::parse("ea7673ee-c631-4451-9cf2-1426eeca2189").unwrap(),
        name: Some("A User".into()),
        email: Some("fixture-1@example.com".into()),
        push_token: Some("device-fixture-1".into()),
        channels: [(Channel::Email, true), (Channel::Sms, true)].into(),
        groups: groups.map(|(group, is_in)| (group.to_owned(), is_in)).into(),
        display: display.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        quiet: QuietHours::new(time("22:00"), time("07:00"), Some([Weekday::Mon, Weekday::Sun].into())),
        external_id: None,
        first_name: Some("Ada".into()),
        last_name: Some("Lovelace".into()),
        phone: Some("+491701234567".into()),
        avatar: Some("https://example.com/a.png".into()),
        custom: Json::object(custom, "custom").unwrap(),
        web_push: Some(false),
        handles: [("weekly".to_owned(), weekly)].into(),
        endpoints: BTreeMap::from([
            ("01HQXYZ123456789ABCDEFGHIJ".to_owned(), endpoint(Provider::Slack, slack, 1_795_891_836_254)),
            ("3e9a4f10-7a51-4a44-9f6a-51f8d1c2b002".to_owned(), endpoint(Provider::Fcm, fcm, 1_795_891_836_246)),
        ]),
        suppressed: [(
            "fixture-1@example.com".to_owned(),
            Suppression { cause: Cause::Bounced, at: at(1_795_891_836_367) },
        )]
        .into(),
        teams: Vec::new(),
        org: Some("org-fixture".into()),
        links_ended: 0,
        version: 10,
        created_at: at(1_795_891_836_184),
        updated_at: at(1_795_891_836_267),
    }
}

#[test]
fn a_user_of_whom_everything_is_known() {
    assert_eq!(read(item("user_full")).unwrap(), present(full()));
    // A domain user does not show the index's keys, the size of `custom`, the write token, or whether the address is
    // reserved for the user. The list of teams is empty, and no endpoint was changed after it was created.
    let unread = ["at", "custom_bytes", "endpoints_created", "mark", "owner", "owns_email", "sk", "teams"];
    is_read_but_for("user_full", read, &unread);
    is_read_but_for("user_full", UserItem::read, &["mark", "teams"]);
}

#[test]
fn a_language_that_was_stored_in_an_old_form_is_read_in_the_preferred_one() {
    let mut old = item("user_full");
    let display = old.get_mut("display").unwrap().as_m().unwrap().clone();
    let language = |tag: &str| ("language".to_owned(), AttributeValue::S(tag.to_owned()));
    old.insert("display".into(), AttributeValue::M(display.into_iter().chain([language("iw-IL")]).collect()));
    let UserRecord::Present(user) = read(old).unwrap() else { panic!("erased") };
    assert_eq!(user.display["language"], "he-IL");
}

#[test]
fn a_user_of_whom_little_is_known() {
    let id = UserId::parse("1380bd43-7363-4adb-9d34-714ba754c8e0").unwrap();
    let user = User {
        name: Some("Ada".into()),
        email: Some("minimal@example.com".into()),
        org: Some("org-fixture".into()),
        ..User::new(id, at(1_795_891_836_450))
    };
    assert_eq!(read(item("user_minimal")).unwrap(), present(user));
    let id = UserId::parse("eb2af454-4c2c-5e48-911e-e4fd1c1d7dfb").unwrap();
    let user = User {
        external_id: Some("customer-1".into()),
        first_name: Some("Grace".into()),
        ..User::new(id, at(1_795_891_836_465))
    };
    assert_eq!(read(item("user_of_an_application")).unwrap(), present(user));
}

#[test]
fn a_tombstone_and_what_its_erasure_has_still_to_find() {
    for name in ["user_tombstone", "user_tombstone_erasing", "user_tombstone_listed"] {
        assert_eq!(read(item(name)).unwrap(), UserRecord::Erased, "{name}");
        is_read_but_for(name, UserItem::read, &[]);
    }
    let erasing = |name| UserItem::read(item(name)).unwrap().erasing;
    // One that was begun before there was a list of erasures is in none.
    for name in ["user_tombstone_erasing", "user_tombstone_listed"] {
        assert_eq!(erasing(name).unwrap().email.as_deref(), Some("minimal@example.com"), "{name}");
    }
    assert!(erasing("user_tombstone").is_none());
    let tombstone = UserItem::read(item("user_tombstone")).unwrap();
    assert_eq!((tombstone.version, tombstone.erased_at), (3, Some(1_795_891_843_179)));
}
