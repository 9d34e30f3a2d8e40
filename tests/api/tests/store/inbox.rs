//! Inbox entries that are written after their user was erased or their delivery has ended, and deliveries that have no lease.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Map, Value, json};
use shared::{
    clock::Clock,
    domain::{
        AddressOutcome, AddressState, Channel, DeliveryStatus, InboxEntry, NotificationId, Reason, Timestamp,
        UserChange, UserId,
    },
    store::{Addressed, Claim, Delivered, DeliveryKey, Finish, GaveUp, Lease},
};
use uuid::Uuid;

use super::Table;

fn entry(body: &str) -> InboxEntry {
    InboxEntry {
        notification_id: NotificationId::from(Uuid::new_v4()),
        title: None,
        body: body.to_owned(),
        data: Map::new(),
        created_at: Timestamp::from_millis(1_709_287_200_000),
        read_at: None,
        archived_at: None,
        kept_until: Timestamp::from_millis(4_000_000_000_000),
    }
}

/// The worker has read the user before the erasure, and writes the entry after it.
#[tokio::test]
async fn an_entry_that_comes_after_the_erasure_of_its_user_is_not_written() {
    let table = Table::new().await;
    let (store, now) = (&table.store, Clock::system().now());
    let (user, nobody) = (UserId::from(Uuid::new_v4()), UserId::from(Uuid::new_v4()));
    store.upsert_user(user, None, &UserChange::default(), None, now).await.unwrap();
    assert!(matches!(store.put_inbox(&(user, entry("early words"))).await.unwrap(), Delivered::At(_)));
    store.erase_user(user, None, now).await.unwrap();
    for user in [user, nobody] {
        assert_eq!(store.put_inbox(&(user, entry("late words"))).await.unwrap(), Delivered::NoUser);
    }
    let left = table.dynamodb("Scan", json!({})).await.to_string();
    assert!(!left.contains("INBOX#") && !left.contains("words"), "{left}");
    table.shutdown().await;
}

/// The delivery that an entry is of.
fn delivery((_, entry): &Addressed) -> DeliveryKey {
    DeliveryKey { id: entry.notification_id, channel: Channel::InApp, kept_until: entry.kept_until }
}

/// The record of a delivery, as it is stored.
async fn record_of(table: &Table, delivery: DeliveryKey) -> Value {
    let key = json!({"pk": {"S": format!("NOTIFICATION#{}", delivery.id)}, "sk": {"S": "DELIVERY#in_app"}});
    table.dynamodb("GetItem", json!({"Key": key})).await["Item"].clone()
}

async fn user(table: &Table) -> UserId {
    let user = UserId::from(Uuid::new_v4());
    table.store.upsert_user(user, None, &UserChange::default(), None, Clock::system().now()).await.unwrap();
    user
}

#[tokio::test]
async fn of_many_entries_those_are_written_whose_users_are_there() {
    let table = Table::new().await;
    let (store, now) = (&table.store, Clock::system().now());
    let (erased, nobody) = (user(&table).await, UserId::from(Uuid::new_v4()));
    store.erase_user(erased, None, now).await.unwrap();
    let there = user(&table).await;
    let again = (there, entry("again"));
    store.put_inbox(&again).await.unwrap();
    let new = [(there, entry("one")), (erased, entry("two")), (nobody, entry("three")), (there, entry("four"))];
    let [one, two, three, four] = &new;
    let put = store.put_inboxes(&[one, two, &again, three, four]).await.unwrap();
    let at = |to: &Addressed| Some(Delivered::At(format!("{}#{}", to.1.created_at, to.1.notification_id)));
    assert_eq!(put, [at(one), Some(Delivered::NoUser), None, Some(Delivered::NoUser), at(four)]);
    let left = table.dynamodb("Scan", json!({})).await.to_string();
    assert_eq!(left.matches("INBOX#").count(), 3, "{left}");
    assert!(!left.contains("two") && !left.contains("three"), "{left}");
    table.shutdown().await;
}

#[tokio::test]
async fn an_entry_is_taken_back_only_if_its_delivery_has_ended_unsent() {
    let table = Table::new().await;
    let (store, now) = (&table.store, Clock::system().now());
    let to = user(&table).await;
    let has = async |entry: &Addressed| {
        store.take_back(to, entry.1.created_at, delivery(entry), false).await.unwrap();
        let left = table.dynamodb("Scan", json!({})).await.to_string();
        left.contains(&format!("INBOX#{}#{}", entry.1.created_at, entry.1.notification_id))
    };
    let put = async || {
        let entry = (to, entry("words"));
        store.put_inbox(&entry).await.unwrap();
        entry
    };
    let (unrecorded, cancelled, given_up, reopened, sent) =
        (put().await, put().await, put().await, put().await, put().await);
    store.cancel(delivery(&cancelled), now).await.unwrap();
    for one in [&given_up, &reopened] {
        store.give_up(delivery(one), "letter", GaveUp::Queue, now).await.unwrap().unwrap();
    }
    assert!(store.reopen(delivery(&reopened), "letter", now).await.unwrap());
    assert_eq!(store.finish_first(&[(delivery(&sent), finished(), &[])], now).await.unwrap(), [true]);
    let mut stay = Vec::new();
    for one in [&unrecorded, &cancelled, &given_up, &reopened, &sent] {
        stay.push(has(one).await);
    }
    assert_eq!(stay, [true, false, false, true, true]);
    table.shutdown().await;
}

fn finished() -> Finish {
    let address = AddressOutcome {
        channel_id: "inbox".into(),
        state: AddressState::Sent,
        provider_message_id: Some("place".into()),
    };
    Finish {
        reason: None,
        provider_message_id: Some("place".into()),
        addresses: BTreeMap::from([("key".into(), address)]),
        ..Finish::because(DeliveryStatus::Sent, Reason::Cancelled)
    }
}

#[tokio::test]
async fn a_record_without_a_lease_is_the_one_that_a_lease_would_have_left() {
    let table = Table::new().await;
    let (store, now) = (&table.store, Clock::system().now());
    let to = user(&table).await;
    let [with, without, ended] = [(); 3].map(|()| delivery(&(to, entry("words"))));
    let lease = Lease::new(Uuid::new_v4(), now.plus(Duration::from_secs(9)));
    let Claim::Started(started) = store.claim(with, lease, now).await.unwrap() else { panic!("refused") };
    assert!(store.finish(with, lease, &started, &finished(), &[], now).await.unwrap());
    store.cancel(ended, now).await.unwrap();
    let both = [(ended, finished(), &[][..]), (without, finished(), &[][..])];
    assert_eq!(store.finish_first(&both, now).await.unwrap(), [false, true]);
    let record = async |delivery: DeliveryKey| {
        let mut item = record_of(&table, delivery).await;
        item.as_object_mut().unwrap().retain(|name, _| name != "pk" && name != "mark");
        item
    };
    assert_eq!(record(without).await, record(with).await);
    assert_eq!(record(ended).await["status"]["S"], "cancelled");
    table.shutdown().await;
}

#[tokio::test]
async fn a_doubt_lasts_until_the_message_is_sent() {
    let table = Table::new().await;
    let (store, now) = (&table.store, Clock::system().now());
    let to = user(&table).await;
    let [stopped, sent] = [(); 2].map(|()| delivery(&(to, entry("words"))));
    let is_ambiguous =
        async |delivery: DeliveryKey| record_of(&table, delivery).await["ambiguous"] == json!({"BOOL": true});
    for delivery in [stopped, sent] {
        store.note_doubt(delivery, now).await.unwrap();
        assert!(is_ambiguous(delivery).await);
    }
    let skipped = Finish::because(DeliveryStatus::Skipped, Reason::UserErased);
    store.conclude(stopped, &skipped, &[], now).await.unwrap().unwrap();
    assert!(is_ambiguous(stopped).await, "nobody knows more now");
    let lease = Lease::new(Uuid::new_v4(), now.plus(Duration::from_secs(9)));
    let Claim::Started(started) = store.claim(sent, lease, now).await.unwrap() else { panic!("refused") };
    assert!(started.ambiguous && started.attempts == 1, "{started:?}");
    store.note_doubt(sent, now).await.unwrap();
    assert!(store.finish(sent, lease, &started, &finished(), &[], now).await.unwrap());
    assert!(!is_ambiguous(sent).await);
    for ended in [sent, delivery(&(to, entry("words")))] {
        store.cancel(ended, now).await.unwrap();
        store.note_doubt(ended, now).await.unwrap();
        assert!(!is_ambiguous(ended).await, "it has ended, and whoever ended it had no doubt");
    }
    table.shutdown().await;
}

/// Who ends a delivery knows whether its entry may still come, except for who cancels it.
#[tokio::test]
async fn a_doubt_after_the_end_is_noted_if_the_entry_is_there_or_somebody_has_cancelled() {
    let table = Table::new().await;
    let (store, now) = (&table.store, Clock::system().now());
    let to = user(&table).await;
    let skipped = Finish::because(DeliveryStatus::Skipped, Reason::ChannelOff);
    for (is_cancelled, is_there, is_in_doubt, is_ambiguous) in [
        (true, false, true, true),
        (true, true, true, true),
        (true, true, false, false),
        (false, false, true, false),
        (false, true, true, true),
        (false, true, false, false),
    ] {
        let entry = (to, entry("words"));
        if is_cancelled {
            store.cancel(delivery(&entry), now).await.unwrap();
        } else {
            store.conclude(delivery(&entry), &skipped, &[], now).await.unwrap().unwrap();
        }
        if is_there {
            store.put_inbox(&entry).await.unwrap();
        }
        store.take_back(to, entry.1.created_at, delivery(&entry), is_in_doubt).await.unwrap();
        let shown = store.cancel(delivery(&entry), now).await.unwrap().0;
        assert_eq!(shown.ambiguous, is_ambiguous, "{is_cancelled} {is_there} {is_in_doubt}");
        let left = table.dynamodb("Scan", json!({})).await.to_string();
        assert!(!left.contains("INBOX#"), "{left}");
    }
    table.shutdown().await;
}

/// A worker wrote the entry when the erasure was over, and died before it looked at the user again.
#[tokio::test]
async fn what_was_written_after_an_erasure_is_found_by_its_second_look() {
    let table = Table::new().await;
    let (store, now) = (&table.store, Clock::system().now());
    let (erased, again) = (user(&table).await, user(&table).await);
    for user in [erased, again] {
        store.put_inbox(&(user, entry("early words"))).await.unwrap();
    }
    let late = async |user: UserId| {
        let left = table.dynamodb("Scan", json!({})).await;
        let text = format!("USER#{user}");
        let items = left["Items"].as_array().unwrap().clone();
        items
            .into_iter()
            .find(|item| item["pk"]["S"] == text && item["sk"]["S"].as_str().unwrap().starts_with("INBOX#"))
    };
    let (first, second) = (late(erased).await.unwrap(), late(again).await.unwrap());
    for user in [erased, again] {
        store.erase_user(user, None, now).await.unwrap();
        assert_eq!(late(user).await, None);
    }
    let due = async |minutes: u64| {
        let until = Clock::system().now().plus(Duration::from_secs(60 * minutes));
        let mut users = Vec::new();
        for part in 0..shared::store::PARTS {
            users.extend(store.second_looks(part, until, 9).await.unwrap());
            assert_eq!(store.unfinished_erasures(part, until, 9).await.unwrap(), [], "nobody waits for a look");
        }
        users.sort_unstable();
        users
    };
    let mut both = vec![erased, again];
    both.sort_unstable();
    assert_eq!((due(29).await, due(31).await), (vec![], both));
    let arrives = async |item: &Value| table.dynamodb("PutItem", json!({"Item": item})).await;
    for item in [&first, &second] {
        arrives(item).await;
    }
    store.upsert_user(again, None, &UserChange::default(), None, now).await.unwrap();
    assert_eq!(late(again).await, None, "the new user has nothing of the one before");
    arrives(&second).await;
    for (minutes, is_left) in [(29, true), (31, false)] {
        for user in [erased, again] {
            store.resume_erasure(user, now.plus(Duration::from_secs(60 * minutes))).await.unwrap();
        }
        assert_eq!(late(erased).await.is_some(), is_left, "after {minutes} minutes");
    }
    assert_eq!((late(erased).await, late(again).await), (None, Some(second)), "whoever is there again is left alone");
    assert_eq!(due(31).await, []);
    let tombstone: Value = json!({"pk": {"S": format!("USER#{erased}")}, "sk": {"S": "USER"}});
    let tombstone = table.dynamodb("GetItem", json!({"Key": tombstone})).await["Item"].clone();
    let names: Vec<_> = tombstone.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["erased_at", "pk", "sk", "version"]);
    table.shutdown().await;
}
