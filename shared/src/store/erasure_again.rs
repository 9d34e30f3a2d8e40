//! Erases again whom a restore brought back.

use super::{
    Store, StoreError, precondition::Precondition, table::Key, user_error::UpdateUserError, user_item::UserItem,
};
use crate::erasure_log::LoggedErasure;

/// The result of an erasure that is applied again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErasedAgain {
    /// The user, or what was left of the user, was there and is erased.
    Erased,
    /// Nothing was there to erase.
    NothingThere,
    /// The user of that id was created after the erasure, and stays: an erased id can be used again.
    CreatedSince,
}

impl Store {
    /// Erases a user as `erasure` did, unless the user was created anew since. It may be done any number of times, on any table, so
    /// that nobody has to know exactly to which time a table was restored.
    pub async fn erase_again(&self, erasure: &LoggedErasure) -> Result<ErasedAgain, StoreError> {
        let stored = self.get(&Key::user(erasure.user)).await?.map(UserItem::read).transpose()?;
        // The version tells, whatever the clocks say. It begins anew for a user who was created on a restored table, so the time
        // tells as well: whoever was created after an erasure is not the one who was erased.
        let is_newer = |user: &UserItem| {
            erasure.version.is_some_and(|erased| user.version > erased) || user.created_at > erasure.at.millis()
        };
        let seen = match stored {
            Some(user) if user.erased_at.is_none() && is_newer(&user) => {
                return Ok(ErasedAgain::CreatedSince);
            }
            // Nobody else should write to a table that was just restored. Who does loses no user by it.
            Some(user) if user.erased_at.is_none() => Some(Precondition::Versions(vec![user.version])),
            Some(_) | None => None,
        };
        match self.erase_user(erasure.user, seen.as_ref(), self.clock.now()).await {
            Ok(()) => Ok(ErasedAgain::Erased),
            Err(UpdateUserError::NotFound | UpdateUserError::Erased) => Ok(ErasedAgain::NothingThere),
            Err(UpdateUserError::Store(error)) => Err(error),
            Err(error) => Err(StoreError::Unavailable(error.into())),
        }
    }
}
