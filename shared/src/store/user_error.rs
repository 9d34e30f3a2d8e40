//! Why a user was not created or changed.

use super::error::StoreError;
use crate::domain::user_change::Bounded;

/// Why a user was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateUserError {
    /// Another user has that address.
    #[error("the address is taken")]
    Taken,
    /// There is a user of that id: the external id is taken.
    #[error("the id is taken")]
    IdTaken,
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a user was not changed. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum UpdateUserError {
    /// No user has that id.
    #[error("no such user")]
    NotFound,
    /// The user was erased.
    #[error("the user was erased")]
    Erased,
    /// The rule that gives the caller the right does not hold for this user.
    #[error("the caller has no right over this user")]
    Forbidden,
    /// `If-Match` names another version.
    #[error("the user has changed since it was read")]
    Stale,
    /// Another user has that address.
    #[error("the address is taken")]
    EmailTaken,
    /// The user's organisation does not allow its address to be changed.
    #[error("the organisation does not allow the address to be changed")]
    EmailLocked,
    /// A part of the user would become larger than it may be.
    #[error("a part of the user would become too large")]
    TooLarge(Bounded),
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
