//! Suppressions. A bounced mail or a complaint makes one, and an operator can remove it.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    Action, Condition, Item, Key, Refused, Store, StoreError, records, table,
    user_item::{SUPPRESSED, SuppressionItem},
};
use crate::domain::{Suppression, UserId};

impl Store {
    /// Suppresses a user's address, which is in lower case. Returns `false` if there is no such user. The user's
    /// version does not rise, because nothing has changed that the user has written.
    pub async fn suppress(&self, id: UserId, address: &str, why: Suppression) -> Result<bool, StoreError> {
        let item = records::write(&SuppressionItem { cause: why.cause, at: why.at.millis() })?;
        let one = AttributeValue::M(item);
        let within = Action::SetIfMissing([SUPPRESSED, address].into(), one.clone());
        let item = match self.update(&Key::user(id), &[within], &there(Condition::Exists(SUPPRESSED.into()))).await {
            Ok(_) => return Ok(true),
            Err(Refused::Error(error)) => return Err(error),
            Err(Refused::Condition(item)) => item,
        };
        if item.is_empty() || item.contains_key(table::ERASED_AT) {
            return Ok(false);
        }
        let all = AttributeValue::M(Item::from([(address.to_owned(), one)]));
        let first = Action::SetIfMissing(SUPPRESSED.into(), all);
        let is_own = |item: &Item| item.get(SUPPRESSED).and_then(|all| all.as_m().ok()?.get(address)).is_some();
        let none = there(Condition::Missing(SUPPRESSED.into()));
        match self.update_own(&Key::user(id), &[first], &none, &is_own).await {
            Ok(_) => Ok(true),
            Err(Refused::Error(error)) => Err(error),
            // The user was erased in the meantime, or another call has written the first suppression. The event will
            // come again.
            Err(Refused::Condition(_)) => Err(StoreError::Unavailable("others keep changing this user".into())),
        }
    }

    /// Removes the suppression of an address. Returns `false` if the address was not suppressed, or there is no such
    /// user.
    pub async fn lift_suppression(&self, id: UserId, address: &str) -> Result<bool, StoreError> {
        let path = || [SUPPRESSED, address].into();
        let suppressed = there(Condition::Exists(path()));
        // The user exists and the suppression does not: our own first try has removed it.
        let is_own = |item: &Item| !item.is_empty() && !item.contains_key(table::ERASED_AT);
        match self.update_own(&Key::user(id), &[Action::Remove(path())], &suppressed, &is_own).await {
            Ok(_) => Ok(true),
            Err(Refused::Error(error)) => Err(error),
            Err(Refused::Condition(_)) => Ok(false),
        }
    }
}

fn there(and: Condition) -> Condition {
    Condition::All(vec![Condition::Exists(table::PK.into()), Condition::Missing(table::ERASED_AT.into()), and])
}
