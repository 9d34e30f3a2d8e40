//! Lists of the index in the order of time, page by page, the newest first. They stand in parts, which are merged: what a part is not
//! asked for at once costs a further call.

use futures::{TryStreamExt, future::try_join_all};

use super::{Item, Store, StoreError, owned::AtOnce, reads::KeyRange, walk::Walk};
use crate::domain::Timestamp;

/// The place at which a page begins. What stands at that place is not in the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageStart {
    /// The page has what is older than this place, newest first.
    After(String),
    /// The page has what is newer than this place, oldest first.
    Before(String),
}

/// The page of a list that a caller asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPage {
    /// The number of entries that the first call asks for.
    pub limit: usize,
    /// The place at which the page begins. `None` begins at the newest entry.
    pub start: Option<PageStart>,
    /// Only what was created later than this.
    pub created_after: Option<Timestamp>,
    /// Only what was created earlier than this.
    pub created_before: Option<Timestamp>,
}

impl ListPage {
    /// The place at which it begins.
    pub(super) fn place(&self) -> Option<&String> {
        self.start.as_ref().map(|(PageStart::After(place) | PageStart::Before(place))| place)
    }

    /// The number of entries that one partition has to be asked for, if all of the page may stand in it.
    pub(super) fn most(&self) -> usize {
        // One more tells whether there are more, and one is the place at which the page begins.
        self.limit.saturating_add(2)
    }
}

impl Store {
    /// The items of a list that stands in these partitions; each is first asked for its own number of entries.
    pub(super) fn listed(
        &self,
        parts: impl IntoIterator<Item = (String, usize)>,
        wanted: &ListPage,
        at_once: AtOnce,
    ) -> Walk<'_, Vec<Item>> {
        let ranges = parts.into_iter().map(|(part, first)| {
            let range = range(&part, wanted);
            let range = match &wanted.start {
                None => range.backward(),
                Some(PageStart::After(place)) => range.backward().after(Some(place)),
                Some(PageStart::Before(place)) => range.after(Some(place)),
            };
            (range, first)
        });
        self.merged_bundles(ranges.collect(), wanted.limit, at_once)
    }

    /// The items of these partitions on the other side of the place where the page begins, and at it, from the place on. Nothing if the
    /// page begins at an end of the list.
    pub(super) fn behind(&self, parts: Vec<String>, wanted: &ListPage) -> Walk<'_, Vec<Item>> {
        let ranges = parts.iter().filter_map(|part| Some((behind(part, wanted)?, 1)));
        // A subscription comes with its user, whose item may be a large one.
        self.merged_bundles(ranges.collect(), 1, AtOnce::LARGE)
    }

    /// Whether there is something on the other side of the place where the page begins, or at it. Mostly the entry at the place is
    /// still there, and `near` names the partitions in which it may stand; the others are asked only if it is not.
    pub(super) async fn is_behind(
        &self,
        parts: Vec<String>,
        near: impl Fn(&str, &String) -> bool,
        wanted: &ListPage,
    ) -> Result<bool, StoreError> {
        let Some(place) = wanted.place() else { return Ok(false) };
        let (near, others): (Vec<_>, Vec<_>) = parts.into_iter().partition(|part| near(place, part));
        for parts in [near, others] {
            let ranges = parts.iter().filter_map(|part| behind(part, wanted));
            let first = ranges.map(async |range| self.walk(range, 1, Ok).try_next().await);
            if try_join_all(first).await?.iter().any(Option::is_some) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The entries of this part that were created within the bounds, oldest first. A place is a time, `#` and an id: `$` is the character
/// after it.
fn range(part: &str, wanted: &ListPage) -> KeyRange {
    let (low, high) = bounds(wanted);
    KeyRange::timeline(part).between(low, high)
}

/// The entries of this part on the other side of the place where the page begins, and at it.
fn behind(part: &str, wanted: &ListPage) -> Option<KeyRange> {
    let range = range(part, wanted);
    Some(match wanted.start.as_ref()? {
        PageStart::After(place) => range.starting_at(place),
        PageStart::Before(place) => range.backward().starting_at(place),
    })
}

fn bounds(wanted: &ListPage) -> (String, String) {
    (
        wanted.created_after.map_or_else(|| " ".to_owned(), |time| format!("{time}$")),
        wanted.created_before.map_or_else(|| "~".to_owned(), |time| format!("{time}#")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::UserId, store::is_place};

    #[test]
    fn bounds_leave_out_their_own_instant() {
        let time = Timestamp::from_millis(1_709_287_200_000);
        let of =
            |after, before| bounds(&ListPage { limit: 1, start: None, created_after: after, created_before: before });
        let place = format!("{time}#{}", UserId::random());
        let later = format!("{}#{}", Timestamp::from_millis(1_709_287_200_001), UserId::random());
        assert!(is_place(&place) && !is_place("x#y") && !is_place(&time.to_string()));
        let after = of(Some(time), None);
        assert!(after.0 > place && after.0 < later && later < after.1);
        let before = of(None, Some(time));
        assert!(before.1 < place && before.1 < later);
        assert!(of(Some(time), Some(time)).0 > of(Some(time), Some(time)).1);
    }
}
