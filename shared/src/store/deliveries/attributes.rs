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
pub(super) const HELD_UNTIL: &str = "held_until";
/// An item has this attribute after the message was sent to an address.
pub(super) const DELIVERED: &str = "delivered";
/// The number of the last attempt whose outcome was recorded.
pub(super) const ATTEMPTS_RECORDED: &str = "recorded";
/// How many claims in a row turned out to be no attempt.
pub(super) const NOT_TRIED: &str = "not_tried";
/// The owner of the last claim that turned out to be no attempt. By it a repeated write recognises that it was made.
pub(super) const NOT_TRIED_BY: &str = "not_tried_by";
/// The id of the dead letter, if the delivery was given up.
pub(super) const DEAD_LETTER_ID: &str = "letter";
/// The id of the dead letter by which the delivery was last opened again.
pub(super) const REDRIVEN: &str = "redriven";
/// The outcome of some attempt is not known.
pub(super) const AMBIGUOUS: &str = "ambiguous";
pub(super) const AT_MILLIS: &str = "at_millis";

/// A message for a time comes at most this long before it by another worker's clock.
const NEAR: i64 = 60_000;

/// Why a delivery is not open to us, by the item that refused the write. An error of the table stays an error.
pub(super) fn not_open(refused: Refused, now: Timestamp) -> Result<Refusal, StoreError> {
    let item = match refused {
        Refused::Error(error) => return Err(error),
        Refused::Condition(item) => item,
    };
    let has_ended_unsent = unsent().holds(&item);
    let item = there(item)?;
    let held = item.held_until.filter(|_| item.status == DeliveryStatus::Held);
    // What waits and is listed gets a message of its own, so no copy has to wait for it. When its time is near, this may be that
    // message, and the list may just lose it.
    let is_near = |until: i64| until.saturating_sub(now.millis()) < NEAR;
    let waiting = item.not_before.or(held).filter(|until| item.owner.is_none() || is_near(*until));
    Ok(match item.lease_until.or(waiting) {
        _ if item.status == DeliveryStatus::DeadLettered => Refusal::GivenUp,
        Some(until) if !item.status.is_final() => {
            Refusal::Later { left: Timestamp::from_millis(until).saturating_duration_since(now) }
        }
        _ if has_ended_unsent => Refusal::Unsent { ambiguous: item.is_ambiguous() },
        _ if item.status.is_final() => Refusal::Done,
        _ => Refusal::Listed,
    })
}

/// Reads the record that refused a write. If there is none, the user was erased meanwhile: whoever asks again learns that
/// the notification is gone.
pub(super) fn there(item: Item) -> Result<DeliveryItem, StoreError> {
    if item.is_empty() {
        return Err(StoreError::Unavailable("the delivery was removed meanwhile".into()));
    }
    records::read(item)
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

/// The delivery has ended without being sent. Somebody may open it again, if it was given up.
pub(in crate::store) fn unsent() -> Condition {
    use DeliveryStatus::{Cancelled, DeadLettered, Failed, Skipped};
    let has_ended = Condition::OneOf(STATUS.into(), [Skipped, Failed, Cancelled, DeadLettered].map(status).into());
    Condition::All(vec![has_ended, Condition::Missing(DELIVERED.into())])
}

/// Whether somebody has cancelled the delivery.
pub(in crate::store) fn is_cancelled(record: &Item) -> bool {
    record.get(STATUS) == Some(&status(DeliveryStatus::Cancelled))
}

/// The attributes that every write of a delivery sets, because any write may be the first one.
pub(super) fn constant(delivery: DeliveryKey) -> [Action; 2] {
    [
        Action::Set(CHANNEL.into(), string(delivery.channel.as_str())),
        Action::Set(table::EXPIRES_AT.into(), number(delivery.kept_until.seconds())),
    ]
}

pub(super) fn outcome(finish: &Finish, trace: &[Step], now: Timestamp) -> Result<Vec<Action>, StoreError> {
    let Finish { status: state, reason, ambiguous, provider_message_id, not_before, .. } = finish;
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
        actions.push(Action::Set(AMBIGUOUS.into(), AttributeValue::Bool(true)));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Item;

    const NOW: Timestamp = Timestamp::from_millis(1_709_287_200_000);

    fn refusal(status: &str, until: &str, left: i64, owner: Option<&str>) -> Refusal {
        let mut item: Item = [("channel", string("push")), ("status", string(status))]
            .into_iter()
            .chain([(until, number(NOW.millis() + left))])
            .chain(owner.map(|owner| ("owner", string(owner))))
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        item.insert("at_millis".to_owned(), number(1));
        not_open(Refused::Condition(item), NOW).unwrap()
    }

    #[test]
    fn a_copy_of_what_is_listed_may_go_unless_it_may_be_the_message_itself() {
        let later = |millis| Refusal::Later { left: std::time::Duration::from_millis(millis) };
        for (status, until) in [("retrying", "not_before"), ("held", "held_until")] {
            assert_eq!(refusal(status, until, 90_000, None), later(90_000), "{status}: it has no other message");
            assert_eq!(refusal(status, until, 90_000, Some("HELD#1")), Refusal::Listed, "{status}: it will get one");
            assert_eq!(refusal(status, until, 2000, Some("HELD#1")), later(2000), "{status}: another clock");
        }
        assert_eq!(refusal("sending", "lease_until", 90_000, Some("HELD#1")), later(90_000), "somebody works on it");
    }

    #[test]
    fn what_has_ended_says_whether_it_was_sent_and_whether_that_is_in_doubt() {
        let ended = |status: &str, more: &[(&str, AttributeValue)]| {
            let mut item = Item::from([("status".to_owned(), string(status))]);
            item.extend([("channel".to_owned(), string("in_app")), ("at_millis".to_owned(), number(1))]);
            item.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
            not_open(Refused::Condition(item), NOW).unwrap()
        };
        let (yes, begun) = (AttributeValue::Bool(true), [("attempts", number(2)), ("recorded", number(1))]);
        for (more, ambiguous) in [(&[][..], false), (&[("ambiguous", yes.clone())], true), (&begun, true)] {
            for status in ["cancelled", "skipped", "failed"] {
                assert_eq!(ended(status, more), Refusal::Unsent { ambiguous }, "{status}");
            }
            assert_eq!(ended("dead_lettered", more), Refusal::GivenUp);
            assert_eq!(ended("sent", more), Refusal::Done);
        }
        assert_eq!(ended("skipped", &[("delivered", yes)]), Refusal::Done, "an address has it");
    }
}
