//! Deliveries: a lease before the provider is called, an outcome after it.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use uuid::Uuid;

use super::{
    Action, Condition, Item, Key, Refused, Store, StoreError, number,
    records::{self, DeliveryItem},
    string, table,
};
use crate::domain::{Channel, DeliveryStatus, NotificationId, Reason, Timestamp};

const STATUS: &str = "status";
const LEASE_OWNER: &str = "lease_owner";
const LEASE_UNTIL: &str = "lease_until";
const AT_MILLIS: &str = "at_millis";

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It is ours.
    Started,
    /// The delivery is over.
    AlreadyDone,
    /// Another worker is sending; its lease ends after this time.
    InProgress {
        /// What is left of the other lease.
        left: Duration,
    },
}

/// How an attempt, or the whole delivery, ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Finish {
    /// The state from here on.
    pub status: DeliveryStatus,
    /// Why, where there is something to say.
    pub reason: Option<Reason>,
    /// The provider's own id of the message.
    pub provider_message_id: Option<String>,
}

impl Finish {
    /// Ended in `status` for `reason`.
    pub fn because(status: DeliveryStatus, reason: Reason) -> Self {
        Self { status, reason: Some(reason), provider_message_id: None }
    }
}

impl Store {
    /// Asks for the lease on a delivery: one conditional write that covers new, waiting, expired, held by another, done.
    pub async fn claim(
        &self,
        id: NotificationId,
        channel: Channel,
        lease: Lease,
        kept_until: Timestamp,
        now: Timestamp,
    ) -> Result<Claim, StoreError> {
        let mut actions = vec![
            Action::Set(STATUS.into(), status(DeliveryStatus::Sending)),
            Action::Set(LEASE_OWNER.into(), string(lease.owner.to_string())),
            Action::Set(LEASE_UNTIL.into(), number(lease.until.millis())),
            Action::Add("attempts".into(), 1),
        ];
        actions.extend(constant(channel, kept_until));
        actions.push(Action::Set(AT_MILLIS.into(), number(now.millis())));
        match self.update(&Key::delivery(id, channel), &actions, &open(now)).await {
            Ok(_) => Ok(Claim::Started),
            // The client repeats a call whose answer was lost: then it is our own claim that stands in the way.
            Err(Refused::Condition(item)) if held_by(&item, lease) => Ok(Claim::Started),
            Err(refused) => not_open(refused, now),
        }
    }

    /// Writes how an attempt ended, as long as the lease is still its own; `false` where it was not.
    pub async fn finish(
        &self,
        id: NotificationId,
        channel: Channel,
        lease: Lease,
        finish: &Finish,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut actions = outcome(finish, now);
        actions.extend([Action::Remove(LEASE_OWNER.into()), Action::Remove(LEASE_UNTIL.into())]);
        let own = Condition::Equals(LEASE_OWNER.into(), string(lease.owner.to_string()));
        match self.update(&Key::delivery(id, channel), &actions, &own).await {
            Ok(_) => Ok(true),
            Err(Refused::Condition(_)) => Ok(false),
            Err(Refused::Error(error)) => Err(error),
        }
    }

    /// Records a delivery that ends without a provider: one write that opens and closes it.
    pub async fn conclude(
        &self,
        id: NotificationId,
        channel: Channel,
        finish: &Finish,
        kept_until: Timestamp,
        now: Timestamp,
    ) -> Result<Claim, StoreError> {
        let mut actions = outcome(finish, now);
        actions.extend(constant(channel, kept_until));
        match self.update(&Key::delivery(id, channel), &actions, &open(now)).await {
            Ok(_) => Ok(Claim::Started),
            Err(refused) => not_open(refused, now),
        }
    }
}

fn held_by(item: &Item, lease: Lease) -> bool {
    item.get(LEASE_OWNER).and_then(|owner| owner.as_s().ok()).is_some_and(|owner| *owner == lease.owner.to_string())
}

/// Why a delivery is not open to us.
fn not_open(refused: Refused, now: Timestamp) -> Result<Claim, StoreError> {
    let item: DeliveryItem = match refused {
        Refused::Error(error) => return Err(error),
        Refused::Condition(item) => records::read(item)?,
    };
    Ok(match item.lease_until {
        Some(until) if !item.status.is_final() => Claim::InProgress { left: Timestamp::from_millis(until).since(now) },
        _ => Claim::AlreadyDone,
    })
}

/// Free to be worked on: never looked at, waiting, redriven, left behind by a worker whose lease has run out, or by an
/// expired notification whose id is used again.
fn open(now: Timestamp) -> Condition {
    use DeliveryStatus::{DeadLettered, Held, Queued, Retrying, Sending};
    Condition::Any(vec![
        Condition::Missing(STATUS.into()),
        Condition::Below(table::EXPIRES_AT.into(), number(now.seconds())),
        Condition::OneOf(STATUS.into(), [DeadLettered, Held, Queued, Retrying].map(status).into()),
        Condition::All(vec![
            Condition::Equals(STATUS.into(), status(Sending)),
            Condition::Below(LEASE_UNTIL.into(), number(now.millis())),
        ]),
    ])
}

/// What every write of a delivery repeats, because it may be the first.
fn constant(channel: Channel, kept_until: Timestamp) -> [Action; 2] {
    [
        Action::Set("channel".into(), string(channel.as_str())),
        Action::Set(table::EXPIRES_AT.into(), number(kept_until.seconds())),
    ]
}

fn outcome(finish: &Finish, now: Timestamp) -> Vec<Action> {
    let Finish { status: state, reason, provider_message_id } = finish;
    let optional = |name: &str, value: Option<String>| match value {
        Some(value) => Action::Set(name.into(), string(value)),
        None => Action::Remove(name.into()),
    };
    vec![
        Action::Set(STATUS.into(), status(*state)),
        Action::Set(AT_MILLIS.into(), number(now.millis())),
        optional("reason", reason.map(name)),
        optional("provider_message_id", provider_message_id.clone()),
    ]
}

fn status(status: DeliveryStatus) -> AttributeValue {
    string(name(status))
}

/// A plain variant's name on the wire.
fn name(variant: impl serde::Serialize) -> String {
    match serde_json::to_value(variant) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}
