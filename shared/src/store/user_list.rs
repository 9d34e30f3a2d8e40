//! All users by the time of their creation, page by page. The index gives the order, then the users are read.

use futures::{StreamExt, TryStreamExt};

use super::{Item, Store, StoreError, owned::AtOnce, reads::KeyRange, table, user_item::UserItem, walk::Walk};
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
        let range = match &wanted.start {
            None => range(wanted).backward(),
            Some(PageStart::After(place)) => range(wanted).backward().after(Some(place)),
            Some(PageStart::Before(place)) => range(wanted).after(Some(place)),
        };
        self.bundles(range, wanted.limit, AtOnce::LARGE).map(|found| found?.read(present)).boxed()
    }

    /// Whether there are users on the other side of the place where the list begins.
    pub async fn users_behind(&self, wanted: &ListUsers) -> Result<bool, StoreError> {
        let range = match &wanted.start {
            None => return Ok(false),
            Some(PageStart::After(place)) => range(wanted).after(Some(place)),
            Some(PageStart::Before(place)) => range(wanted).backward().after(Some(place)),
        };
        // One of the two is the place itself.
        Ok(self.walk(range, 2, Ok).try_next().await?.is_some())
    }
}

/// The users that were created within the bounds, oldest first. A place is a time, `#` and an id: `$` is the character after it.
fn range(wanted: &ListUsers) -> KeyRange {
    let (low, high) = bounds(wanted);
    KeyRange::timeline(table::USERS).between(low, high)
}

fn bounds(wanted: &ListUsers) -> (String, String) {
    (
        wanted.created_after.map_or_else(|| " ".to_owned(), |time| format!("{time}$")),
        wanted.created_before.map_or_else(|| "~".to_owned(), |time| format!("{time}#")),
    )
}

/// The user. `None` if the user was erased since the index was written, or cannot be read.
fn present(items: Vec<Item>) -> Result<Option<User>, StoreError> {
    let Some(item) = items.into_iter().next() else { return Ok(None) };
    match UserItem::read(item).and_then(UserItem::into_record) {
        Ok(UserRecord::Present(user)) => Ok(Some(*user)),
        Ok(UserRecord::Erased) => Ok(None),
        Err(error) => {
            tracing::error!(error = telemetry::chain(&error), "a user of a list cannot be read");
            Ok(None)
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
