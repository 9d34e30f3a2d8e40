//! Transitions: a delivery ends, is held, is given up or is opened again, without a provider.

use super::{
    attempt::{DeliveryKey, Finish, GaveUp, Refusal},
    attributes::{
        AT_MILLIS, ATTEMPTS, ATTEMPTS_AT_REDRIVE, DEAD_LETTER_ID, DELIVERED, HELD_UNTIL, LEASE_OWNER, LEASE_UNTIL,
        NOT_BEFORE, REASON, REDRIVEN, STATUS, constant, not_open, open, open_or_waiting, outcome, status, there,
    },
};
use crate::{
    domain::{Delivery, DeliveryStatus, Hold, Reason, Timestamp, decide::Step},
    store::{
        Action, Condition, Item, Refused, Store, StoreError, number, records, sent::DeliveryItem, string, table,
        write::WriteToken,
    },
};

impl Store {
    /// Ends a delivery without a provider, in one write. A delivery that was already sent to an address ends as `sent`,
    /// which costs a second write.
    ///
    /// The outer result is an error of the table. The inner result is the delivery afterwards, or why the delivery is not
    /// open.
    pub async fn conclude(
        &self,
        delivery: DeliveryKey,
        finish: &Finish,
        trace: &[Step],
        now: Timestamp,
    ) -> Result<Result<Delivery, Refusal>, StoreError> {
        match self.close(delivery, finish, trace, open_or_waiting(now), now).await {
            Ok(item) => Ok(Ok(records::read::<DeliveryItem>(item)?.into())),
            Err(refused) => not_open(refused, now).map(Err),
        }
    }

    /// Closes a delivery for which the condition `open` holds. If the message was already sent to an address, the state
    /// is `sent`. The write token tells this call's work from that of a copy of the message, which may write the same at
    /// the same time: a delivery that ends once is counted once.
    async fn close(
        &self,
        delivery: DeliveryKey,
        finish: &Finish,
        trace: &[Step],
        open: Condition,
        now: Timestamp,
    ) -> Result<Item, Refused> {
        let unsent = Condition::All(vec![open.clone(), Condition::Missing(DELIVERED.into())]);
        let write_token = WriteToken::new(self.random.uuid());
        let is_own = |item: &Item| write_token.is_in(item);
        let mut actions = outcome(finish, trace, now).map_err(Refused::Error)?;
        actions.extend(constant(delivery));
        actions.push(write_token.action());
        match self.update_live(delivery, &actions, &unsent, now, Some(&is_own)).await {
            Err(Refused::Condition(item)) if item.contains_key(DELIVERED) => {}
            result => return result,
        }
        let sent = Finish { reason: None, ..Finish::because(DeliveryStatus::Sent, Reason::Cancelled) };
        let mut actions = outcome(&sent, trace, now).map_err(Refused::Error)?;
        actions.push(write_token.action());
        // An erasure may have removed the record since it was read. It must not come back, and half of it at that.
        let still_there = Condition::All(vec![open, Condition::Exists(DELIVERED.into())]);
        self.update_own(&delivery.key(), &actions, &still_there, &is_own).await
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
        // The message that continues after the hold has a new budget of attempts. A delivery that waits between two attempts,
        // because others come before it, keeps the budget that it has.
        if hold.reason != Reason::RateLimited {
            actions.push(Action::SetFrom(ATTEMPTS_AT_REDRIVE.into(), ATTEMPTS.into(), number(0)));
        }
        actions.extend(constant(delivery));
        actions.push(Action::Set(HELD_UNTIL.into(), number(hold.until.millis())));
        actions.extend(more);
        match self.update_live(delivery, &actions, &open(now), now, None).await {
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
            Ok(item) => (records::read::<DeliveryItem>(item)?, true),
            Err(Refused::Condition(item)) => (there(item)?, false),
            Err(Refused::Error(error)) => return Err(error),
        };
        Ok((item.into(), closed))
    }

    /// Gives a delivery up, after the queue has given out its message as often as it may, and notes that reason. A worker may
    /// have given it up before: then its reason stays. The record gets the dead letter's id, unless it has one already.
    ///
    /// A copy of a message may come after an operator has redriven its letter. The redrive's own message goes on with the delivery
    /// then, so a copy that is recognised changes nothing.
    ///
    /// The outer result is an error of the table. The inner result is the delivery and its dead letter's id afterwards,
    /// or why the delivery is not given up.
    pub async fn give_up(
        &self,
        delivery: DeliveryKey,
        dead_letter_id: &str,
        who: GaveUp,
        now: Timestamp,
    ) -> Result<Result<(Delivery, String), Refusal>, StoreError> {
        let given_up = Condition::Equals(STATUS.into(), status(DeliveryStatus::DeadLettered));
        let given_up = Condition::All(vec![given_up, not_redriven(dead_letter_id)]);
        let named = [Action::SetIfMissing(DEAD_LETTER_ID.into(), string(dead_letter_id))];
        let written = match self.update_live(delivery, &named, &given_up, now, None).await {
            Err(Refused::Condition(item)) if who == GaveUp::Worker || is_redriven(&item, dead_letter_id) => {
                return Ok(Err(Refusal::Done));
            }
            Err(Refused::Condition(_)) => self.give_up_open(delivery, dead_letter_id, now).await,
            written => written,
        };
        match written {
            Ok(item) => {
                let item: DeliveryItem = records::read(item)?;
                let dead_letter_id = item.dead_letter_id.clone().unwrap_or_else(|| dead_letter_id.to_owned());
                Ok(Ok((item.into(), dead_letter_id)))
            }
            Err(refused) => not_open(refused, now).map(Err),
        }
    }

    /// Gives a delivery up that is open: nobody sends it, and no message of its own will come. This letter is not the one by which it
    /// was opened again.
    async fn give_up_open(&self, delivery: DeliveryKey, dead_letter_id: &str, now: Timestamp) -> Result<Item, Refused> {
        let mut actions = vec![
            Action::Set(STATUS.into(), status(DeliveryStatus::DeadLettered)),
            Action::Set(REASON.into(), string(Reason::ReceivedTooOften.as_str())),
            Action::Set(DEAD_LETTER_ID.into(), string(dead_letter_id)),
            Action::SetFrom(ATTEMPTS_AT_REDRIVE.into(), ATTEMPTS.into(), number(0)),
            Action::Set(AT_MILLIS.into(), number(now.millis())),
            Action::Remove(LEASE_OWNER.into()),
            Action::Remove(LEASE_UNTIL.into()),
        ];
        actions.extend(constant(delivery));
        // A held delivery has a message of its own, which will come: it waits in the queue, or the function that reads
        // the index will send it. What a pause held has had its message as soon as the list has it no more: nobody knows
        // before when a pause ends, so that its time may still be far away.
        let not_held = Condition::Any(vec![
            Condition::Missing(STATUS.into()),
            Condition::NotEquals(STATUS.into(), status(DeliveryStatus::Held)),
            Condition::All(vec![
                Condition::Missing(table::OWNER.into()),
                Condition::Any(vec![
                    Condition::AtMost(HELD_UNTIL.into(), number(now.millis())),
                    Condition::Equals(REASON.into(), string(Reason::Paused.as_str())),
                ]),
            ]),
        ]);
        let condition = Condition::All(vec![open(now), not_held, not_redriven(dead_letter_id)]);
        let is_own = |item: &Item| item.get(DEAD_LETTER_ID) == Some(&string(dead_letter_id));
        self.update_live(delivery, &actions, &condition, now, Some(&is_own)).await
    }

    /// Opens a delivery again that was given up, and notes by which dead letter. Returns `false` if the delivery has another state by
    /// now. If it was given up once more since this letter was redriven, another letter is there or will come.
    pub async fn reopen(
        &self,
        delivery: DeliveryKey,
        dead_letter_id: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut actions = vec![
            Action::Set(STATUS.into(), status(DeliveryStatus::Queued)),
            Action::Set(AT_MILLIS.into(), number(now.millis())),
            Action::Remove(REASON.into()),
            Action::Remove(NOT_BEFORE.into()),
            Action::Remove(DEAD_LETTER_ID.into()),
            Action::Set(REDRIVEN.into(), string(dead_letter_id)),
        ];
        actions.extend(constant(delivery));
        let given_up = Condition::Equals(STATUS.into(), status(DeliveryStatus::DeadLettered));
        let condition = Condition::Any(vec![
            Condition::Missing(STATUS.into()),
            Condition::Equals(STATUS.into(), status(DeliveryStatus::Queued)),
            Condition::All(vec![given_up, not_redriven(dead_letter_id)]),
        ]);
        match self.update_live(delivery, &actions, &condition, now, None).await {
            Ok(_) => Ok(true),
            Err(Refused::Condition(_)) => Ok(false),
            Err(Refused::Error(error)) => Err(error),
        }
    }
}

/// The delivery was not opened again by this dead letter.
fn not_redriven(dead_letter_id: &str) -> Condition {
    Condition::Any(vec![
        Condition::Missing(REDRIVEN.into()),
        Condition::NotEquals(REDRIVEN.into(), string(dead_letter_id)),
    ])
}

/// Whether a delivery was opened again by this dead letter.
fn is_redriven(item: &Item, dead_letter_id: &str) -> bool {
    item.get(REDRIVEN) == Some(&string(dead_letter_id))
}
