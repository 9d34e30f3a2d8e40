//! Deliveries that wait for their time. A delivery's own record is its timer: the index lists the long waits by their
//! end, and a function reads the index every minute. So no held delivery can be forgotten.

use super::{
    Action, Condition, Item, Key, Refused, Store, StoreError,
    deliveries::{DeliveryKey, HELD_UNTIL, Refusal},
    number,
    reads::{KeyRange, text},
    string, table, walk,
};
use crate::domain::{Channel, Hold, NotificationId, Timestamp, UserId, dead_letter::About, decide::Step};

/// The number of the index's partitions for held deliveries. One partition takes 1,000 writes a second.
pub const HELD_PARTS: usize = 8;

/// A held delivery whose time has come, or will come soon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The delivery and its user.
    pub about: About,
    /// When the delivery must be decided again.
    pub at: Timestamp,
    /// The delivery's place in the index.
    place: String,
}

impl Store {
    /// Records that a delivery is held. If `listed`, the index lists it. Returns `None` if that is done, else the
    /// reason why not.
    pub async fn hold(
        &self,
        delivery: DeliveryKey,
        user: UserId,
        hold: Hold,
        listed: bool,
        trace: &[Step],
        now: Timestamp,
    ) -> Result<Option<Refusal>, StoreError> {
        let mut actions = vec![Action::Set(HELD_UNTIL.into(), number(hold.until.millis()))];
        if listed {
            let about = About { notification_id: delivery.id, user_id: user, channel: delivery.channel };
            actions.push(Action::Set(table::OWNER.into(), string(part_of(delivery.id))));
            actions.push(Action::Set(table::AT.into(), string(place(hold.until, about))));
        } else {
            actions.extend([Action::Remove(table::OWNER.into()), Action::Remove(table::AT.into())]);
        }
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
        Ok(items.iter().filter_map(|item| due(text(item, table::AT)?)).collect())
    }

    /// Takes a delivery out of the index, because its message is in the queue.
    pub async fn unlist(&self, due: &Due) -> Result<(), StoreError> {
        let key = Key::delivery(due.about.notification_id, due.about.channel);
        let actions = [Action::Remove(table::OWNER.into()), Action::Remove(table::AT.into())];
        match self.update(&key, &actions, &Condition::Equals(table::AT.into(), string(&due.place))).await {
            Ok(_) | Err(Refused::Condition(_)) => Ok(()),
            Err(Refused::Error(error)) => Err(error),
        }
    }
}

fn owner(part: usize) -> String {
    format!("HELD#{part}")
}

fn part_of(id: NotificationId) -> String {
    owner(usize::from(id.uuid().as_bytes()[0]) % HELD_PARTS)
}

fn place(until: Timestamp, about: About) -> String {
    let About { notification_id, user_id, channel } = about;
    format!("{until}#{notification_id}#{channel}#{user_id}")
}

fn due(place: &str) -> Option<Due> {
    let mut parts = place.split('#');
    let at = Timestamp::parse(parts.next()?)?;
    let notification_id = NotificationId::parse(parts.next()?)?;
    let channel = Channel::parse(parts.next()?)?;
    let user_id = UserId::parse(parts.next()?)?;
    Some(Due { about: About { notification_id, user_id, channel }, at, place: place.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_says_what_is_due_and_sorts_by_time() {
        let about =
            About { notification_id: NotificationId::random(), user_id: UserId::random(), channel: Channel::Sms };
        let at = Timestamp::from_millis(1_709_287_200_000);
        let early = place(at, about);
        let found = due(&early).unwrap();
        assert_eq!((found.about, found.at), (about, at));
        assert!(early < place(Timestamp::from_millis(1_709_287_200_001), about) && early < format!("{at}~"));
        assert_eq!(due("LETTER#x"), None);
    }
}
