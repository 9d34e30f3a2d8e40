//! The places of deliveries in the list of those that wait long. The list is a part of the index.

use super::{Action, parts, string, table};
use crate::domain::{Channel, NotificationId, Timestamp, UserId, dead_letter::About, rate::Instant};

/// All parts of the list of deliveries that wait are read. Only so many of them are written: the version before reads no others, and must find what this version lists while both run, or
/// if it is deployed again. A later version may write to all.
const WRITTEN_PARTS: usize = 8;

/// A delivery that waits, and whose time has come, or will come soon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The delivery and its user.
    pub about: About,
    /// When the delivery must be decided again.
    pub at: Timestamp,
    /// The delivery's place in the line for its provider's rate, if it waits for that.
    pub in_line: Option<Instant>,
    /// The delivery's place in the index.
    pub(super) place: String,
}

/// The index lists the delivery until its message is sent, so that it comes at `until`.
pub(super) fn listed(about: About, until: Timestamp) -> [Action; 2] {
    listed_at(owner_of(about), place(until, about))
}

/// The same for a delivery that waits for its provider's rate, and has this place in the line.
pub(super) fn listed_in_line(about: About, until: Timestamp, in_line: Instant) -> [Action; 2] {
    listed_at(owner_of(about), format!("{}#{}", place(until, about), in_line.micros()))
}

/// The index lists the delivery under this owner, at this place.
pub(super) fn listed_at(owner: String, place: String) -> [Action; 2] {
    [Action::Set(table::OWNER.into(), string(owner)), Action::Set(table::AT.into(), string(place))]
}

/// The index does not list the delivery any more.
pub(super) fn unlisted() -> [Action; 2] {
    [Action::Remove(table::OWNER.into()), Action::Remove(table::AT.into())]
}

pub(super) fn owner(part: usize) -> String {
    parts::partition("HELD", part)
}

fn owner_of(about: About) -> String {
    owner(part_of(about.notification_id))
}

/// The part of a list to which a notification's deliveries are written.
pub(super) fn part_of(id: NotificationId) -> usize {
    parts::part_of(id.uuid().as_bytes()) % WRITTEN_PARTS
}

fn place(until: Timestamp, about: About) -> String {
    format!("{until}#{}", named(about))
}

/// The part of a place that names the delivery, as [`about`] reads it.
pub(super) fn named(About { notification_id, user_id, channel }: About) -> String {
    format!("{notification_id}#{channel}#{user_id}")
}

pub(super) fn due(place: &str) -> Option<Due> {
    let mut parts = place.split('#');
    let at = Timestamp::parse(parts.next()?)?;
    let about = about(&mut parts)?;
    let in_line = parts.next().and_then(|micros| micros.parse().ok()).map(Instant::from_micros);
    Some(Due { about, at, in_line, place: place.to_owned() })
}

/// Reads what [`named`] has written.
pub(super) fn about<'a>(parts: &mut impl Iterator<Item = &'a str>) -> Option<About> {
    let notification_id = NotificationId::parse(parts.next()?)?;
    let channel = Channel::parse(parts.next()?)?;
    let user_id = UserId::parse(parts.next()?)?;
    Some(About { notification_id, user_id, channel })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn what_waits_stands_where_the_version_before_finds_it() {
        let written: BTreeSet<_> = (0..1000).map(|_| part_of(NotificationId::random())).collect();
        assert_eq!(written, (0..WRITTEN_PARTS).collect());
        assert!(written.last() < Some(&parts::PARTS), "what is written is read");
    }

    #[test]
    fn a_place_says_what_is_due_and_sorts_by_time() {
        let about =
            About { notification_id: NotificationId::random(), user_id: UserId::random(), channel: Channel::Sms };
        let at = Timestamp::from_millis(1_709_287_200_000);
        let early = place(at, about);
        let found = due(&early).unwrap();
        assert_eq!((found.about, found.at, found.in_line), (about, at, None));
        let in_line = due(&format!("{early}#1709287200000001")).unwrap();
        assert_eq!((in_line.about, in_line.at), (about, at));
        assert_eq!(in_line.in_line, Some(Instant::from_micros(1_709_287_200_000_001)));
        assert!(early < place(Timestamp::from_millis(1_709_287_200_001), about) && early < format!("{at}~"));
        assert_eq!(due("LETTER#x"), None);
    }
}
