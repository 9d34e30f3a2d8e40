//! Notifications, and deliveries in each of their states.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;

use super::{is_read_but_for, is_written, item};
use crate::{
    domain::{
        AddressOutcome, AddressState, Channel, Content, Delivery, DeliveryStatus, Notification, NotificationId, Reason,
        Timestamp, UserId,
    },
    store::{
        Item, StoreError, records,
        sent::{DeliveryItem, NotificationItem},
    },
};

const FCM: &str = "3e9a4f10-7a51-4a44-9f6a-51f8d1c2b002";
const SES: &str = "010001a2237eb6b1-ca79ec6b-296b-4c1a-acc7-57bef9d08ebe-000000";
/// The number of steps in a trace when all rules let a message pass.
const PASSED: usize = 10;

fn read(item: Item) -> Result<Notification, StoreError> {
    records::read::<NotificationItem>(item)?.into_notification()
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn full() -> Notification {
    Notification {
        id: NotificationId::parse("4adbcbcd-effe-53f3-a58c-0756d574a3ec").unwrap(),
        user_id: UserId::parse("1380bd43-7363-4adb-9d34-714ba754c8e0").unwrap(),
        run: None,
        topic: None,
        actor: None,
        channels: vec![Channel::Email],
        group: Some("news".into()),
        opt_in: false,
        critical: true,
        priority: 1,
        content: Content::Template {
            template_code: "order".into(),
            variables: json!({"express": true}).as_object().unwrap().clone(),
        },
        send_at: Some(at(1_795_978_236_653)),
        expires_at: Some(at(4_070_908_800_000)),
        cancelled_at: None,
        unsubscribed: false,
        at_most_once: true,
        metadata: json!({"order": 7, "deep": [null]}).as_object().unwrap().clone(),
        created_at: at(1_795_891_836_656),
        kept_until: at(1_798_570_236_000),
    }
}

fn minimal() -> Notification {
    Notification {
        id: NotificationId::parse("9f80e3d3-5c10-49fc-a3df-132469cd8301").unwrap(),
        group: None,
        critical: false,
        priority: 3,
        content: Content::Inline { subject: Some("Hello".into()), title: None, body: "How are you?".into() },
        send_at: None,
        expires_at: None,
        at_most_once: false,
        metadata: serde_json::Map::new(),
        created_at: at(1_795_891_836_573),
        kept_until: at(1_798_483_836_000),
        ..full()
    }
}

#[test]
fn a_notification_is_read_and_written() {
    let cancelled = Notification { cancelled_at: Some(at(1_795_891_836_734)), ..full() };
    for (name, notification, hash) in [
        ("notification_full", full(), "d8d4318faf25e34a407e715f67fe7d359b7f568980643d3c2f5fe05049079a1e"),
        ("notification_cancelled", cancelled, "d8d4318faf25e34a407e715f67fe7d359b7f568980643d3c2f5fe05049079a1e"),
        ("notification_minimal", minimal(), "bb387983c6a83d8667fa9bd1fc198435907af66a8102ecd8854d6cc2a6cfb451"),
    ] {
        assert_eq!(read(item(name)).unwrap(), notification, "{name}");
        assert_eq!(records::read::<NotificationItem>(item(name)).unwrap().request_hash, hash);
        // Only the list of all notifications is new.
        let written = NotificationItem::new(&notification, hash).unwrap();
        assert!(written.recent.is_some());
        is_written(name, &NotificationItem { recent: None, ..written });
        is_read_but_for(name, read, &[]);
    }
}

#[test]
fn a_notification_in_the_list_of_all() {
    let name = "notification_listed";
    assert_eq!(read(item(name)).unwrap(), minimal());
    let hash = "bb387983c6a83d8667fa9bd1fc198435907af66a8102ecd8854d6cc2a6cfb451";
    is_written(name, &NotificationItem::new(&minimal(), hash).unwrap());
    is_read_but_for(name, read, &["recent"]);
}

#[test]
fn a_notification_of_an_opt_in_category() {
    let name = "notification_opt_in";
    let opt_in = Notification { group: Some("offers".into()), opt_in: true, ..minimal() };
    assert_eq!(read(item(name)).unwrap(), opt_in);
    let hash = "bb387983c6a83d8667fa9bd1fc198435907af66a8102ecd8854d6cc2a6cfb451";
    is_written(name, &NotificationItem::new(&opt_in, hash).unwrap());
    is_read_but_for(name, read, &["recent"]);
}

/// A delivery in each state, without its trace, and the number of steps in that trace.
fn deliveries() -> Vec<(&'static str, Delivery, usize)> {
    let of = |status, reason, at_millis| Delivery {
        channel: Channel::Push,
        status,
        reason,
        attempts: 0,
        ambiguous: false,
        addresses: Default::default(),
        provider_message_id: None,
        held_until: None,
        not_before: None,
        trace: Vec::new(),
        at: at(at_millis),
    };
    let email = |delivery| Delivery { channel: Channel::Email, ..delivery };
    let tried = |attempts, key: &str, state, delivery| {
        let outcome = AddressOutcome { channel_id: FCM.into(), state, provider_message_id: None };
        Delivery { attempts, addresses: [(key.to_owned(), outcome)].into(), ..delivery }
    };
    let sent = AddressOutcome {
        channel_id: "3e9a4f10-7a51-4a44-9f6a-51f8d1c2b001".into(),
        state: AddressState::Sent,
        provider_message_id: Some(SES.into()),
    };
    let sent = Delivery {
        attempts: 1,
        addresses: [("e4c99f724ed1d169".to_owned(), sent)].into(),
        provider_message_id: Some(SES.into()),
        ..email(of(DeliveryStatus::Sent, None, 1_795_891_836_594))
    };
    let held = Delivery {
        held_until: Some(at(1_795_978_236_653)),
        ..email(of(DeliveryStatus::Held, Some(Reason::NotYetDue), 1_795_891_836_698))
    };
    let cancelled = Delivery {
        status: DeliveryStatus::Cancelled,
        reason: Some(Reason::Cancelled),
        at: at(1_795_891_836_734),
        ..held.clone()
    };
    let unavailable = Some(Reason::ProviderUnavailable);
    let retrying = Delivery {
        not_before: Some(at(1_795_891_870_925)),
        ..of(DeliveryStatus::Retrying, unavailable, 1_795_891_840_925)
    };
    let turned_away = Delivery { not_before: Some(at(1_795_931_840_925)), ..retrying.clone() };
    let failed = of(DeliveryStatus::Failed, Some(Reason::AddressGone), 1_795_891_840_993);
    let dead = of(DeliveryStatus::DeadLettered, unavailable, 1_795_891_842_909);
    let queued = of(DeliveryStatus::Queued, None, 1_795_891_842_974);
    let skipped = of(DeliveryStatus::Skipped, Some(Reason::ChannelOff), 1_795_891_836_772);
    vec![
        ("delivery_sent", sent, PASSED),
        ("delivery_held", held, 3),
        ("delivery_cancelled", cancelled, 3),
        ("delivery_skipped", email(skipped), 5),
        ("delivery_sending", Delivery { attempts: 1, ..of(DeliveryStatus::Sending, None, 1_795_891_836_898) }, 0),
        ("delivery_retrying", tried(1, "88697001b4c4ec43", AddressState::Unavailable, retrying), PASSED),
        ("delivery_turned_away", tried(1, "88697001b4c4ec43", AddressState::Unavailable, turned_away), PASSED),
        ("delivery_failed", tried(1, "00c90a8093861ab8", AddressState::Gone, failed), PASSED),
        ("delivery_dead_lettered", tried(2, "fbc7210621a93051", AddressState::Unavailable, dead), PASSED),
        ("delivery_queued", tried(2, "fbc7210621a93051", AddressState::Unavailable, queued), PASSED),
    ]
}

#[test]
fn a_delivery_in_each_state() {
    for (name, expected, steps) in deliveries() {
        let record: DeliveryItem = records::read(item(name)).unwrap();
        let text = record.trace.clone();
        let mut read: Delivery = record.into();
        // Each step is read with all its text.
        let trace = serde_json::to_string(&std::mem::take(&mut read.trace)).unwrap();
        assert_eq!(trace, text.unwrap_or_else(|| "[]".into()), "{name}");
        assert_eq!(trace.matches("\"rule\"").count(), steps, "{name}");
        assert_eq!(read, expected, "{name}");
    }
}

#[test]
fn a_reason_of_a_later_version_is_none() {
    let mut later = item("delivery_failed");
    later.insert("reason".into(), AttributeValue::S("of_tomorrow".into()));
    let read: DeliveryItem = records::read(later).unwrap();
    assert_eq!((read.status, read.reason), (DeliveryStatus::Failed, None));
}

#[test]
fn what_of_a_delivery_only_conditions_look_at() {
    for (name, unread) in [
        ("delivery_sent", &["delivered", "expires_at", "pk", "sk"][..]),
        ("delivery_held", &["at", "base", "expires_at", "pk", "sk"]),
        ("delivery_sending", &["addresses", "expires_at", "lease_owner", "pk", "sk"]),
        ("delivery_retrying", &["expires_at", "pk", "sk"]),
        ("delivery_turned_away", &["at", "expires_at", "not_tried_by", "pk", "sk"]),
        ("delivery_dead_lettered", &["expires_at", "pk", "sk"]),
    ] {
        is_read_but_for(name, records::read::<DeliveryItem>, unread);
    }
    let dead: DeliveryItem = records::read(item("delivery_dead_lettered")).unwrap();
    assert_eq!((dead.attempts_at_redrive, dead.attempts_recorded), (2, 2));
    assert_eq!(dead.dead_letter_id.as_deref(), Some("2026-11-28T18:50:42.904Z#d2d556f3-bf9c-46b9-a605-9d07d3029b05"));
    let retrying: DeliveryItem = records::read(item("delivery_retrying")).unwrap();
    assert_eq!(retrying.not_before, Some(1_795_891_870_925));
    let turned_away: DeliveryItem = records::read(item("delivery_turned_away")).unwrap();
    assert_eq!((turned_away.attempts, turned_away.attempts_recorded, turned_away.not_tried), (1, 1, 2));
    let sending: DeliveryItem = records::read(item("delivery_sending")).unwrap();
    assert_eq!(sending.lease_until, Some(1_795_891_867_892));
    let held: DeliveryItem = records::read(item("delivery_held")).unwrap();
    assert_eq!(held.owner.as_deref(), Some("HELD#2"));
}
