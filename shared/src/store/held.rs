//! Deliveries that wait for their time: they are held, or a provider asked to wait long. A delivery's own record is its timer:
//! the index lists the long waits by their end, and a function reads the index every minute. So no delivery can be forgotten.

use std::iter;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    Item, Key, Store, StoreError,
    deliveries::{DeliveryKey, Refusal},
    insert::Executed,
    reads::{KeyRange, text},
    retry, string, table,
    waiting::{self, Due, listed, listed_in_line, owner},
    walk,
};
use crate::domain::{Hold, Timestamp, UserId, dead_letter::About, decide::Step, rate::Instant};

/// The most calls for deliveries that leave the index, if the table leaves some of them. If it never takes them, their messages are
/// sent a second time.
const UNLIST_ROUNDS: u32 = 8;

impl Store {
    /// Records that a delivery is held. If `is_listed`, the index lists it. Returns `None` if that is done, else the
    /// reason why not.
    pub async fn hold(
        &self,
        delivery: DeliveryKey,
        user: UserId,
        hold: Hold,
        is_listed: bool,
        trace: &[Step],
        now: Timestamp,
    ) -> Result<Option<Refusal>, StoreError> {
        let about = About { notification_id: delivery.id, user_id: user, channel: delivery.channel };
        // A short hold leaves the list alone. This write may come late, when another worker has listed the delivery and is done
        // with its message; an entry of before only makes one message too many.
        let actions = if is_listed { listed(about, hold.until).into() } else { Vec::new() };
        self.record_hold(delivery, hold, actions, trace, now).await
    }

    /// Records that a delivery is held for its provider's rate, with its place in the line. The index lists it. The result is
    /// that of [`Store::hold`].
    pub async fn hold_in_line(
        &self,
        delivery: DeliveryKey,
        user: UserId,
        hold: Hold,
        in_line: Instant,
        trace: &[Step],
        now: Timestamp,
    ) -> Result<Option<Refusal>, StoreError> {
        let about = About { notification_id: delivery.id, user_id: user, channel: delivery.channel };
        let actions = listed_in_line(about, hold.until, in_line).into();
        self.record_hold(delivery, hold, actions, trace, now).await
    }

    /// At most `most` deliveries of one part that are due at `until`, earliest first. If `last` is given, only
    /// deliveries after it.
    pub async fn due(
        &self,
        part: usize,
        last: Option<&Due>,
        until: Timestamp,
        most: usize,
    ) -> Result<Vec<Due>, StoreError> {
        let (owner, high) = (owner(part), format!("{until}~"));
        let low = last.map_or_else(|| "0".to_owned(), |last| format!("{}!", last.place));
        let items = self.walk(KeyRange::timeline(owner).between(low, high), most, Ok);
        let items: Vec<Item> = walk::first(items, most).await?;
        Ok(items.iter().filter_map(|item| waiting::due(text(item, table::AT)?)).collect())
    }

    /// Takes deliveries out of the index, at most [`MAX_INSERTS`](super::MAX_INSERTS), because their messages are in the queue.
    /// Costs one call, and one more where the table could not do all of it at once. A delivery that has another place by now, or
    /// none, is left alone.
    pub async fn unlist(&self, due: &[&Due]) -> Result<(), StoreError> {
        let mut left = due.to_vec();
        for round in 0..UNLIST_ROUNDS {
            if round > 0 {
                retry::pause(round, &self.clock, &self.random).await;
            }
            let answers = self.execute(left.iter().map(|due| removal(&self.table, due))).await?;
            let answers = answers.into_iter().collect::<Result<Vec<_>, _>>()?;
            // A place without an answer stays, too.
            let answers = answers.into_iter().chain(iter::repeat(Executed::NotNow));
            left = left
                .into_iter()
                .zip(answers)
                .filter(|(_, done)| *done == Executed::NotNow)
                .map(|(due, _)| due)
                .collect();
            if left.is_empty() {
                return Ok(());
            }
        }
        Err(StoreError::Unavailable("the table keeps leaving deliveries in the list".into()))
    }
}

/// The statement that takes a delivery out of the index, unless it has another place. If it is done twice, the second time finds
/// another place (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.update.html>).
fn removal(table: &str, due: &Due) -> (String, Vec<AttributeValue>) {
    let [pk, sk, owner, at] = [table::PK, table::SK, table::OWNER, table::AT];
    let Key { pk: partition, sk: sort } = Key::delivery(due.about.notification_id, due.about.channel);
    let statement =
        format!(r#"UPDATE "{table}" REMOVE "{owner}" REMOVE "{at}" WHERE "{pk}" = ? AND "{sk}" = ? AND "{at}" = ?"#);
    (statement, [partition, sort, due.place.clone()].map(string).into())
}
