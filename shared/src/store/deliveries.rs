//! Deliveries: a lease before the provider is called, an outcome after it.

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use uuid::Uuid;

use super::{
    Action, Condition, Item, Key, Refused, Store, StoreError,
    notifications::is_expired,
    number,
    records::{self, DeliveryItem},
    string, table,
};
use crate::domain::{
    AddressOutcome, AddressState, Channel, Delivery, DeliveryStatus, Hold, NotificationId, Reason, Timestamp,
    decide::Step,
};

const CHANNEL: &str = "channel";
const STATUS: &str = "status";
const REASON: &str = "reason";
const ATTEMPTS: &str = "attempts";
const BASE: &str = "base";
const ADDRESSES: &str = "addresses";
const LEASE_OWNER: &str = "lease_owner";
const LEASE_UNTIL: &str = "lease_until";
const NOT_BEFORE: &str = "not_before";
/// Until when it is held.
pub(super) const HELD_UNTIL: &str = "held_until";
/// There once an address has got it.
const DELIVERED: &str = "delivered";
/// The id of the dead letter under which it was given up.
const LETTER: &str = "letter";
const AT_MILLIS: &str = "at_millis";

/// Which delivery, and until when its record is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryKey {
    /// The notification.
    pub id: NotificationId,
    /// The channel.
    pub channel: Channel,
    /// When the record ends, with its notification's.
    pub kept_until: Timestamp,
}

/// The right to send one delivery, until it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    owner: Uuid,
    until: Timestamp,
}

impl Lease {
    /// A lease of one's own that ends at `until`, after which nobody may still be sending under it.
    pub fn until(until: Timestamp) -> Self {
        Self { owner: Uuid::new_v4(), until }
    }
}

/// What came of asking for the lease.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// It is ours.
    Started(Started),
    /// It is not.
    Refused(Refusal),
}

/// Why a delivery is not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is over.
    Done,
    /// It was given up, and waits to be redriven.
    GivenUp,
    /// Another worker is sending, or the pause before the next attempt is not over.
    Later {
        /// How long that goes on at the most.
        left: Duration,
    },
}

/// What the record says of the attempts before.
#[derive(Clone, Debug, PartialEq)]
pub struct Started {
    /// How many attempts were begun, this one included.
    pub attempts: u32,
    /// The same since the delivery was last given up and redriven.
    pub since_redrive: u32,
    /// Whether an attempt was begun and its outcome never recorded: its worker died.
    pub left_open: bool,
    /// Whether that was so in any attempt, or a provider never answered.
    pub ambiguous: bool,
    /// What became of each address so far, by [`crate::domain::delivery::address_key`].
    pub addresses: BTreeMap<String, AddressOutcome>,
}

/// How an attempt, or the whole delivery, ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Finish {
    /// The state from here on.
    pub status: DeliveryStatus,
    /// Why, where there is something to say.
    pub reason: Option<Reason>,
    /// Whether some attempt's outcome is not known.
    pub ambiguous: bool,
    /// What became of each address that was tried in this attempt.
    pub addresses: BTreeMap<String, AddressOutcome>,
    /// The provider's own id of the message.
    pub provider_message_id: Option<String>,
    /// No further attempt is begun before.
    pub not_before: Option<Timestamp>,
}

impl Finish {
    /// Ended in `status` for `reason`, with nothing else to say.
    pub fn because(status: DeliveryStatus, reason: Reason) -> Self {
        Self {
            status,
            reason: Some(reason),
            ambiguous: false,
            addresses: BTreeMap::new(),
            provider_message_id: None,
            not_before: None,
        }
    }
}

impl Store {
    /// Asks for the lease on a delivery: one conditional write that covers new, waiting, expired, held by another, done.
    pub async fn claim(&self, delivery: DeliveryKey, lease: Lease, now: Timestamp) -> Result<Claim, StoreError> {
        let mut actions = vec![
            Action::Set(STATUS.into(), status(DeliveryStatus::Sending)),
            Action::Set(LEASE_OWNER.into(), string(lease.owner.to_string())),
            Action::Set(LEASE_UNTIL.into(), number(lease.until.millis())),
            Action::SetIfMissing(ADDRESSES.into(), AttributeValue::M(Item::new())),
            Action::Add(ATTEMPTS.into(), 1),
            Action::Remove(NOT_BEFORE.into()),
            Action::Set(AT_MILLIS.into(), number(now.millis())),
        ];
        actions.extend(constant(delivery));
        match self.update_live(delivery, &actions, &open(now), now).await {
            Ok(item) => started(item),
            // The client repeats a call whose answer was lost: then it is our own claim that stands in the way.
            Err(Refused::Condition(item)) if held_by(&item, lease) => started(item),
            Err(refused) => not_open(refused, now).map(Claim::Refused),
        }
    }

    /// Notes what became of some addresses while others are still being sent to, as long as the lease is still its own;
    /// `false` where it was not.
    pub async fn progress(
        &self,
        delivery: DeliveryKey,
        lease: Lease,
        addresses: &BTreeMap<String, AddressOutcome>,
    ) -> Result<bool, StoreError> {
        self.under(delivery, lease, &noted(addresses)?).await
    }

    /// Writes how the attempt that `started` ended, as long as the lease is still its own; `false` where it was not.
    pub async fn finish(
        &self,
        delivery: DeliveryKey,
        lease: Lease,
        started: &Started,
        finish: &Finish,
        trace: &[Step],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut actions = outcome(finish, trace, now)?;
        actions.push(Action::Set("recorded".into(), number(started.attempts)));
        actions.extend(noted(&finish.addresses)?);
        if finish.status == DeliveryStatus::DeadLettered {
            actions.push(Action::Set(BASE.into(), number(started.attempts)));
        }
        self.under(delivery, lease, &actions).await
    }

    /// An update of a record whose time is not over. One that only waits to be removed, of an expired notification whose
    /// id is used again, makes room first.
    async fn update_live(
        &self,
        delivery: DeliveryKey,
        actions: &[Action],
        condition: &Condition,
        now: Timestamp,
    ) -> Result<Item, Refused> {
        let over = Condition::Below(table::EXPIRES_AT.into(), number(now.seconds()));
        let live = Condition::Any(vec![
            Condition::Missing(table::EXPIRES_AT.into()),
            Condition::AtLeast(table::EXPIRES_AT.into(), number(now.seconds())),
        ]);
        let condition = Condition::All(vec![live, condition.clone()]);
        match self.update(&delivery.key(), actions, &condition).await {
            Err(Refused::Condition(item)) if is_expired(&item, now) => {}
            result => return result,
        }
        let mut fresh = delivery.key().attributes();
        fresh.extend([
            (STATUS.to_owned(), status(DeliveryStatus::Queued)),
            (CHANNEL.to_owned(), string(delivery.channel.as_str())),
            (AT_MILLIS.to_owned(), number(now.millis())),
            (table::EXPIRES_AT.to_owned(), number(delivery.kept_until.seconds())),
        ]);
        match self.put_on(fresh, &over).await {
            Ok(()) | Err(Refused::Condition(_)) => self.update(&delivery.key(), actions, &condition).await,
            Err(error) => Err(error),
        }
    }

    async fn under(&self, delivery: DeliveryKey, lease: Lease, actions: &[Action]) -> Result<bool, StoreError> {
        let own = Condition::Equals(LEASE_OWNER.into(), string(lease.owner.to_string()));
        match self.update(&delivery.key(), actions, &own).await {
            Ok(_) => Ok(true),
            Err(Refused::Condition(_)) => Ok(false),
            Err(Refused::Error(error)) => Err(error),
        }
    }

    /// Records a delivery that ends without a provider: one write that opens and closes it. `None` where that is done,
    /// else why not. One that an address has got already ends `sent`.
    pub async fn conclude(
        &self,
        delivery: DeliveryKey,
        finish: &Finish,
        trace: &[Step],
        now: Timestamp,
    ) -> Result<Option<Refusal>, StoreError> {
        match self.close(delivery, finish, trace, open_or_waiting(now), now).await {
            Ok(_) => Ok(None),
            Err(refused) => not_open(refused, now).map(Some),
        }
    }

    /// Closes a delivery that is open in this sense; as `sent`, where an address has got it.
    async fn close(
        &self,
        delivery: DeliveryKey,
        finish: &Finish,
        trace: &[Step],
        open: Condition,
        now: Timestamp,
    ) -> Result<Item, Refused> {
        let unsent = Condition::All(vec![open.clone(), Condition::Missing(DELIVERED.into())]);
        let mut actions = outcome(finish, trace, now).map_err(Refused::Error)?;
        actions.extend(constant(delivery));
        match self.update_live(delivery, &actions, &unsent, now).await {
            Err(Refused::Condition(item)) if item.contains_key(DELIVERED) => {}
            result => return result,
        }
        let sent = Finish { reason: None, ..Finish::because(DeliveryStatus::Sent, Reason::Cancelled) };
        self.update(&delivery.key(), &outcome(&sent, trace, now).map_err(Refused::Error)?, &open).await
    }

    pub(super) async fn record_hold(
        &self,
        delivery: DeliveryKey,
        hold: Hold,
        more: Vec<Action>,
        trace: &[Step],
        now: Timestamp,
    ) -> Result<Option<Refusal>, StoreError> {
        let mut actions = outcome(&Finish::because(DeliveryStatus::Held, hold.reason), trace, now)?;
        // A new message has a new budget.
        actions.push(Action::SetFrom(BASE.into(), ATTEMPTS.into(), number(0)));
        actions.extend(constant(delivery));
        actions.extend(more);
        match self.update_live(delivery, &actions, &open_or_waiting(now), now).await {
            Ok(_) => Ok(None),
            Err(refused) => not_open(refused, now).map(Some),
        }
    }

    /// Takes back a delivery that no provider has had yet, dead letters among them; what it is afterwards.
    pub async fn cancel(&self, delivery: DeliveryKey, now: Timestamp) -> Result<Delivery, StoreError> {
        let cancelled = Finish::because(DeliveryStatus::Cancelled, Reason::Cancelled);
        let given_up = Condition::Equals(STATUS.into(), status(DeliveryStatus::DeadLettered));
        let open = Condition::Any(vec![open_or_waiting(now), given_up]);
        let item = match self.close(delivery, &cancelled, &[], open, now).await {
            Ok(item) | Err(Refused::Condition(item)) => item,
            Err(Refused::Error(error)) => return Err(error),
        };
        Ok(records::read::<DeliveryItem>(item)?.into())
    }

    /// Gives a delivery up whose message has been given out as often as it may be, under a letter of this id unless it has
    /// one already. The record and the letter's id afterwards, or why it is not given up.
    pub async fn give_up(
        &self,
        delivery: DeliveryKey,
        letter: &str,
        now: Timestamp,
    ) -> Result<Result<(Delivery, String), Refusal>, StoreError> {
        let mut actions = vec![
            Action::Set(STATUS.into(), status(DeliveryStatus::DeadLettered)),
            Action::SetIfMissing(REASON.into(), string(Reason::AttemptsExhausted.as_str())),
            Action::SetIfMissing(LETTER.into(), string(letter)),
            Action::SetFrom(BASE.into(), ATTEMPTS.into(), number(0)),
            Action::Set(AT_MILLIS.into(), number(now.millis())),
            Action::Remove(LEASE_OWNER.into()),
            Action::Remove(LEASE_UNTIL.into()),
        ];
        actions.extend(constant(delivery));
        let given_up = Condition::Equals(STATUS.into(), status(DeliveryStatus::DeadLettered));
        // What is held has a message of its own on the way: in the queue until its time, or found by the index.
        let not_held = Condition::Any(vec![
            Condition::Missing(STATUS.into()),
            Condition::NotEquals(STATUS.into(), status(DeliveryStatus::Held)),
            Condition::All(vec![
                Condition::Missing(table::OWNER.into()),
                Condition::AtMost(HELD_UNTIL.into(), number(now.millis())),
            ]),
        ]);
        let condition = Condition::All(vec![Condition::Any(vec![open(now), given_up]), not_held]);
        match self.update_live(delivery, &actions, &condition, now).await {
            Ok(item) => {
                let item: DeliveryItem = records::read(item)?;
                let letter = item.letter.clone().unwrap_or_else(|| letter.to_owned());
                Ok(Ok((item.into(), letter)))
            }
            Err(refused) => not_open(refused, now).map(Err),
        }
    }

    /// Opens a delivery again that was given up; `false` where it is over by now.
    pub async fn reopen(&self, delivery: DeliveryKey, now: Timestamp) -> Result<bool, StoreError> {
        let mut actions = vec![
            Action::Set(STATUS.into(), status(DeliveryStatus::Queued)),
            Action::Set(AT_MILLIS.into(), number(now.millis())),
            Action::Remove(REASON.into()),
            Action::Remove(NOT_BEFORE.into()),
            Action::Remove(LETTER.into()),
        ];
        actions.extend(constant(delivery));
        let waiting = [DeliveryStatus::DeadLettered, DeliveryStatus::Queued].map(status);
        let waiting = Condition::OneOf(STATUS.into(), waiting.into());
        let condition = Condition::Any(vec![Condition::Missing(STATUS.into()), waiting]);
        match self.update_live(delivery, &actions, &condition, now).await {
            Ok(_) => Ok(true),
            Err(Refused::Condition(_)) => Ok(false),
            Err(Refused::Error(error)) => Err(error),
        }
    }
}

impl DeliveryKey {
    fn key(&self) -> Key {
        Key::delivery(self.id, self.channel)
    }
}

fn started(item: Item) -> Result<Claim, StoreError> {
    let item: DeliveryItem = records::read(item)?;
    let left_open = item.attempts.saturating_sub(1) > item.recorded;
    Ok(Claim::Started(Started {
        attempts: item.attempts,
        since_redrive: item.attempts.saturating_sub(item.base),
        left_open,
        ambiguous: item.ambiguous,
        addresses: item.addresses,
    }))
}

fn held_by(item: &Item, lease: Lease) -> bool {
    item.get(LEASE_OWNER).and_then(|owner| owner.as_s().ok()).is_some_and(|owner| *owner == lease.owner.to_string())
}

/// Why a delivery is not open to us.
fn not_open(refused: Refused, now: Timestamp) -> Result<Refusal, StoreError> {
    let item: DeliveryItem = match refused {
        Refused::Error(error) => return Err(error),
        Refused::Condition(item) => records::read(item)?,
    };
    let held = item.held_until.filter(|_| item.status == DeliveryStatus::Held && item.owner.is_none());
    Ok(match item.lease_until.or(item.not_before).or(held) {
        _ if item.status == DeliveryStatus::DeadLettered => Refusal::GivenUp,
        Some(until) if !item.status.is_final() => Refusal::Later { left: Timestamp::from_millis(until).since(now) },
        _ => Refusal::Done,
    })
}

/// Free to be worked on: never looked at, waiting and its pause over, left behind by a worker whose lease has run out.
fn open(now: Timestamp) -> Condition {
    let pause_over = Condition::Any(vec![
        Condition::Missing(NOT_BEFORE.into()),
        Condition::AtMost(NOT_BEFORE.into(), number(now.millis())),
    ]);
    open_where(now, Some(pause_over))
}

/// The same, also before the pause is over.
fn open_or_waiting(now: Timestamp) -> Condition {
    open_where(now, None)
}

fn open_where(now: Timestamp, pause: Option<Condition>) -> Condition {
    use DeliveryStatus::{Held, Queued, Retrying, Sending};
    let waiting = Condition::OneOf(STATUS.into(), [Held, Queued, Retrying].map(status).into());
    Condition::Any(vec![
        Condition::Missing(STATUS.into()),
        match pause {
            Some(over) => Condition::All(vec![waiting, over]),
            None => waiting,
        },
        Condition::All(vec![
            Condition::Equals(STATUS.into(), status(Sending)),
            Condition::Below(LEASE_UNTIL.into(), number(now.millis())),
        ]),
    ])
}

/// What every write of a delivery repeats, because it may be the first.
fn constant(delivery: DeliveryKey) -> [Action; 2] {
    [
        Action::Set(CHANNEL.into(), string(delivery.channel.as_str())),
        Action::Set(table::EXPIRES_AT.into(), number(delivery.kept_until.seconds())),
    ]
}

fn outcome(finish: &Finish, trace: &[Step], now: Timestamp) -> Result<Vec<Action>, StoreError> {
    let Finish { status: state, reason, ambiguous, addresses: _, provider_message_id, not_before } = finish;
    let optional = |name: &str, value: Option<AttributeValue>| match value {
        Some(value) => Action::Set(name.into(), value),
        None => Action::Remove(name.into()),
    };
    let mut actions = vec![
        Action::Set(STATUS.into(), status(*state)),
        Action::Set(AT_MILLIS.into(), number(now.millis())),
        optional(REASON, reason.map(|reason| string(reason.as_str()))),
        optional(NOT_BEFORE, not_before.map(|at| number(at.millis()))),
        Action::Remove(LEASE_OWNER.into()),
        Action::Remove(LEASE_UNTIL.into()),
    ];
    actions.extend(provider_message_id.as_ref().map(|id| Action::Set("provider_message_id".into(), string(id))));
    if *ambiguous {
        actions.push(Action::Set("ambiguous".into(), AttributeValue::Bool(true)));
    }
    if !trace.is_empty() {
        let trace = serde_json::to_string(trace).map_err(|_| StoreError::Malformed("a delivery's trace".into()))?;
        actions.push(Action::Set("trace".into(), string(trace)));
    }
    Ok(actions)
}

fn noted(addresses: &BTreeMap<String, AddressOutcome>) -> Result<Vec<Action>, StoreError> {
    let mut actions = Vec::with_capacity(addresses.len() + 1);
    for (key, outcome) in addresses {
        actions.push(Action::Set([ADDRESSES, key].into(), AttributeValue::M(records::write(outcome)?)));
    }
    if addresses.values().any(|outcome| outcome.state == AddressState::Sent) {
        actions.push(Action::Set(DELIVERED.into(), AttributeValue::Bool(true)));
    }
    Ok(actions)
}

fn status(status: DeliveryStatus) -> AttributeValue {
    string(status.as_str())
}
