//! What an item says of the user that it holds, or why nothing is done to it.

use super::{Item, precondition::Precondition, rights, user_error::UpdateUserError, user_item::UserItem};
use crate::domain::UserChange;

/// The user behind a refusal, or the refusal's reason.
pub(super) fn seen(item: Item, precondition: Option<&Precondition>) -> Result<UserItem, UpdateUserError> {
    if item.is_empty() {
        return Err(UpdateUserError::NotFound);
    }
    let item = UserItem::read(item)?;
    if item.erased_at.is_some() {
        return Err(UpdateUserError::Erased);
    }
    if precondition.is_some_and(|precondition| !precondition.holds(item.version)) {
        return Err(UpdateUserError::Stale);
    }
    Ok(item)
}

/// The same, for a change that carries a rule: who has no right over a user learns nothing of their version.
pub(super) fn seen_by(
    change: &UserChange,
    item: Item,
    precondition: Option<&Precondition>,
) -> Result<UserItem, UpdateUserError> {
    let is_allowed = rights::hold(change, &item);
    let item = seen(item, None)?;
    if !is_allowed {
        return Err(UpdateUserError::Forbidden);
    }
    if precondition.is_some_and(|precondition| !precondition.holds(item.version)) {
        return Err(UpdateUserError::Stale);
    }
    Ok(item)
}
