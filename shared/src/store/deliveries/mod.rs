//! Deliveries. A worker claims the lease before it calls the provider, and records the outcome after the call.

mod attempt;
mod attributes;
mod batch_claim;
mod leaseless;
mod transitions;

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    Item, Store,
    calls::IsOwn,
    error::{Refused, StoreError},
    expression::{Action, Condition},
    number,
    reads::is_expired,
    records,
    sent::DeliveryItem,
    string, table,
    waiting::{listed, unlisted},
};
use crate::domain::{AddressOutcome, DeliveryStatus, Timestamp, dead_letter::About, decide::Step};
pub use attempt::{Claim, DeliveryKey, Finish, GaveUp, Lease, Refusal, Started};
use attributes::{
    ADDRESSES, AMBIGUOUS, AT_MILLIS, ATTEMPTS, ATTEMPTS_AT_REDRIVE, ATTEMPTS_RECORDED, CHANNEL, LEASE_OWNER,
    LEASE_UNTIL, NOT_BEFORE, NOT_TRIED, NOT_TRIED_BY, STATUS, constant, not_open, noted, open, outcome, status,
};
pub(super) use attributes::{is_cancelled, unsent};

impl Store {
    /// Asks for the lease on a delivery. One conditional write covers all cases: there is no record, the delivery
    /// waits, a lease has ended, another worker has the lease, the delivery has ended.
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
        match self.update_live(delivery, &actions, &open(now), now, Some(&|item| held_by(item, lease))).await {
            Ok(item) => started(item),
            // Our own earlier claim refuses this one: `claim_first` has written the record, although its call failed.
            Err(Refused::Condition(item)) if held_by(&item, lease) => started(item),
            Err(refused) => not_open(refused, now).map(Claim::Refused),
        }
    }

    /// Records the outcome of some addresses while the worker still sends to others. Writes only if `lease` is still
    /// the delivery's lease, and returns `false` if it is not.
    pub async fn progress(
        &self,
        delivery: DeliveryKey,
        lease: Lease,
        addresses: &BTreeMap<String, AddressOutcome>,
    ) -> Result<bool, StoreError> {
        let own = own(lease);
        won(self.update(&delivery.key(), &noted(addresses)?, &own).await)
    }

    /// Records the end of the attempt that `started` describes. Writes only if `lease` is still the delivery's lease,
    /// and returns `false` if it is not.
    ///
    /// What was no attempt takes its number back: the budget, what is shown, and the doubt about an earlier attempt that
    /// has no outcome, all are as before the claim.
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
        if started.ambiguous && !finish.ambiguous {
            actions.push(Action::Remove(AMBIGUOUS.into()));
        }
        let attempts = if finish.is_attempt { started.attempts } else { started.attempts.saturating_sub(1) };
        let (mark, value) = if finish.is_attempt {
            if started.not_tried > 0 {
                actions.extend([Action::Remove(NOT_TRIED.into()), Action::Remove(NOT_TRIED_BY.into())]);
            }
            (ATTEMPTS_RECORDED, number(attempts))
        } else {
            actions.push(Action::Set(ATTEMPTS.into(), number(attempts)));
            actions.push(Action::Set(NOT_TRIED.into(), number(started.not_tried.saturating_add(1))));
            (NOT_TRIED_BY, string(lease.owner.to_string()))
        };
        actions.push(Action::Set(mark.into(), value.clone()));
        actions.extend(noted(&finish.addresses)?);
        if finish.status == DeliveryStatus::DeadLettered {
            actions.push(Action::Set(ATTEMPTS_AT_REDRIVE.into(), number(attempts)));
        }
        match (finish.listed_for, finish.not_before) {
            (Some(user_id), Some(at)) => {
                let about = About { notification_id: delivery.id, user_id, channel: delivery.channel };
                actions.extend(listed(about, at));
            }
            _ if started.listed => actions.extend(unlisted()),
            _ => {}
        }
        let was_recorded = |item: &Item| item.get(mark) == Some(&value);
        match self.update_own(&delivery.key(), &actions, &own(lease), &was_recorded).await {
            // An earlier call has recorded this outcome, although that call failed: only the owner of this attempt's
            // lease can record it.
            Err(Refused::Condition(item))
                if was_recorded(&item) && item.get(STATUS) == Some(&status(finish.status)) =>
            {
                Ok(true)
            }
            written => won(written),
        }
    }

    /// Updates a record that has not expired. If the record has expired and DynamoDB has not removed it yet, a new
    /// record replaces it first: it belongs to an expired notification whose id is used again.
    ///
    /// `is_own` recognises the record that this call itself has written. It is `None` for an update that may be done
    /// twice.
    async fn update_live(
        &self,
        delivery: DeliveryKey,
        actions: &[Action],
        condition: &Condition,
        now: Timestamp,
        is_own: Option<IsOwn<'_>>,
    ) -> Result<Item, Refused> {
        let key = delivery.key();
        let write = async |condition: &Condition| match is_own {
            Some(is_own) => self.update_own(&key, actions, condition, is_own).await,
            None => self.update(&key, actions, condition).await,
        };
        let over = Condition::Below(table::EXPIRES_AT.into(), number(now.seconds()));
        let live = Condition::Any(vec![
            Condition::Missing(table::EXPIRES_AT.into()),
            Condition::AtLeast(table::EXPIRES_AT.into(), number(now.seconds())),
        ]);
        let condition = Condition::All(vec![live, condition.clone()]);
        match write(&condition).await {
            Err(Refused::Condition(item)) if is_expired(&item, now) => {}
            result => return result,
        }
        let mut fresh = key.attributes();
        fresh.extend([
            (STATUS.to_owned(), status(DeliveryStatus::Queued)),
            (CHANNEL.to_owned(), string(delivery.channel.as_str())),
            (AT_MILLIS.to_owned(), number(now.millis())),
            (table::EXPIRES_AT.to_owned(), number(delivery.kept_until.seconds())),
        ]);
        match self.put_on(fresh, &over).await {
            Ok(()) | Err(Refused::Condition(_)) => write(&condition).await,
            Err(error) => Err(error),
        }
    }
}

fn started(item: Item) -> Result<Claim, StoreError> {
    let item: DeliveryItem = records::read(item)?;
    let left_open = item.attempts.saturating_sub(1) > item.attempts_recorded;
    Ok(Claim::Started(Started {
        attempts: item.attempts,
        since_redrive: item.attempts.saturating_sub(item.attempts_at_redrive),
        not_tried: item.not_tried,
        listed: item.owner.is_some(),
        left_open,
        ambiguous: item.ambiguous,
        addresses: item.addresses,
    }))
}

/// This lease is still the delivery's lease.
fn own(lease: Lease) -> Condition {
    Condition::Equals(LEASE_OWNER.into(), string(lease.owner.to_string()))
}

/// Whether a write was done. It is refused if its caller does not have the lease any more.
fn won(written: Result<Item, Refused>) -> Result<bool, StoreError> {
    match written {
        Ok(_) => Ok(true),
        Err(Refused::Condition(_)) => Ok(false),
        Err(Refused::Error(error)) => Err(error),
    }
}

fn held_by(item: &Item, lease: Lease) -> bool {
    item.get(LEASE_OWNER).and_then(|owner| owner.as_s().ok()).is_some_and(|owner| *owner == lease.owner.to_string())
}
