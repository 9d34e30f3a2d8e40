//! Whose data a kept answer holds, and whether its caller may still see it.

use crate::{
    domain::{UserId, user_change::AllowedUser},
    http::auth::Reach,
    store::{Store, StoreError, UpdateUserError},
};

/// Whose data the answer to a request will hold.
#[derive(Debug)]
pub(super) enum Whose {
    /// A user whom the request names, and the rule that the stored user has to meet.
    Named(AllowedUser),
    /// A user whom the work may make, among those whom the caller's role is about.
    Made(Reach),
    /// Nobody's, or the work finds out whose.
    Unknown,
}

impl Whose {
    /// The user about whom an answer was kept; `kept` is who stands in the kept answer.
    pub fn answered(self, kept: Option<UserId>) -> Option<AllowedUser> {
        match self {
            Self::Named(user) => Some(user),
            Self::Made(reach) => kept.map(|id| reach.user(id)),
            Self::Unknown => kept.map(AllowedUser::without_rule),
        }
    }
}

/// Whether a caller may be shown the answer that is kept about a user.
pub(super) enum Seen {
    Allowed,
    Refused,
    Erased,
}

/// Checks the caller's rule anew. The index by which erasure finds answers lags a little, so erasure may have missed one:
/// no answer is given out about a user who was erased.
pub(super) async fn may_see(store: &Store, user: Option<&AllowedUser>) -> Result<Seen, StoreError> {
    let Some(user) = user else { return Ok(Seen::Allowed) };
    match store.allowed_user(user).await {
        Ok(_) => Ok(Seen::Allowed),
        // A notification may be for a user who never existed.
        Err(UpdateUserError::NotFound) if user.rule().is_none() => Ok(Seen::Allowed),
        Err(UpdateUserError::Erased) => Ok(Seen::Erased),
        Err(UpdateUserError::Store(error)) => Err(error),
        Err(_) => Ok(Seen::Refused),
    }
}
