//! Tests of writes whose answer was lost. The server answers as each test tells it. If a repeated write is refused
//! because of its own earlier work, it has succeeded. If it is refused because of another write's work, it has failed.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::future::BoxFuture;
use serde_json::json;
use uuid::Uuid;

use super::{settings::Buried, *};
use crate::{
    aws::tests::{Act, Server},
    domain::{
        Channel, DeliveryStatus, Fedmember, NotificationId, Reason, SettingsChange, Timestamp, UserId,
        json::Object,
        rate::{Rate, Who},
        security::Setting,
    },
};

const DONE: Act = Act::Answer(200, "{}");
const BUSY: &str = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"m"}"#;

macro_rules! refused {
    ($item:literal) => {
        Act::Answer(
            400,
            concat!(
                r#"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"m","Item":"#,
                $item,
                "}"
            ),
        )
    };
}

/// The write token of the first write of a store whose randomness is that of [`says`].
fn first_token() -> Uuid {
    Randomness::seeded(1).uuid()
}

/// A refusal by an item with these attributes, and with this write token.
fn refused_by(attributes: &str, write_token: Uuid) -> Act {
    let token = STANDARD.encode(write_token.as_bytes());
    refused_by_item(&format!(r#"{{"pk":{{"S":"o"}},{attributes},"mark":{{"B":"{token}"}}}}"#))
}

fn refused_by_item(item: &str) -> Act {
    let kind = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
    Act::Answer(400, format!(r#"{{"__type":"{kind}","message":"m","Item":{item}}}"#).leak())
}

fn now() -> Timestamp {
    Timestamp::from_millis(1000)
}

/// A write. It returns whether it was successful.
type Write = fn(Store) -> BoxFuture<'static, bool>;

/// Runs a write against a server that does `acts`, one for each try. Returns whether the write says that it was
/// successful.
async fn says(write: Write, acts: &[Act]) -> bool {
    let server = Server::start(acts).await;
    let said = write(Store::new(&server.aws(), "t", Clock::system(), Randomness::seeded(1))).await;
    assert_eq!(server.requests(), acts.len());
    said
}

/// If its own work refuses a write, the write is a success only if an earlier try may have done that work. If another
/// write's work refuses it, the write is no success.
async fn assert_knows_itself(what: &str, write: Write, own: Act, other: Act) {
    for lost in [Act::HangUp, Act::BreakOff, Act::Answer(500, "{}")] {
        assert!(says(write, &[lost, own]).await, "{what}: its own work");
        assert!(!says(write, &[lost, other]).await, "{what}: another's work");
    }
    for sure in [&[own][..], &[Act::Answer(400, BUSY), own]] {
        assert!(!says(write, sure).await, "{what}: it cannot be its own work");
    }
    assert!(says(write, &[Act::HangUp, DONE]).await, "{what}: done by the second try");
}

fn item() -> Item {
    records::write(&json!({"pk": "a", "n": 1})).unwrap()
}

fn delivery() -> DeliveryKey {
    DeliveryKey { id: NotificationId::random(), channel: Channel::Email, kept_until: now() }
}

#[tokio::test]
async fn a_put_knows_the_item_that_it_wrote() {
    let own = refused!(r#"{"pk":{"S":"a"},"n":{"N":"1"}}"#);
    let other = refused!(r#"{"pk":{"S":"a"},"n":{"N":"2"}}"#);
    let write: Write =
        |store| Box::pin(async move { store.put_if(item(), &Condition::Missing("pk".into())).await.unwrap() });
    assert_knows_itself("put_if", write, own, other).await;

    let own = Act::Answer(200, r#"{"Attributes":{"pk":{"S":"a"},"n":{"N":"1"}}}"#);
    let other = Act::Answer(200, r#"{"Attributes":{"pk":{"S":"a"}}}"#);
    let write: Write = |store| Box::pin(async move { store.put(item()).await.unwrap() });
    assert_knows_itself("put", write, own, other).await;
}

#[tokio::test]
async fn what_is_gone_after_a_lost_answer_was_deleted_by_it() {
    let delete: Write = |store| Box::pin(async move { store.delete_api_key("x").await.unwrap() });
    let was_there = Act::Answer(200, r#"{"Attributes":{"pk":{"S":"a"}}}"#);
    for (acts, was_deleted) in [
        (&[was_there][..], true),
        (&[DONE], false),
        (&[Act::HangUp, DONE], true),
        (&[Act::HangUp, was_there], true),
        (&[Act::Answer(400, BUSY), DONE], false),
    ] {
        assert_eq!(says(delete, acts).await, was_deleted, "{acts:?}");
    }
    let delete: Write = |store| {
        Box::pin(async move { store.delete_if(&Key::channel("x"), &Condition::Exists("a".into())).await.unwrap() })
    };
    for (acts, was_deleted) in [
        (&[DONE][..], true),
        (&[refused!("{}")], false),
        (&[Act::HangUp, refused!("{}")], true),
        (&[Act::Answer(400, BUSY), refused!("{}")], false),
    ] {
        assert_eq!(says(delete, acts).await, was_deleted, "{acts:?}");
    }
}

#[tokio::test]
async fn changes_of_parts_know_their_own_work() {
    let lift: Write =
        |store| Box::pin(async move { store.lift_user_suppression(UserId::random(), "a@example.com").await.unwrap() });
    assert_knows_itself("lift", lift, refused!(r#"{"pk":{"S":"u"}}"#), refused!("{}")).await;

    let settings: Write = |store| {
        Box::pin(async move {
            let patch: Object = [("a".to_owned(), crate::domain::Json::Bool(true))].into();
            let demanded = Precondition::Versions(vec![3]);
            let owner = SettingsOwner::Org("o".into());
            let changed = store.change_settings(&owner, &SettingsChange::Merge(patch), Some(&demanded)).await;
            match changed {
                Ok(version) => version == 4,
                Err(SettingsError::Stale) => false,
                Err(error) => panic!("{error:?}"),
            }
        })
    };
    let done = Act::Answer(200, r#"{"Attributes":{"version":{"N":"4"}}}"#);
    let own = refused_by(r#""version":{"N":"4"}"#, first_token());
    let later = refused_by(r#""version":{"N":"5"}"#, Uuid::nil());
    // Another change to the same value is not this one.
    let other = refused_by(r#""version":{"N":"4"},"settings":{"M":{"a":{"BOOL":true}}}"#, Uuid::nil());
    for (acts, is_changed) in [
        (&[done][..], true),
        (&[Act::HangUp, done], true),
        (&[Act::HangUp, own], true),
        (&[own], false),
        (&[Act::HangUp, later], false),
        (&[Act::HangUp, other], false),
    ] {
        assert_eq!(says(settings, acts).await, is_changed, "{acts:?}");
    }

    let security: Write = |store| {
        Box::pin(async move {
            let changes: BTreeMap<_, _> = [("mfa".to_owned(), Setting::Text("on".into()))].into();
            let org = Fedmember::parse("MEMBER1").unwrap();
            let demanded = Precondition::Versions(vec![3]);
            match store.update_security_settings(&org, &changes, Some(&demanded)).await {
                Ok(_) => true,
                Err(UpdateSecurityError::Stale) => false,
                Err(error) => panic!("{error:?}"),
            }
        })
    };
    let own = refused_by(r#""version":{"N":"4"},"mfa":{"S":"on"}"#, first_token());
    let other = refused_by(r#""version":{"N":"4"},"mfa":{"S":"on"}"#, Uuid::nil());
    assert_knows_itself("security", security, own, other).await;

    // Without `If-Match`, only the token keeps the repeated write from raising the version once more.
    for precondition in [false, true] {
        assert_eq!(not_repeated(precondition).await, 2, "If-Match: {precondition}");
    }

    let tombstone: Write = |store| {
        Box::pin(async move { store.bury_settings_alone(UserId::random(), now()).await.unwrap() == Buried::Now })
    };
    let own = refused!(r#"{"pk":{"S":"o"},"erased_at":{"N":"1000"}}"#);
    assert_knows_itself("tombstone", tombstone, own, refused!(r#"{"pk":{"S":"o"},"erased_at":{"N":"999"}}"#)).await;
}

#[tokio::test]
async fn the_end_of_a_delivery_knows_its_own_work() {
    let cancel: Write = |store| Box::pin(async move { store.cancel(delivery(), now()).await.unwrap().1 });
    let conclude: Write = |store| {
        Box::pin(async move {
            let finish = Finish::because(DeliveryStatus::Cancelled, Reason::Cancelled);
            store.conclude(delivery(), &finish, &[], now()).await.unwrap().is_ok()
        })
    };
    let done = Act::Answer(
        200,
        r#"{"Attributes":{"channel":{"S":"email"},"status":{"S":"cancelled"},"at_millis":{"N":"1000"}}}"#,
    );
    let ended = r#""channel":{"S":"email"},"status":{"S":"cancelled"},"at_millis":{"N":"1000"}"#;
    let own = refused_by(ended, first_token());
    // A copy of the message has ended the delivery in the same millisecond.
    let other = refused_by(ended, Uuid::nil());
    // Code of November 2026 has ended it, which wrote no token.
    let earlier = refused_by_item(&format!("{{{ended}}}"));
    for (what, write) in [("cancel", cancel), ("conclude", conclude)] {
        for (acts, is_ours) in [
            (&[done][..], true),
            (&[Act::HangUp, own], true),
            (&[Act::HangUp, other], false),
            (&[Act::HangUp, earlier], false),
            (&[own], false),
            (&[Act::Answer(400, BUSY), own], false),
        ] {
            assert_eq!(says(write, acts).await, is_ours, "{what} {acts:?}");
        }
    }
    // What was sent to an address already ends as sent, by a second write with the same token.
    let delivered = refused!(r#"{"channel":{"S":"email"},"status":{"S":"retrying"},"delivered":{"BOOL":true}}"#);
    let ended = r#""channel":{"S":"email"},"status":{"S":"sent"},"delivered":{"BOOL":true},"at_millis":{"N":"999"}"#;
    let (own, other) = (refused_by(ended, first_token()), refused_by(ended, Uuid::nil()));
    for (what, write) in [("cancel", cancel), ("conclude", conclude)] {
        for (acts, is_ours) in [
            (&[delivered, Act::HangUp, own][..], true),
            (&[delivered, Act::HangUp, other], false),
            (&[delivered, own], false),
        ] {
            assert_eq!(says(write, acts).await, is_ours, "{what} {acts:?}");
        }
    }
}

#[tokio::test]
async fn an_attempt_s_outcome_is_recorded_by_who_has_its_lease() {
    let finish: Write = |store| {
        Box::pin(async move {
            let started = Started { attempts: 2, since_redrive: 2, ..Started::default() };
            let finish = Finish::because(DeliveryStatus::Retrying, Reason::Cancelled);
            store.finish(delivery(), Lease::new(Uuid::new_v4(), now()), &started, &finish, &[], now()).await.unwrap()
        })
    };
    let own = refused!(r#"{"status":{"S":"retrying"},"recorded":{"N":"2"}}"#);
    let next = refused!(r#"{"status":{"S":"sending"},"recorded":{"N":"2"},"lease_owner":{"S":"x"}}"#);
    let ended = refused!(r#"{"status":{"S":"sent"},"recorded":{"N":"2"}}"#);
    let earlier = refused!(r#"{"status":{"S":"sending"},"recorded":{"N":"1"},"lease_owner":{"S":"x"}}"#);
    for (acts, is_recorded) in [
        (&[DONE][..], true),
        (&[Act::HangUp, own], true),
        // The caller stopped waiting for an earlier call, although that call had written the outcome.
        (&[own], true),
        // The next attempt has begun since then.
        (&[Act::HangUp, next], true),
        (&[next], false),
        (&[Act::HangUp, earlier], false),
        (&[earlier], false),
        // A finished delivery stays finished.
        (&[ended], false),
    ] {
        assert_eq!(says(finish, acts).await, is_recorded, "{acts:?}");
    }
}

#[tokio::test]
async fn what_was_no_attempt_is_recorded_by_who_has_its_lease() {
    let finish: Write = |store| {
        Box::pin(async move {
            let started = Started { attempts: 2, since_redrive: 2, not_tried: 4, ..Started::default() };
            let finish =
                Finish { is_attempt: false, ..Finish::because(DeliveryStatus::Retrying, Reason::ProviderUnavailable) };
            let owner = Uuid::from_u128(7);
            store.finish(delivery(), Lease::new(owner, now()), &started, &finish, &[], now()).await.unwrap()
        })
    };
    let own = refused!(r#"{"status":{"S":"retrying"},"not_tried_by":{"S":"00000000-0000-0000-0000-000000000007"}}"#);
    let another =
        refused!(r#"{"status":{"S":"retrying"},"not_tried_by":{"S":"00000000-0000-0000-0000-000000000008"}}"#);
    // An attempt of the same number may follow, so the number says nothing.
    let next = refused!(r#"{"status":{"S":"retrying"},"recorded":{"N":"2"}}"#);
    for (acts, is_recorded) in [
        (&[DONE][..], true),
        (&[Act::HangUp, own], true),
        (&[own], true),
        (&[Act::HangUp, another], false),
        (&[Act::HangUp, next], false),
    ] {
        assert_eq!(says(finish, acts).await, is_recorded, "{acts:?}");
    }
}

#[tokio::test]
async fn a_write_that_keeps_failing_is_tried_three_times() {
    let write: Write =
        |store| Box::pin(async move { store.put_if(item(), &Condition::Missing("pk".into())).await.is_err() });
    for act in [Act::HangUp, Act::Answer(500, "{}"), Act::Answer(400, BUSY)] {
        assert!(says(write, &[act; 3]).await, "{act:?}");
    }
    let refused = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ValidationException","message":"m"}"#;
    assert!(says(write, &[Act::Answer(400, refused)]).await, "a refusal is final");
}

/// The number of writes of settings and of security settings whose condition refuses an item that has the write's token.
async fn not_repeated(is_demanded: bool) -> usize {
    let demanded = is_demanded.then(|| Precondition::Versions(vec![3]));
    let own = refused_by(r#""version":{"N":"4"},"settings":{"M":{}}"#, first_token());
    let mut recognised = 0;
    let server = Server::start(&[Act::HangUp, own]).await;
    let store = Store::new(&server.aws(), "t", Clock::system(), Randomness::seeded(1));
    let change = SettingsChange::Replace(Object::new());
    let changed = store.change_settings(&SettingsOwner::Org("o".into()), &change, demanded.as_ref()).await;
    recognised += usize::from(changed.unwrap() == 4 && server.requests() == 2);
    let server = Server::start(&[Act::HangUp, own]).await;
    let store = Store::new(&server.aws(), "t", Clock::system(), Randomness::seeded(1));
    let org = Fedmember::parse("MEMBER1").unwrap();
    let changed = store.update_security_settings(&org, &BTreeMap::new(), demanded.as_ref()).await;
    recognised + usize::from(changed.unwrap().1 == 4 && server.requests() == 2)
}

/// Every write that any condition refuses can be refused by its own work, if its first answer was lost. So each one is
/// made by one of the calls below, and each call recognises a write's own work in one way. A new call stands here with its
/// way, and has a test above.
#[test]
fn every_write_of_the_store_goes_through_a_call_that_recognises_its_own_work() {
    const CALLS: &[(&str, &str, &str)] = &[
        ("calls.rs", "UpdateItemInput::builder", "a write token, `is_own`, or a second time changes nothing"),
        ("calls.rs", "PutItemInput::builder", "the item is equal"),
        ("calls.rs", "DeleteItemInput::builder", "the item is gone"),
        ("transaction.rs", "transact_write_items", "DynamoDB, by the client request token"),
        ("insert.rs", "batch_execute_statement", "its callers: the claim by its lease"),
        ("erasure.rs", "batch_write_item", "it has no condition, and a second time changes nothing"),
    ];
    const WRITES: [&str; 11] = [
        "UpdateItemInput::builder",
        "PutItemInput::builder",
        "DeleteItemInput::builder",
        "update_item()",
        "put_item()",
        "delete_item()",
        "transact_write_items",
        "batch_write_item",
        "batch_execute_statement",
        ".execute_statement()",
        "execute_transaction",
    ];
    let mut found = std::collections::BTreeSet::new();
    let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src/store"))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("doubt.rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                found.extend(WRITES.iter().filter(|call| text.contains(**call)).map(|call| (name.clone(), *call)));
            }
        }
    }
    let known = CALLS.iter().map(|(file, call, _)| ((*file).to_owned(), *call)).collect();
    assert_eq!(found, known);
}

/// A notification whose record was written by a try whose answer was lost is new, so it is counted as accepted. The same
/// request, accepted in the same millisecond, is not.
#[tokio::test]
async fn an_acceptance_knows_the_record_that_it_wrote() {
    let accept: Write = |store| {
        Box::pin(async move {
            let stored: sent::NotificationItem = records::read(stored::item("notification_listed")).unwrap();
            let request_hash = stored.request_hash.clone();
            let notification = stored.into_notification().unwrap();
            matches!(store.accept(&notification, &request_hash).await.unwrap(), Accepted::New)
        })
    };
    let record = stored_with("notification_listed", first_token());
    let copy = stored_with("notification_listed", Uuid::nil());
    assert_knows_itself("accept", accept, refused_by_item(&record), refused_by_item(&copy)).await;
}

/// A dead letter is counted once, although copies of its message write it in the same millisecond.
#[tokio::test]
async fn a_dead_letter_knows_itself() {
    let put: Write = |store| {
        Box::pin(async move {
            let letter = dead_letters::letter(stored::item("dead_letter_in_part")).unwrap();
            store.put_dead_letter(&letter).await.unwrap()
        })
    };
    let old = |write_token| refused_by_item(&stored_with("dead_letter_in_part", write_token));
    assert_knows_itself("dead letter", put, old(first_token()), old(Uuid::nil())).await;
}

/// An item as it is stored, with this write token, in DynamoDB's JSON.
fn stored_with(name: &str, write_token: Uuid) -> String {
    let mut item = stored::json(name);
    item["mark"] = json!({"B": STANDARD.encode(write_token.as_bytes())});
    item.to_string()
}

/// A reservation whose answer was lost has its slots, if nobody else has written since. Else it takes further ones.
#[tokio::test]
async fn a_reservation_of_slots_knows_its_own_work() {
    let reserve: Write = |store| {
        Box::pin(async move {
            let rate = Rate::new(14.0).unwrap();
            let granted = Rates::new(store).reserve("c", rate, Who::AtOnce, 1).await.unwrap();
            matches!(granted, Granted::Slots(_))
        })
    };
    // The next slot is far ahead.
    const TAKEN: &str = r#""tat":{"N":"9000000000000000"}"#;
    assert_knows_itself("reserve", reserve, refused_by(TAKEN, first_token()), refused_by(TAKEN, Uuid::nil())).await;
}
