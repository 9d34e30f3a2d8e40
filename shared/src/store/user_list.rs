//! All users by the time of their creation, page by page. The index gives the order, then the users are read. They stand in parts
//! of the index, which are merged: what a part is not asked for at once costs a further call.

use futures::{StreamExt, TryStreamExt, future::try_join_all};

use super::{Item, Store, StoreError, owned::AtOnce, parts, reads::KeyRange, table, user_item::UserItem, walk::Walk};
use crate::{
    domain::{Timestamp, User, UserId, user::UserRecord},
    telemetry,
};

/// The place at which a page begins. The user at that place is not in the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageStart {
    /// The page has users older than this place, newest first.
    After(String),
    /// The page has users newer than this place, oldest first.
    Before(String),
}

/// The page of users that a caller asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListUsers {
    /// The number of users that the first call asks for.
    pub limit: usize,
    /// The place at which the page begins. `None` begins at the newest user.
    pub start: Option<PageStart>,
    /// Only users created later than this.
    pub created_after: Option<Timestamp>,
    /// Only users created earlier than this.
    pub created_before: Option<Timestamp>,
}

impl Store {
    /// Users, the newest first. With [`PageStart::Before`] they are read in the other direction: away from that place, so the
    /// oldest first. A change of the table reaches the index a moment later, so a new user may be missing.
    pub fn list_users(&self, wanted: &ListUsers) -> Walk<'_, User> {
        // One more tells whether there are more, and one is the place at which the page begins.
        let most = wanted.limit.saturating_add(2);
        let ranges = parts::with_old(table::USERS).into_iter().map(|part| {
            let first = if part == table::USERS { most } else { parts::share(most) };
            let range = range(&part, wanted);
            let range = match &wanted.start {
                None => range.backward(),
                Some(PageStart::After(place)) => range.backward().after(Some(place)),
                Some(PageStart::Before(place)) => range.after(Some(place)),
            };
            (range, first)
        });
        self.merged_bundles(ranges.collect(), wanted.limit, AtOnce::LARGE).map(|found| found?.read(present)).boxed()
    }

    /// Whether there are users on the other side of the place where the list begins, or at it. Mostly the user at the place is
    /// still there, which two small reads tell; else all parts are asked.
    pub async fn users_behind(&self, wanted: &ListUsers) -> Result<bool, StoreError> {
        let (place, is_forward) = match &wanted.start {
            None => return Ok(false),
            Some(PageStart::After(place)) => (place, true),
            Some(PageStart::Before(place)) => (place, false),
        };
        let own = place.split_once('#').and_then(|(_, id)| UserId::parse(id)).map(table::users_part);
        let is_own = |part: &String| part == table::USERS || own.as_ref() == Some(part);
        let (near, others): (Vec<_>, Vec<_>) = parts::with_old(table::USERS).into_iter().partition(is_own);
        for parts in [near, others] {
            let first = parts.iter().map(async |part| {
                let range = range(part, wanted);
                let range = if is_forward { range } else { range.backward() }.starting_at(place);
                self.walk(range, 1, Ok).try_next().await
            });
            if try_join_all(first).await?.iter().any(Option::is_some) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The users of this part that were created within the bounds, oldest first. A place is a time, `#` and an id: `$` is the character
/// after it.
fn range(part: &str, wanted: &ListUsers) -> KeyRange {
    let (low, high) = bounds(wanted);
    KeyRange::timeline(part).between(low, high)
}

fn bounds(wanted: &ListUsers) -> (String, String) {
    (
        wanted.created_after.map_or_else(|| " ".to_owned(), |time| format!("{time}$")),
        wanted.created_before.map_or_else(|| "~".to_owned(), |time| format!("{time}#")),
    )
}

/// The user. `None` if the user was erased since the index was written, or cannot be read.
fn present(items: Vec<Item>) -> Result<Option<User>, StoreError> {
    Ok(items.into_iter().next().and_then(present_user))
}

/// The user of an item of a list. `None` if the user was erased, or cannot be read: the others are listed anyway.
pub(super) fn present_user(item: Item) -> Option<User> {
    match UserItem::read(item).and_then(UserItem::into_record) {
        Ok(UserRecord::Present(user)) => Some(*user),
        Ok(UserRecord::Erased) => None,
        Err(error) => {
            tracing::error!(error = telemetry::chain(&error), "a user of a list cannot be read");
            None
        }
    }
}

/// Whether this is a place in the list of users.
pub fn is_place(text: &str) -> bool {
    let Some((time, id)) = text.split_once('#') else { return false };
    Timestamp::parse(time).is_some_and(|parsed| parsed.to_string() == time) && UserId::parse(id).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_leave_out_their_own_instant() {
        let time = Timestamp::from_millis(1_709_287_200_000);
        let of =
            |after, before| bounds(&ListUsers { limit: 1, start: None, created_after: after, created_before: before });
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
