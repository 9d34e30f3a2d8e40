//! Lists that are read step by step. The reader decides when to stop.

use futures::{StreamExt, TryStreamExt, stream::BoxStream};

use super::StoreError;

/// A place in a list, and the item at that place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<T> {
    /// The place. A later read can go on after it.
    pub place: String,
    /// The item. `None` if it is not shown: it has expired, or was not asked for.
    pub item: Option<T>,
    /// Whether another place is known to follow. `false`: only the next read tells.
    pub is_followed: bool,
}

/// A list in its order. Nothing is read before it is needed.
pub type Walk<'a, T> = BoxStream<'a, Result<Found<T>, StoreError>>;

impl<T> Found<T> {
    /// The same place with the item that `read` makes of this one. `read` returns `None` for an item that is not shown.
    pub(super) fn read<U>(self, read: impl FnOnce(T) -> Result<Option<U>, StoreError>) -> Result<Found<U>, StoreError> {
        Ok(Found { place: self.place, item: self.item.map(read).transpose()?.flatten(), is_followed: self.is_followed })
    }
}

/// The first items of a list, at most `most`, without their places.
pub async fn first<T>(walk: Walk<'_, T>, most: usize) -> Result<Vec<T>, StoreError> {
    walk.try_filter_map(async |found| Ok(found.item)).take(most).try_collect().await
}
