//! The lease of a delivery: only one worker has it at a time, and no worker finishes a delivery whose lease is
//! another's.

use std::time::Duration;
use uuid::Uuid;

use shared::{
    clock::Clock,
    domain::{
        AddressOutcome, AddressState, Channel, DeliveryStatus, Hold, NotificationId, PauseTarget, Reason, Timestamp,
        UnderPause, UserId,
    },
    store::{Claim, DeliveryKey, Due, Finish, GaveUp, Lease, PARTS, Refusal, Started},
};

use super::Table;

/// A push delivery in a table of its own, which no worker has claimed. All times are seconds since its test began.
struct Delivery {
    table: Table,
    start: Timestamp,
    key: DeliveryKey,
    user: UserId,
}

impl Delivery {
    async fn new() -> Self {
        let (table, start) = (Table::new().await, Clock::system().now());
        let (id, user) = (NotificationId::from(Uuid::new_v4()), UserId::from(Uuid::new_v4()));
        let kept_until = start.plus(Duration::from_secs(200_000));
        Self { table, start, key: DeliveryKey { id, channel: Channel::Push, kept_until }, user }
    }

    /// Another delivery, in the same table.
    fn another(self) -> Self {
        Self { key: DeliveryKey { id: NotificationId::from(Uuid::new_v4()), ..self.key }, ..self }
    }

    fn after(&self, seconds: u64) -> Timestamp {
        self.start.plus(Duration::from_secs(seconds))
    }

    async fn claim(&self, lease: Lease, at: u64) -> Claim {
        self.table.store.claim(self.key, lease, self.after(at)).await.unwrap()
    }

    /// A new lease, which lasts for five seconds, and why it is refused.
    async fn refused(&self, at: u64) -> Refusal {
        match self.claim(Lease::new(Uuid::new_v4(), self.after(at + 5)), at).await {
            Claim::Refused(refusal) => refusal,
            other => panic!("{other:?}"),
        }
    }

    /// A new lease, which lasts for five seconds, and what it begins.
    async fn started(&self, at: u64) -> (Lease, Started) {
        let lease = Lease::new(Uuid::new_v4(), self.after(at + 5));
        match self.claim(lease, at).await {
            Claim::Started(started) => (lease, started),
            other => panic!("{other:?}"),
        }
    }

    async fn finish(&self, (lease, of): &(Lease, Started), finish: &Finish, at: u64) -> bool {
        self.table.store.finish(self.key, *lease, of, finish, &[], self.after(at)).await.unwrap()
    }

    /// An attempt that ends so. Returns its number since the last redrive.
    async fn attempt(&self, at: u64, finish: &Finish) -> u32 {
        let begun = self.started(at).await;
        assert!(self.finish(&begun, finish, at).await);
        begun.1.since_redrive
    }

    async fn conclude(&self, finish: &Finish, at: u64) -> Result<DeliveryStatus, Refusal> {
        let concluded = self.table.store.conclude(self.key, finish, &[], self.after(at)).await.unwrap();
        concluded.map(|delivery| delivery.status)
    }

    async fn hold(&self, until: u64, is_listed: bool, at: u64) -> Option<Refusal> {
        let hold = Hold::until(self.after(until), Reason::QuietHours);
        self.table.store.hold(self.key, self.user, hold, is_listed, &[], self.after(at)).await.unwrap()
    }

    /// Gives the delivery up, whose message came too often. Returns its reason and its dead letter's id.
    async fn give_up(&self, letter: &str, at: u64) -> Result<(Option<Reason>, String), Refusal> {
        self.given_up(letter, GaveUp::Queue, at).await
    }

    /// The same for a message in the dead-letter queue that this one has put there.
    async fn given_up(&self, letter: &str, who: GaveUp, at: u64) -> Result<(Option<Reason>, String), Refusal> {
        let given_up = self.table.store.give_up(self.key, letter, who, self.after(at)).await.unwrap();
        given_up.map(|(delivery, letter)| (delivery.reason, letter))
    }

    async fn reopen(&self, letter: &str, at: u64) -> bool {
        self.table.store.reopen(self.key, letter, self.after(at)).await.unwrap()
    }

    /// What the index lists until this time.
    async fn due(&self, until: u64) -> Vec<Due> {
        let mut all = Vec::new();
        for part in 0..PARTS {
            all.extend(self.table.store.due(part, None, self.after(until), 10).await.unwrap());
        }
        all
    }
}

fn later(seconds: u64) -> Refusal {
    Refusal::Later { left: Duration::from_secs(seconds) }
}

fn failed() -> Finish {
    Finish::because(DeliveryStatus::Failed, Reason::ProviderRejected)
}

fn retrying() -> Finish {
    Finish { status: DeliveryStatus::Retrying, ..failed() }
}

fn dead() -> Finish {
    Finish { status: DeliveryStatus::DeadLettered, ..failed() }
}

/// A provider turned the message away.
fn turned_away(not_before: Timestamp) -> Finish {
    let waiting = Finish::because(DeliveryStatus::Retrying, Reason::ProviderUnavailable);
    Finish { is_attempt: false, not_before: Some(not_before), ..waiting }
}

#[tokio::test]
async fn a_lease_that_ran_out_is_another_s_and_its_first_owner_writes_nothing_more() {
    let delivery = Delivery::new().await;
    let first = delivery.started(0).await;
    assert_eq!((first.1.attempts, first.1.left_open), (1, false));
    let again = delivery.claim(first.0, 0).await;
    assert_eq!(again, Claim::Started(first.1.clone()), "a claim that is repeated is still our own");
    assert_eq!(delivery.refused(4).await, later(1));
    assert_eq!(delivery.conclude(&failed(), 4).await, Err(later(1)));

    let second = delivery.started(6).await;
    assert_eq!((second.1.attempts, second.1.left_open), (2, true), "what came of the first is not known");
    assert!(!delivery.finish(&first, &failed(), 7).await, "the lease is another's");
    let sent = Finish { status: DeliveryStatus::Sent, reason: None, ..failed() };
    assert!(delivery.finish(&second, &sent, 8).await);
    assert!(!delivery.finish(&second, &failed(), 9).await, "what is finished stays so");
    assert_eq!(delivery.refused(60).await, Refusal::Done);
    delivery.table.shutdown().await;
}

#[tokio::test]
async fn no_attempt_begins_before_its_time_and_a_dead_letter_waits_to_be_opened() {
    let delivery = Delivery::new().await;
    delivery.attempt(0, &Finish { not_before: Some(delivery.after(30)), ..retrying() }).await;
    assert_eq!(delivery.refused(20).await, later(10));
    let second = delivery.started(30).await;
    assert_eq!((second.1.attempts, second.1.since_redrive, second.1.left_open), (2, 2, false));
    assert!(delivery.finish(&second, &dead(), 31).await);
    assert_eq!(delivery.refused(50).await, Refusal::GivenUp, "a copy of the message does not open it");
    assert!(delivery.reopen("letter", 51).await);
    assert!(delivery.reopen("letter", 51).await, "a redrive that is repeated");
    let (_, of) = delivery.started(52).await;
    assert_eq!((of.attempts, of.since_redrive), (3, 1), "the budget is new");
    delivery.table.shutdown().await;
}

#[tokio::test]
async fn what_was_no_attempt_is_not_counted_and_leaves_an_earlier_one_in_doubt() {
    let delivery = Delivery::new().await;
    let counts = |of: &Started| (of.attempts, of.since_redrive, of.not_tried, of.left_open);
    for times in 0..3 {
        let begun = delivery.started(times).await;
        assert_eq!(counts(&begun.1), (1, 1, u32::try_from(times).unwrap(), false));
        assert!(delivery.finish(&begun, &turned_away(delivery.after(times + 1)), times).await);
    }
    let shown = delivery.table.store.cancel(delivery.key, delivery.start).await.unwrap().0;
    assert_eq!((shown.attempts, shown.ambiguous), (0, false));

    let delivery = delivery.another();
    // A worker died, and then the provider turns the message away: whether the first one sent it stays unknown.
    let _ = delivery.started(0).await;
    let begun = delivery.started(6).await;
    assert_eq!(counts(&begun.1), (2, 2, 0, true));
    assert!(delivery.finish(&begun, &turned_away(delivery.after(7)), 6).await);
    let begun = delivery.started(8).await;
    assert_eq!(counts(&begun.1), (2, 2, 1, true));
    assert!(delivery.finish(&begun, &retrying(), 9).await);
    let begun = delivery.started(10).await;
    assert_eq!(counts(&begun.1), (3, 3, 0, false), "a real attempt ends the row");
    let given_up = Finish { status: DeliveryStatus::DeadLettered, ..turned_away(delivery.after(10)) };
    assert!(delivery.finish(&begun, &given_up, 10).await);
    assert!(delivery.reopen("letter", 11).await);
    assert_eq!(counts(&delivery.started(12).await.1), (3, 1, 1, false), "a whole budget");
    delivery.table.shutdown().await;
}

#[tokio::test]
async fn a_long_pause_is_listed_until_its_message_is_sent_and_a_copy_does_not_wait_for_it() {
    let delivery = Delivery::new().await;
    // Also beyond the 12 hours for which SQS can hide a message.
    let until = delivery.after(90_000);
    delivery.attempt(0, &Finish { is_attempt: true, listed_for: Some(delivery.user), ..turned_away(until) }).await;
    assert_eq!(delivery.refused(20).await, Refusal::Listed, "its own message comes in time");
    assert_eq!(delivery.due(89_999).await, []);
    let [listed] = &delivery.due(90_000).await[..] else { panic!("not listed") };
    assert_eq!((listed.about.notification_id, listed.about.user_id), (delivery.key.id, delivery.user));
    assert_eq!(listed.at, until);

    // The worker that sent the message died before it took the delivery out of the list. The next outcome does.
    let begun = delivery.started(90_000).await;
    assert!(begun.1.listed);
    assert!(delivery.finish(&begun, &turned_away(delivery.after(90_010)), 90_001).await);
    assert_eq!(delivery.due(90_000).await, []);
    assert_eq!(delivery.refused(90_004).await, later(6), "now the copy has to wait");
    delivery.table.shutdown().await;
}

#[tokio::test]
async fn a_short_hold_that_is_written_late_leaves_the_place_that_another_worker_gave_the_delivery() {
    let delivery = Delivery::new().await;
    assert_eq!(delivery.hold(5000, true, 0).await, None);
    // A slow worker has decided before that the delivery waits for some minutes, and writes it only now. The message of the other
    // one is done with.
    assert_eq!(delivery.hold(300, false, 1).await, None);
    let [listed] = &delivery.due(5000).await[..] else { panic!("it has no message, and is not listed") };
    assert_eq!(listed.about.notification_id, delivery.key.id);
    delivery.table.shutdown().await;
}

#[tokio::test]
async fn a_record_whose_time_is_over_is_nobody_s() {
    let delivery = Delivery::new().await;
    assert_eq!(delivery.conclude(&failed(), 0).await, Ok(DeliveryStatus::Failed));
    // DynamoDB deletes an expired item some time after it expires. The same id may be used again before that.
    let key = DeliveryKey { kept_until: delivery.after(900_000), ..delivery.key };
    let delivery = Delivery { key, ..delivery };
    let (_, started) = delivery.started(300_000).await;
    assert_eq!((started.attempts, started.addresses.len()), (1, 0));
    delivery.table.shutdown().await;
}

#[tokio::test]
async fn however_many_copies_give_up_there_is_one_letter_and_a_hold_renews_the_budget() {
    let delivery = Delivery::new().await;
    assert_eq!(delivery.attempt(0, &retrying()).await, 1);
    assert_eq!(delivery.attempt(1, &retrying()).await, 2);
    assert_eq!(delivery.hold(10, true, 2).await, None);
    let held = delivery.give_up("x", 3).await;
    assert_eq!(held, Err(later(7)), "what is held has a message of its own, which this may be");
    assert_eq!(delivery.attempt(10, &retrying()).await, 1, "a new message, a new budget");

    delivery.attempt(11, &Finish { not_before: Some(delivery.after(30)), ..retrying() }).await;
    assert_eq!(delivery.give_up("x", 20).await, Err(later(10)), "another copy goes on with it");
    let first = Ok((Some(Reason::ReceivedTooOften), "first".to_owned()));
    assert_eq!(delivery.give_up("first", 31).await, first);
    assert_eq!(delivery.give_up("second", 31).await, first);
    assert!(delivery.reopen("first", 32).await);
    delivery.attempt(33, &dead()).await;
    let third = Ok((dead().reason, "third".to_owned()));
    assert_eq!(delivery.give_up("third", 34).await, third, "a worker's reason stays");
    delivery.table.shutdown().await;
}

/// SQS gives a message out twice now and then, also one of the dead-letter queue. And each copy of a delivery's message whose
/// worker finds it given up makes a message there.
#[tokio::test]
async fn a_copy_that_comes_after_its_letter_was_redriven_does_not_give_the_delivery_up_again() {
    let delivery = Delivery::new().await;
    delivery.attempt(0, &dead()).await;
    let by_worker = Ok((dead().reason, "first".to_owned()));
    assert_eq!(delivery.given_up("first", GaveUp::Worker, 1).await, by_worker);
    assert!(delivery.reopen("first", 2).await);
    for (letter, who) in [("first", GaveUp::Worker), ("another", GaveUp::Worker), ("first", GaveUp::Queue)] {
        assert_eq!(delivery.given_up(letter, who, 3).await, Err(Refusal::Done), "{letter} by {who:?}");
    }
    delivery.attempt(4, &Finish { not_before: Some(delivery.after(30)), ..retrying() }).await;
    let copy = delivery.given_up("another", GaveUp::Worker, 5).await;
    assert_eq!(copy, Err(Refusal::Done), "nobody needs it to go on, so it does not come back");

    let by_queue = Ok((Some(Reason::ReceivedTooOften), "second".to_owned()));
    assert_eq!(delivery.give_up("second", 31).await, by_queue, "the redrive's own message came too often");
    assert!(delivery.reopen("second", 32).await);
    assert_eq!(delivery.give_up("second", 33).await, Err(Refusal::Done));
    delivery.attempt(34, &dead()).await;
    for who in [GaveUp::Worker, GaveUp::Queue] {
        assert_eq!(delivery.given_up("second", who, 35).await, Err(Refusal::Done), "that letter is over");
    }
    assert!(!delivery.reopen("second", 36).await, "a redrive of before, which comes late");
    let by_worker = Ok((dead().reason, "third".to_owned()));
    assert_eq!(delivery.given_up("third", GaveUp::Worker, 37).await, by_worker);
    assert!(delivery.reopen("third", 38).await);
    delivery.table.shutdown().await;
}

/// Nobody knows before when a pause ends. So its hold's time is far away also when it has ended, and the message is there.
#[tokio::test]
async fn what_a_pause_held_is_given_up_once_it_is_released_and_its_message_came_too_often() {
    let delivery = Delivery::new().await;
    let (store, key) = (&delivery.table.store, delivery.key);
    let pause = PauseTarget::parse("all").unwrap().key();
    let at_latest = delivery.after(100_000);
    let under = UnderPause { pause, at_latest };
    let hold = Hold { under: Some(under), ..Hold::until(at_latest, Reason::Paused) };
    let held = store.hold_under_pause(key, delivery.user, hold, under, &[], delivery.start).await.unwrap();
    assert_eq!(held, None);
    assert_eq!(delivery.give_up("x", 1).await, Err(Refusal::Listed), "the end of the pause sends its message");
    for part in 0..PARTS {
        for due in store.held_by((part, pause), None, None, 10, delivery.after(2)).await.unwrap() {
            store.unlist(&[&due]).await.unwrap();
        }
    }
    let given_up = delivery.give_up("letter", 3).await;
    assert_eq!(given_up, Ok((Some(Reason::ReceivedTooOften), "letter".to_owned())));
    delivery.table.shutdown().await;
}

#[tokio::test]
async fn what_one_device_has_got_is_neither_cancelled_nor_skipped() {
    let mut delivery = Delivery::new().await;
    let sent =
        AddressOutcome { channel_id: "fcm".into(), state: AddressState::Sent, provider_message_id: Some("one".into()) };
    let provider_message_id = Some("one".into());
    let partly = Finish { provider_message_id, addresses: [("a".into(), sent)].into(), ..retrying() };
    for cancel in [true, false] {
        delivery = delivery.another();
        delivery.attempt(0, &partly).await;
        if !cancel {
            let skipped = Finish::because(DeliveryStatus::Skipped, Reason::ChannelOff);
            assert_eq!(delivery.conclude(&skipped, 2).await, Ok(DeliveryStatus::Sent));
        }
        let (shown, closed) = delivery.table.store.cancel(delivery.key, delivery.after(3)).await.unwrap();
        assert_eq!(closed, cancel, "what the worker closed is not closed again");
        assert_eq!((shown.status, shown.provider_message_id.as_deref()), (DeliveryStatus::Sent, Some("one")));
    }
    delivery.table.shutdown().await;
}
