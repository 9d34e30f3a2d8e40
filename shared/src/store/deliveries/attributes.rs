//! The parts of a delivery's writes: attribute names, conditions and actions.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::attempt::{DeliveryKey, Finish, Refusal};
use crate::{
    domain::{AddressOutcome, AddressState, DeliveryStatus, Timestamp, decide::Step},
    store::{Action, Condition, Item, Refused, StoreError, number, records, sent::DeliveryItem, string, table},
};

pub(super) const CHANNEL: &str = "channel";
pub(super) const STATUS: &str = "status";
pub(super) const REASON: &str = "reason";
pub(super) const ATTEMPTS: &str = "attempts";
pub(super) const ATTEMPTS_AT_REDRIVE: &str = "base";
pub(super) const ADDRESSES: &str = "addresses";
pub(super) const LEASE_OWNER: &str = "lease_owner";
pub(super) const LEASE_UNTIL: &str = "lease_until";
pub(super) const NOT_BEFORE: &str = "not_before";
/// The time until which the delivery is held.
pub(in crate::store) const HELD_UNTIL: &str = "held_until";
/// An item has this attribute after the message was sent to an address.
pub(super) const DELIVERED: &str = "delivered";
/// The number of the last attempt whose outcome was recorded.
pub(super) const ATTEMPTS_RECORDED: &str = "recorded";
/// The id of the dead letter, if the delivery was given up.
pub(super) const DEAD_LETTER_ID: &str = "letter";
pub(super) const AT_MILLIS: &str = "at_millis";

/// Why a delivery is not open to us, by the item that refused the write. An error of the table stays an error.
pub(super) fn not_open(refused: Refused, now: Timestamp) -> Result<Refusal, StoreError> {
    let item: DeliveryItem = match refused {
        Refused::Error(error) => return Err(error),
        Refused::Condition(item) => records::read(item)?,
    };
    let held = item.held_until.filter(|_| item.status == DeliveryStatus::Held && item.owner.is_none());
    Ok(match item.lease_until.or(item.not_before).or(held) {
        _ if item.status == DeliveryStatus::DeadLettered => Refusal::GivenUp,
        Some(until) if !item.status.is_final() => {
            Refusal::Later { left: Timestamp::from_millis(until).saturating_duration_since(now) }
        }
        _ => Refusal::Done,
    })
}

/// Whether a record looks as after a write that closed the delivery in this state at the time `now`.
pub(super) fn was_closed(item: &Item, state: DeliveryStatus, now: Timestamp) -> bool {
    let is_at = |name: &str, value| item.get(name) == Some(&value);
    is_at(STATUS, status(state)) && is_at(AT_MILLIS, number(now.millis())) && !item.contains_key(LEASE_OWNER)
}

/// The delivery is open: it has no record, or it waits and its pause is over, or its worker's lease has ended.
pub(super) fn open(now: Timestamp) -> Condition {
    let pause_over = Condition::Any(vec![
        Condition::Missing(NOT_BEFORE.into()),
        Condition::AtMost(NOT_BEFORE.into(), number(now.millis())),
    ]);
    open_where(now, Some(pause_over))
}

/// The delivery is [`open`], or its pause is not over yet.
pub(super) fn open_or_waiting(now: Timestamp) -> Condition {
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

/// The attributes that every write of a delivery sets, because any write may be the first one.
pub(super) fn constant(delivery: DeliveryKey) -> [Action; 2] {
    [
        Action::Set(CHANNEL.into(), string(delivery.channel.as_str())),
        Action::Set(table::EXPIRES_AT.into(), number(delivery.kept_until.seconds())),
    ]
}

pub(super) fn outcome(finish: &Finish, trace: &[Step], now: Timestamp) -> Result<Vec<Action>, StoreError> {
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

pub(super) fn noted(addresses: &BTreeMap<String, AddressOutcome>) -> Result<Vec<Action>, StoreError> {
    let mut actions = Vec::with_capacity(addresses.len() + 1);
    for (key, outcome) in addresses {
        actions.push(Action::Set([ADDRESSES, key].into(), AttributeValue::M(records::write(outcome)?)));
    }
    if addresses.values().any(|outcome| outcome.state == AddressState::Sent) {
        actions.push(Action::Set(DELIVERED.into(), AttributeValue::Bool(true)));
    }
    Ok(actions)
}

pub(super) fn status(status: DeliveryStatus) -> AttributeValue {
    string(status.as_str())
}
