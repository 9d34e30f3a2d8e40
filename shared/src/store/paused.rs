//! Deliveries that a pause holds. Each stands in the index under the key of its pause, so that the end of a pause finds exactly its
//! own. What waits costs nothing more than that one write, however long it waits.
//!
//! The list is read by what is in it, not by what is paused: whatever stands under a key that nobody has paused any more is
//! released. So a worker that does not yet know of a resume, or one that is slow, cannot hide a delivery from the release: the next
//! minute finds it. A pause needs no record after its end.

use super::{
    Item, Store, StoreError,
    deliveries::{DeliveryKey, Refusal},
    parts,
    reads::{KeyRange, text},
    table,
    waiting::{Due, about, listed_at, named, part_of},
    walk,
};
use crate::domain::{Hold, PauseKey, Timestamp, UnderPause, UserId, dead_letter::About, decide::Step};

/// A character that sorts after the `#` that ends a pause's key.
const AFTER: char = '$';

impl Store {
    /// Records that a pause holds a delivery, and lists it. Returns `None` if that is done, else the reason why not.
    pub async fn hold_under_pause(
        &self,
        delivery: DeliveryKey,
        user: UserId,
        hold: Hold,
        under: UnderPause,
        trace: &[Step],
        now: Timestamp,
    ) -> Result<Option<Refusal>, StoreError> {
        let about = About { notification_id: delivery.id, user_id: user, channel: delivery.channel };
        // Every hold has a place of its own: who unlists the hold that was released leaves a later one alone, which the same pause
        // has begun in the meantime.
        let place = format!("{}#{}", place(under, about), self.random.uuid().simple());
        let owner = owner(part_of(delivery.id));
        self.record_hold(delivery, hold, listed_at(owner, place).into(), trace, now).await
    }

    /// The first pause, in the order of the keys, that holds a delivery of this part. If `after` is given, the first one after it.
    pub async fn next_pause(&self, part: usize, after: Option<PauseKey>) -> Result<Option<PauseKey>, StoreError> {
        let low = after.map_or_else(|| "0".to_owned(), |after| format!("{after}{AFTER}"));
        let items = self.walk(KeyRange::timeline(owner(part)).between(low, "~"), 1, Ok);
        let items: Vec<Item> = walk::first(items, 1).await?;
        Ok(items.first().and_then(|item| PauseKey::parse(text(item, table::AT)?.split('#').next()?)))
    }

    /// At most `most` deliveries of one part that this pause holds; if `by` is given, only those that must be decided again by
    /// then. If `last` is given, only deliveries after it. They are due `now`.
    pub async fn held_by(
        &self,
        (part, pause): (usize, PauseKey),
        last: Option<&Due>,
        by: Option<Timestamp>,
        most: usize,
        now: Timestamp,
    ) -> Result<Vec<Due>, StoreError> {
        let low = last.map_or_else(|| format!("{pause}#"), |last| format!("{}!", last.place));
        let high = by.map_or_else(|| format!("{pause}{AFTER}"), |by| format!("{pause}#{by}~"));
        let items = self.walk(KeyRange::timeline(owner(part)).between(low, high), most, Ok);
        let items: Vec<Item> = walk::first(items, most).await?;
        Ok(items.iter().filter_map(|item| due(text(item, table::AT)?, now)).collect())
    }
}

fn owner(part: usize) -> String {
    parts::partition("PAUSED", part)
}

fn place(UnderPause { pause, at_latest }: UnderPause, about: About) -> String {
    format!("{pause}#{at_latest}#{}", named(about))
}

fn due(place: &str, now: Timestamp) -> Option<Due> {
    let mut parts = place.split('#').skip(2);
    let about = about(&mut parts)?;
    Some(Due { about, at: now, in_line: None, place: place.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Channel, NotificationId, PauseTarget};

    #[test]
    fn a_place_says_what_is_held_and_sorts_by_pause_and_then_by_time() {
        let about =
            About { notification_id: NotificationId::random(), user_id: UserId::random(), channel: Channel::InApp };
        let (now, at_latest) = (Timestamp::from_millis(5), Timestamp::from_millis(1_709_287_200_000));
        let [pause, other] = ["all", "channel:sms"].map(|name| PauseTarget::parse(name).unwrap().key());
        let early = format!("{}#token", place(UnderPause { pause, at_latest }, about));
        let found = due(&early, now).unwrap();
        assert_eq!((found.about, found.at), (about, now));
        let late = place(UnderPause { pause, at_latest: Timestamp::from_millis(1_709_287_200_001) }, about);
        assert!(early < late && early < format!("{pause}#{at_latest}~") && late > format!("{pause}#{at_latest}~"));
        assert!(late < format!("{pause}{AFTER}") && late > format!("{pause}#"));
        let elsewhere = place(UnderPause { pause: other, at_latest }, about);
        assert_eq!(elsewhere > format!("{pause}{AFTER}"), other > pause);
        assert_eq!(due("HELD", now), None);
    }

    #[test]
    fn the_longest_place_is_shorter_than_the_longest_sort_key() {
        let pause = PauseTarget::Group("é".repeat(128)).key();
        let about =
            About { notification_id: NotificationId::random(), user_id: UserId::random(), channel: Channel::InApp };
        // A sort key has at most 1,024 bytes: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
        assert!(place(UnderPause { pause, at_latest: Timestamp::MAX }, about).len() + 33 < 1024);
    }
}
