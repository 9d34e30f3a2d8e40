//! Reads a user's item, or says why a change of the user is refused.

use super::{Item, precondition::Precondition, rights, user_error::UpdateUserError, user_item::UserItem};
use crate::domain::UserChange;

/// The user of an item. The error says that there is no user, that the user was erased, or that the precondition does
/// not hold.
pub(super) fn seen(item: Item, precondition: Option<&Precondition>) -> Result<UserItem, UpdateUserError> {
    if item.is_empty() {
        return Err(UpdateUserError::NotFound);
    }
    let is_met = precondition.is_none_or(|precondition| precondition.holds_in(&item));
    let item = UserItem::read(item)?;
    if item.erased_at.is_some() {
        return Err(UpdateUserError::Erased);
    }
    if is_met { Ok(item) } else { Err(UpdateUserError::Stale) }
}

/// [`seen`] for a change that may have a rule. The rule is checked before the precondition, so that a caller without
/// the right learns nothing about the user's version.
pub(super) fn seen_by(
    change: &UserChange,
    item: Item,
    precondition: Option<&Precondition>,
) -> Result<UserItem, UpdateUserError> {
    let is_allowed = rights::hold(change, &item);
    let is_met = precondition.is_none_or(|precondition| precondition.holds_in(&item));
    let item = seen(item, None)?;
    if !is_allowed {
        return Err(UpdateUserError::Forbidden);
    }
    if is_met { Ok(item) } else { Err(UpdateUserError::Stale) }
}
