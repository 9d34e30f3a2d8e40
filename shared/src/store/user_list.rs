//! All users by the time of their creation, page by page. The index gives the order, then the users are read.

use futures::StreamExt;

use super::{
    Item, Store, StoreError, owned::AtOnce, parts, table, time_list::ListPage, user_item::UserItem, walk::Walk,
};
use crate::{
    domain::{Timestamp, User, UserId, user::UserRecord},
    telemetry,
};

impl Store {
    /// Users, the newest first. With `PageStart::Before` they are read in the other direction: away from that place, so the
    /// oldest first. A change of the table reaches the index a moment later, so a new user may be missing.
    pub fn list_users(&self, wanted: &ListPage) -> Walk<'_, User> {
        let most = wanted.most();
        let first = |part: &String| if part == table::USERS { most } else { parts::share(most) };
        let parts = parts::with_old(table::USERS).into_iter().map(|part| {
            let first = first(&part);
            (part, first)
        });
        self.listed(parts, wanted, AtOnce::LARGE).map(|found| found?.read(present)).boxed()
    }

    /// Whether there are users on the other side of the place where the list begins, or at it.
    pub async fn users_behind(&self, wanted: &ListPage) -> Result<bool, StoreError> {
        let near = |place: &str, part: &String| {
            let own = place.split_once('#').and_then(|(_, id)| UserId::parse(id)).map(table::users_part);
            part == table::USERS || own.as_ref() == Some(part)
        };
        self.is_behind(parts::with_old(table::USERS), near, wanted).await
    }
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

/// Whether this is a place in the list of users, or of a topic's subscriptions.
pub fn is_place(text: &str) -> bool {
    let Some((time, id)) = text.split_once('#') else { return false };
    Timestamp::parse(time).is_some_and(|parsed| parsed.to_string() == time) && UserId::parse(id).is_some()
}
