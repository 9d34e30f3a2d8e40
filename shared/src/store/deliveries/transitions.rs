//! How a delivery ends, or waits, without a provider; and how it is opened again.

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
    /// Records a delivery that ends without a provider: one write that opens and closes it. What it is afterwards, or why
    /// it is not ours to end. One that an address has got already ends `sent`.
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
        // A new message has a new budget.
        actions.push(Action::SetFrom(ATTEMPTS_AT_REDRIVE.into(), ATTEMPTS.into(), number(0)));
        actions.extend(constant(delivery));
        actions.extend(more);
        match self.update_live(delivery, &actions, &open_or_waiting(now), now, None).await {
            Ok(_) => Ok(None),
            Err(refused) => not_open(refused, now).map(Some),
        }
    }

    /// Takes back a delivery that no provider has had yet, dead letters among them; what it is afterwards, and whether it
    /// was this call that closed it.
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

    /// Gives a delivery up whose message has been given out as often as it may be, under a letter of this id unless it has
    /// one already. The record and the letter's id afterwards, or why it is not given up.
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
        match self.update_live(delivery, &actions, &condition, now, None).await {
            Ok(item) => {
                let item: DeliveryItem = records::read(item)?;
                let dead_letter_id = item.dead_letter_id.clone().unwrap_or_else(|| dead_letter_id.to_owned());
                Ok(Ok((item.into(), dead_letter_id)))
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
