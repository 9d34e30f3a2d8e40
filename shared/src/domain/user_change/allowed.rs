//! A user for whom a caller asks.

use super::{Rule, UserChange};
use crate::domain::UserId;

/// A user whom a caller has a right to, if the stored user meets the rule. The store's functions for such callers take
/// this and not the bare id, so that the rule is not forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedUser {
    id: UserId,
    rule: Option<Rule>,
}

impl AllowedUser {
    /// A user to whom the caller has a right whatever is stored: users themselves, and callers who are about everyone.
    pub fn without_rule(id: UserId) -> Self {
        Self { id, rule: None }
    }

    /// A user to whom the caller has a right if the stored user meets `rule`.
    pub fn under(id: UserId, rule: Rule) -> Self {
        Self { id, rule: Some(rule) }
    }

    /// The user's id.
    pub fn id(&self) -> UserId {
        self.id
    }

    /// `change` under the rule that the stored user has to meet.
    pub fn under_rule(&self, change: UserChange) -> UserChange {
        UserChange { rule: self.rule.clone(), ..change }
    }

    /// The rule that the stored user has to meet.
    pub fn rule(&self) -> Option<&Rule> {
        self.rule.as_ref()
    }
}
