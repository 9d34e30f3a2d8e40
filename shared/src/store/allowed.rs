//! Reads and writes for callers whose right depends on the stored user.

use super::{Store, precondition::Precondition, user_error::UpdateUserError};
use crate::domain::{Timestamp, User, UserChange, user_change::AllowedUser};

impl Store {
    /// Reads a user. [`UpdateUserError::Forbidden`] if the user does not meet the rule.
    pub async fn allowed_user(&self, user: &AllowedUser) -> Result<User, UpdateUserError> {
        self.unchanged(user.id(), &user.under_rule(UserChange::default()), None).await
    }

    /// Checks the rule before something is read or written that belongs to the user and is stored apart from the user's
    /// item. Costs a read if there is a rule, else nothing. The answer stays right for as long as the user is there: a
    /// user's organisation never changes.
    pub async fn check_allowed(&self, user: &AllowedUser) -> Result<(), UpdateUserError> {
        if user.rule().is_some() {
            self.allowed_user(user).await?;
        }
        Ok(())
    }

    /// Changes a user. The rule is a part of the write's condition.
    pub async fn update_allowed(
        &self,
        user: &AllowedUser,
        change: UserChange,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<User, UpdateUserError> {
        self.update_user(user.id(), &user.under_rule(change), precondition, now).await
    }
}
