//! Deliveries that are sent without a lease: to inboxes, where a message that is put twice is there once.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    attempt::{DeliveryKey, Finish},
    attributes::{
        ADDRESSES, AMBIGUOUS, AT_MILLIS, ATTEMPTS, ATTEMPTS_RECORDED, STATUS, constant, noted, outcome, status, unsent,
    },
    won,
};
use crate::{
    domain::{DeliveryStatus, Timestamp, decide::Step},
    store::{Action, Condition, Item, Store, StoreError, number, write::WriteToken},
    telemetry,
};

impl Store {
    /// Records first attempts that have ended, at most [`MAX_INSERTS`](crate::store::MAX_INSERTS), by one call: each as [`Store::claim`] and
    /// [`Store::finish`] would leave it, if there is no record yet. No delivery may be there twice. The results have the order of the
    /// attempts: `false` if the delivery has a record already, or the table could not write one now, or does not say whether it has.
    pub async fn finish_first(
        &self,
        attempts: &[(DeliveryKey, Finish, &[Step])],
        now: Timestamp,
    ) -> Result<Vec<bool>, StoreError> {
        if attempts.is_empty() {
            return Ok(Vec::new());
        }
        let token = WriteToken::new(self.random.uuid());
        let items = attempts.iter().map(|attempt| record(attempt, &token, now)).collect::<Result<Vec<_>, _>>()?;
        let mut is_recorded = self.insert(items).await.unwrap_or_else(|error| {
            tracing::warn!(error = telemetry::chain(&error), "the records may be written");
            vec![false; attempts.len()]
        });
        let refused = attempts.iter().zip(&is_recorded).filter(|(_, is_recorded)| !**is_recorded);
        let refused: Vec<_> = refused.map(|((delivery, ..), _)| delivery.key()).collect();
        if !refused.is_empty() {
            // The answer to the first try may have been lost: then the second one is refused by our own records.
            let stored = self.by_key(refused).await.unwrap_or_else(|error| {
                tracing::warn!(error = telemetry::chain(&error), "nobody knows who has written the other records");
                HashMap::new()
            });
            for ((delivery, ..), is_recorded) in attempts.iter().zip(&mut is_recorded) {
                *is_recorded |= stored.get(&delivery.key()).is_some_and(|item| token.is_in(item));
            }
        }
        Ok(is_recorded)
    }

    /// Notes that somebody may have begun an attempt without a lease, whose outcome nobody knows. So the delivery is shown as ambiguous
    /// until an attempt has put its message into the inbox. Does nothing if the delivery has ended, or if somebody has or had its lease: an
    /// attempt that was begun and has no outcome says as much.
    pub async fn note_doubt(&self, delivery: DeliveryKey, now: Timestamp) -> Result<(), StoreError> {
        let mut actions = vec![
            Action::SetIfMissing(STATUS.into(), status(DeliveryStatus::Queued)),
            Action::SetIfMissing(AT_MILLIS.into(), number(now.millis())),
            Action::Set(AMBIGUOUS.into(), AttributeValue::Bool(true)),
        ];
        actions.extend(constant(delivery));
        use DeliveryStatus::{Held, Queued, Retrying};
        let waits = Condition::OneOf(STATUS.into(), [Held, Queued, Retrying].map(status).into());
        let is_open = Condition::Any(vec![Condition::Missing(STATUS.into()), waits]);
        won(self.update_live(delivery, &actions, &is_open, now, None).await).map(|_| ())
    }

    /// Marks a delivery as ambiguous that has ended without being sent.
    pub(in crate::store) async fn mark_ambiguous(&self, delivery: DeliveryKey) -> Result<(), StoreError> {
        let mark = Action::Set(AMBIGUOUS.into(), AttributeValue::Bool(true));
        won(self.update(&delivery.key(), &[mark], &unsent()).await).map(|_| ())
    }
}

/// The record of a first attempt that has ended.
fn record(
    (delivery, finish, trace): &(DeliveryKey, Finish, &[Step]),
    token: &WriteToken,
    now: Timestamp,
) -> Result<Item, StoreError> {
    let mut actions = vec![
        Action::Set(ATTEMPTS.into(), number(1)),
        Action::Set(ATTEMPTS_RECORDED.into(), number(1)),
        Action::Set(ADDRESSES.into(), AttributeValue::M(Item::new())),
        token.action(),
    ];
    actions.extend(constant(*delivery));
    actions.extend(outcome(finish, trace, now)?);
    actions.extend(noted(&finish.addresses)?);
    let mut item = delivery.key().attributes();
    for action in actions {
        action.apply(&mut item)?;
    }
    Ok(item)
}
