//! The lease of a delivery: only one worker has it at a time, and no worker finishes a delivery whose lease is
//! another's.

use std::time::Duration;
use uuid::Uuid;

use shared::{
    clock::Clock,
    domain::{AddressOutcome, AddressState, Channel, DeliveryStatus, Hold, NotificationId, Reason, Timestamp, UserId},
    store::{Claim, DeliveryKey, Finish, Lease, Refusal, Started},
};

use super::Table;

/// A push delivery that no worker has claimed.
fn new_delivery(kept_until: Timestamp) -> DeliveryKey {
    DeliveryKey { id: NotificationId::from(Uuid::new_v4()), channel: Channel::Push, kept_until }
}

#[tokio::test]
async fn a_lease_that_ran_out_is_another_s_and_its_first_owner_writes_nothing_more() {
    let table = Table::new().await;
    let store = &table.store;
    let start = Clock::system().now();
    let after = |seconds| start.plus(Duration::from_secs(seconds));
    let delivery = new_delivery(after(3600));
    let claim = async |lease, now| store.claim(delivery, lease, now).await.unwrap();
    let started = async |lease, now| match claim(lease, now).await {
        Claim::Started(started) => started,
        other => panic!("{other:?}"),
    };
    let sent = Finish { status: DeliveryStatus::Sent, reason: None, ..failed() };

    let first = Lease::new(Uuid::new_v4(), after(10));
    let of_first = started(first, start).await;
    assert_eq!((of_first.attempts, of_first.left_open), (1, false));
    assert_eq!(started(first, start).await, of_first, "a claim that is repeated is still our own");
    let second = Lease::new(Uuid::new_v4(), after(30));
    let later = Refusal::Later { left: Duration::from_secs(6) };
    assert_eq!(claim(second, after(4)).await, Claim::Refused(later));
    assert_eq!(store.conclude(delivery, &failed(), &[], after(4)).await.unwrap(), Err(later));

    let of_second = started(second, after(11)).await;
    assert_eq!((of_second.attempts, of_second.left_open), (2, true), "what came of the first is not known");
    let finish = async |lease, of: &Started, finish: &Finish, now| {
        store.finish(delivery, lease, of, finish, &[], now).await.unwrap()
    };
    assert!(!finish(first, &of_first, &failed(), after(12)).await, "the lease is another's");
    assert!(finish(second, &of_second, &sent, after(13)).await);
    assert!(!finish(second, &of_second, &failed(), after(14)).await, "what is finished stays so");
    assert_eq!(claim(Lease::new(Uuid::new_v4(), after(90)), after(60)).await, Claim::Refused(Refusal::Done));
    table.shutdown().await;
}

#[tokio::test]
async fn no_attempt_begins_before_its_time_and_a_dead_letter_waits_to_be_opened() {
    let table = Table::new().await;
    let store = &table.store;
    let start = Clock::system().now();
    let after = |seconds| start.plus(Duration::from_secs(seconds));
    let delivery = new_delivery(after(3600));
    let started = async |now: Timestamp| {
        let lease = Lease::new(Uuid::new_v4(), now.plus(Duration::from_secs(5)));
        match store.claim(delivery, lease, now).await.unwrap() {
            Claim::Started(started) => (lease, started),
            other => panic!("{other:?}"),
        }
    };
    let (lease, of) = started(start).await;
    let status = DeliveryStatus::Retrying;
    let waiting = Finish { status, not_before: Some(after(30)), ..failed() };
    assert!(store.finish(delivery, lease, &of, &waiting, &[], after(1)).await.unwrap());
    let early = store.claim(delivery, Lease::new(Uuid::new_v4(), after(25)), after(20)).await.unwrap();
    assert_eq!(early, Claim::Refused(Refusal::Later { left: Duration::from_secs(10) }));

    let (lease, of) = started(after(30)).await;
    assert_eq!((of.attempts, of.since_redrive, of.left_open), (2, 2, false));
    let dead = Finish { status: DeliveryStatus::DeadLettered, ..failed() };
    assert!(store.finish(delivery, lease, &of, &dead, &[], after(31)).await.unwrap());
    let closed = store.claim(delivery, Lease::new(Uuid::new_v4(), after(60)), after(50)).await.unwrap();
    assert_eq!(closed, Claim::Refused(Refusal::GivenUp), "a copy of the message does not open it");
    assert!(store.reopen(delivery, after(51)).await.unwrap());
    assert!(store.reopen(delivery, after(51)).await.unwrap(), "a redrive that is repeated");
    let (_, of) = started(after(52)).await;
    assert_eq!((of.attempts, of.since_redrive), (3, 1), "the budget is new");
    table.shutdown().await;
}

#[tokio::test]
async fn a_record_whose_time_is_over_is_nobody_s() {
    let table = Table::new().await;
    let store = &table.store;
    let start = Clock::system().now();
    let after = |seconds| start.plus(Duration::from_secs(seconds));
    let id = NotificationId::from(Uuid::new_v4());
    let old = DeliveryKey { id, channel: Channel::Push, kept_until: after(3600) };
    assert_eq!(store.conclude(old, &failed(), &[], start).await.unwrap(), Ok(DeliveryStatus::Failed));
    // DynamoDB deletes an expired item some time after it expires. The same id may be used again before that.
    let new = DeliveryKey { kept_until: after(9000), ..old };
    match store.claim(new, Lease::new(Uuid::new_v4(), after(4020)), after(4000)).await.unwrap() {
        Claim::Started(started) => assert_eq!((started.attempts, started.addresses.len()), (1, 0)),
        other => panic!("{other:?}"),
    }
    table.shutdown().await;
}

fn failed() -> Finish {
    Finish::because(DeliveryStatus::Failed, Reason::ProviderRejected)
}

#[tokio::test]
async fn however_many_copies_give_up_there_is_one_letter_and_a_hold_renews_the_budget() {
    let table = Table::new().await;
    let store = &table.store;
    let start = Clock::system().now();
    let after = |seconds| start.plus(Duration::from_secs(seconds));
    let delivery = new_delivery(after(3600));
    let attempt = async |now: Timestamp, finish: &Finish| {
        let lease = Lease::new(Uuid::new_v4(), now.plus(Duration::from_secs(5)));
        let Claim::Started(started) = store.claim(delivery, lease, now).await.unwrap() else { panic!("not open") };
        assert!(store.finish(delivery, lease, &started, finish, &[], now).await.unwrap());
        started.since_redrive
    };
    let retrying = Finish { status: DeliveryStatus::Retrying, ..failed() };
    assert_eq!(attempt(start, &retrying).await, 1);
    assert_eq!(attempt(after(1), &retrying).await, 2);
    let hold = Hold { until: after(10), reason: Reason::QuietHours };
    assert_eq!(store.hold(delivery, UserId::from(Uuid::new_v4()), hold, true, &[], after(2)).await.unwrap(), None);
    let held = store.give_up(delivery, "x", after(3)).await.unwrap();
    assert_eq!(held, Err(Refusal::Done), "what is held has a message of its own to come");
    assert_eq!(attempt(after(10), &retrying).await, 1, "a new message, a new budget");

    let early = Finish { not_before: Some(after(30)), ..retrying };
    attempt(after(11), &early).await;
    let waiting = store.give_up(delivery, "x", after(20)).await.unwrap();
    assert_eq!(waiting, Err(Refusal::Later { left: Duration::from_secs(10) }), "another copy goes on with it");
    let mut letters = Vec::new();
    for letter in ["first", "second"] {
        letters.push(store.give_up(delivery, letter, after(31)).await.unwrap().unwrap().1);
    }
    assert_eq!(letters, ["first", "first"]);
    table.shutdown().await;
}

#[tokio::test]
async fn what_one_device_has_got_is_neither_cancelled_nor_skipped() {
    let table = Table::new().await;
    let store = &table.store;
    let start = Clock::system().now();
    let after = |seconds| start.plus(Duration::from_secs(seconds));
    let sent =
        AddressOutcome { channel_id: "fcm".into(), state: AddressState::Sent, provider_message_id: Some("one".into()) };
    let (status, provider_message_id) = (DeliveryStatus::Retrying, Some("one".into()));
    let partly = Finish { status, provider_message_id, addresses: [("a".into(), sent)].into(), ..failed() };
    let skipped = Finish::because(DeliveryStatus::Skipped, Reason::ChannelOff);
    for cancel in [true, false] {
        let delivery =
            DeliveryKey { id: NotificationId::from(Uuid::new_v4()), channel: Channel::Push, kept_until: after(3600) };
        let lease = Lease::new(Uuid::new_v4(), after(5));
        let Claim::Started(started) = store.claim(delivery, lease, start).await.unwrap() else { panic!("not open") };
        assert!(store.finish(delivery, lease, &started, &partly, &[], after(1)).await.unwrap());
        if !cancel {
            let recorded = store.conclude(delivery, &skipped, &[], after(2)).await.unwrap();
            assert_eq!(recorded, Ok(DeliveryStatus::Sent));
        }
        let (shown, closed) = store.cancel(delivery, after(3)).await.unwrap();
        assert_eq!(closed, cancel, "what the worker closed is not closed again");
        assert_eq!((shown.status, shown.provider_message_id.as_deref()), (DeliveryStatus::Sent, Some("one")));
    }
    table.shutdown().await;
}
