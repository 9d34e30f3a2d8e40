//! Transitions: a delivery ends, is held, is given up or is opened again, without a provider.

use super::{
    attempt::{DeliveryKey, Finish, Refusal},
    attributes::{
        AT_MILLIS, ATTEMPTS, ATTEMPTS_AT_REDRIVE, DEAD_LETTER_ID, DELIVERED, HELD_UNTIL, LEASE_OWNER, LEASE_UNTIL,
        NOT_BEFORE, REASON, STATUS, constant, not_open, open, open_or_waiting, outcome, status, was_closed,
    },
};
use crate::{
    domain::{Delivery, DeliveryStatus, Hold, Reason, Timestamp, decide::Step},
    store::{Action, Condition, Item, Refused, Store, StoreError, number, records, sent::DeliveryItem, string, table},
};

impl Store {
    /// Ends a delivery without a provider, in one write. A delivery that was already sent to an address ends as `sent`,
    /// which costs a second write.
    ///
    /// The outer result is an error of the table. The inner result is the delivery's state afterwards, or why the
    /// delivery is not open.
    pub async fn conclude(
        &self,
        delivery: DeliveryKey,
        finish: &Finish,
        trace: &[Step],
        now: Timestamp,
    ) -> Result<Result<DeliveryStatus, Refusal>, StoreError> {
        match self.close(delivery, finish, trace, open_or_waiting(now), now).await {
            Ok(item) => Ok(Ok(records::read::<DeliveryItem>(item)?.status)),
            Err(refused) => not_open(refused, now).map(Err),
        }
    }

    /// Closes a delivery for which the condition `open` holds. If the message was already sent to an address, the state
    /// is `sent`.
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
        let is_own = |item: &Item| was_closed(item, finish.status, now);
        match self.update_live(delivery, &actions, &unsent, now, Some(&is_own)).await {
            Err(Refused::Condition(item)) if item.contains_key(DELIVERED) => {}
            result => return result,
        }
        let sent = Finish { reason: None, ..Finish::because(DeliveryStatus::Sent, Reason::Cancelled) };
        let actions = outcome(&sent, trace, now).map_err(Refused::Error)?;
        let is_own = |item: &Item| was_closed(item, DeliveryStatus::Sent, now);
        self.update_own(&delivery.key(), &actions, &open, &is_own).await
    }

    pub(in crate::store) async fn record_hold(
        &self,
        delivery: DeliveryKey,
        hold: Hold,
        more: Vec<Action>,
        trace: &[Step],
        now: Timestamp,
    ) -> Result<Option<Refusal>, StoreError> {
        let mut actions = outcome(&Finish::because(DeliveryStatus::Held, hold.reason), trace, now)?;
        // The message that continues after the hold has a new budget of attempts.
        actions.push(Action::SetFrom(ATTEMPTS_AT_REDRIVE.into(), ATTEMPTS.into(), number(0)));
        actions.extend(constant(delivery));
        actions.extend(more);
        match self.update_live(delivery, &actions, &open_or_waiting(now), now, None).await {
            Ok(_) => Ok(None),
            Err(refused) => not_open(refused, now).map(Some),
        }
    }

    /// Cancels a delivery that is open or was given up. Returns the delivery afterwards, and whether this call has
    /// closed it.
    pub async fn cancel(&self, delivery: DeliveryKey, now: Timestamp) -> Result<(Delivery, bool), StoreError> {
        let cancelled = Finish::because(DeliveryStatus::Cancelled, Reason::Cancelled);
        let given_up = Condition::Equals(STATUS.into(), status(DeliveryStatus::DeadLettered));
        let open = Condition::Any(vec![open_or_waiting(now), given_up]);
        let (item, closed) = match self.close(delivery, &cancelled, &[], open, now).await {
            Ok(item) => (item, true),
            Err(Refused::Condition(item)) => (item, false),
            Err(Refused::Error(error)) => return Err(error),
        };
        Ok((records::read::<DeliveryItem>(item)?.into(), closed))
    }

    /// Gives a delivery up, after the queue has given out its message as often as it may. The record gets the dead
    /// letter's id, unless it has one already.
    ///
    /// The outer result is an error of the table. The inner result is the delivery and its dead letter's id afterwards,
    /// or why the delivery is not given up.
    pub async fn give_up(
        &self,
        delivery: DeliveryKey,
        dead_letter_id: &str,
        now: Timestamp,
    ) -> Result<Result<(Delivery, String), Refusal>, StoreError> {
        let mut actions = vec![
            Action::Set(STATUS.into(), status(DeliveryStatus::DeadLettered)),
            Action::SetIfMissing(REASON.into(), string(Reason::AttemptsExhausted.as_str())),
            Action::SetIfMissing(DEAD_LETTER_ID.into(), string(dead_letter_id)),
            Action::SetFrom(ATTEMPTS_AT_REDRIVE.into(), ATTEMPTS.into(), number(0)),
            Action::Set(AT_MILLIS.into(), number(now.millis())),
            Action::Remove(LEASE_OWNER.into()),
            Action::Remove(LEASE_UNTIL.into()),
        ];
        actions.extend(constant(delivery));
        let given_up = Condition::Equals(STATUS.into(), status(DeliveryStatus::DeadLettered));
        // A held delivery has a message of its own, which will come: it waits in the queue, or the function that reads
        // the index will send it.
        let not_held = Condition::Any(vec![
            Condition::Missing(STATUS.into()),
            Condition::NotEquals(STATUS.into(), status(DeliveryStatus::Held)),
            Condition::All(vec![
                Condition::Missing(table::OWNER.into()),
                Condition::AtMost(HELD_UNTIL.into(), number(now.millis())),
            ]),
        ]);
        let condition = Condition::All(vec![Condition::Any(vec![open(now), given_up]), not_held]);
        match self.update_live(delivery, &actions, &condition, now, None).await {
            Ok(item) => {
                let item: DeliveryItem = records::read(item)?;
                let dead_letter_id = item.dead_letter_id.clone().unwrap_or_else(|| dead_letter_id.to_owned());
                Ok(Ok((item.into(), dead_letter_id)))
            }
            Err(refused) => not_open(refused, now).map(Err),
        }
    }

    /// Opens a delivery again that was given up. Returns `false` if the delivery has another state by now.
    pub async fn reopen(&self, delivery: DeliveryKey, now: Timestamp) -> Result<bool, StoreError> {
        let mut actions = vec![
            Action::Set(STATUS.into(), status(DeliveryStatus::Queued)),
            Action::Set(AT_MILLIS.into(), number(now.millis())),
            Action::Remove(REASON.into()),
            Action::Remove(NOT_BEFORE.into()),
            Action::Remove(DEAD_LETTER_ID.into()),
        ];
        actions.extend(constant(delivery));
        let waiting = [DeliveryStatus::DeadLettered, DeliveryStatus::Queued].map(status);
        let waiting = Condition::OneOf(STATUS.into(), waiting.into());
        let condition = Condition::Any(vec![Condition::Missing(STATUS.into()), waiting]);
        match self.update_live(delivery, &actions, &condition, now, None).await {
            Ok(_) => Ok(true),
            Err(Refused::Condition(_)) => Ok(false),
            Err(Refused::Error(error)) => Err(error),
        }
    }
}
