//! All users by the time of their creation, page by page. The index gives the order, then the users are read.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{Item, Store, StoreError, calls::KeyRange, table};
use crate::domain::{Timestamp, User, UserId, user::UserRecord};

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
    /// The most users of the page.
    pub limit: usize,
    /// The place at which the page begins. `None` begins at the newest user.
    pub start: Option<PageStart>,
    /// Only users created later than this.
    pub created_after: Option<Timestamp>,
    /// Only users created earlier than this.
    pub created_before: Option<Timestamp>,
}

/// A page. Its order leads away from the place at which it begins.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserPage {
    /// Users with their places.
    pub users: Vec<(String, User)>,
    /// Whether there are more users in the same direction.
    pub more: bool,
    /// Whether there are users on the other side of the place at which the page begins.
    pub behind: bool,
}

/// A key range of the index. It includes both of its ends.
struct Range {
    low: String,
    high: String,
}

impl Store {
    /// One page of users. A change of the table reaches the index a moment later: a user who was just created may be
    /// missing.
    pub async fn list_users(&self, wanted: &ListUsers) -> Result<UserPage, StoreError> {
        let all = Range::created(wanted);
        let (range, place, forward) = match &wanted.start {
            None => (all.clone_from_to(None, None), None, false),
            Some(PageStart::After(place)) => (all.clone_from_to(None, Some(place)), Some(place), false),
            Some(PageStart::Before(place)) => (all.clone_from_to(Some(place), None), Some(place), true),
        };
        // One more for `more`, and one for the place itself.
        let mut keys = self.places(&range, forward, wanted.limit.saturating_add(2)).await?;
        keys.retain(|(at, _)| Some(at) != place);
        let more = keys.len() > wanted.limit;
        keys.truncate(wanted.limit);
        let behind = match &wanted.start {
            None => false,
            Some(PageStart::After(place)) => {
                !self.places(&all.clone_from_to(Some(place), None), false, 1).await?.is_empty()
            }
            Some(PageStart::Before(place)) => {
                !self.places(&all.clone_from_to(None, Some(place)), false, 1).await?.is_empty()
            }
        };
        let mut loaded = self.load(keys.iter().map(|(_, id)| *id), [], self.clock.now()).await?.users;
        // A user who was erased after the index was read is left out.
        let present = |(at, id)| match loaded.remove(&id) {
            Some(UserRecord::Present(user)) => Some((at, *user)),
            Some(UserRecord::Erased) | None => None,
        };
        Ok(UserPage { users: keys.into_iter().filter_map(present).collect(), more, behind })
    }

    /// At most `most` places in a key range, oldest first if `forward`, else newest first.
    async fn places(&self, range: &Range, forward: bool, most: usize) -> Result<Vec<(String, UserId)>, StoreError> {
        let Range { low, high } = range;
        let hash = (table::OWNER, table::USERS);
        let wanted = KeyRange { index: Some(table::TIMELINE), hash, sort: table::AT, low, high };
        Ok(self.query_range(wanted, forward, most).await?.iter().filter_map(place).collect())
    }
}

impl Range {
    /// The places of users created within the bounds. A place is a time, `#` and an id. `$` is the character after `#`.
    fn created(wanted: &ListUsers) -> Self {
        Self {
            low: wanted.created_after.map_or_else(|| " ".to_owned(), |time| format!("{time}$")),
            high: wanted.created_before.map_or_else(|| "~".to_owned(), |time| format!("{time}#")),
        }
    }

    fn clone_from_to(&self, low: Option<&String>, high: Option<&String>) -> Self {
        Self {
            low: low.map_or(&self.low, |low| low.max(&self.low)).clone(),
            high: high.map_or(&self.high, |high| high.min(&self.high)).clone(),
        }
    }
}

fn place(item: &Item) -> Option<(String, UserId)> {
    let text = |name| item.get(name).and_then(|value: &AttributeValue| value.as_s().ok());
    let id = text(table::PK)?.strip_prefix("USER#").and_then(UserId::parse)?;
    Some((text(table::AT)?.clone(), id))
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
        let of = |after, before| {
            Range::created(&ListUsers { limit: 1, start: None, created_after: after, created_before: before })
        };
        let place = format!("{time}#{}", UserId::random());
        let later = format!("{}#{}", Timestamp::from_millis(1_709_287_200_001), UserId::random());
        assert!(is_place(&place) && !is_place("x#y") && !is_place(&time.to_string()));
        let after = of(Some(time), None);
        assert!(after.low > place && after.low < later && later < after.high);
        let before = of(None, Some(time));
        assert!(before.high < place && before.high < later);
        assert!(of(Some(time), Some(time)).low > of(Some(time), Some(time)).high);
    }
}
