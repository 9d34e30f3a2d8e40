//! Addresses that mail must not be sent to: written when mail came back, lifted by an operator.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    Action, Condition, Item, Key, Refused, Store, StoreError, records, table,
    user_item::{SUPPRESSED, SuppressionItem},
};
use crate::domain::{Suppression, UserId};

impl Store {
    /// Has an address (in lower case) of a user no longer used; `false` where there is no such user. The user's version
    /// stays: nothing that a user wrote has changed.
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
            // Erased in between, or somebody else suppressed the first one: the event comes again.
            Err(Refused::Condition(_)) => Err(StoreError::Unavailable("others keep changing this user".into())),
        }
    }

    /// Has an address used again; `false` where it was not suppressed, or nobody has that id.
    pub async fn lift_suppression(&self, id: UserId, address: &str) -> Result<bool, StoreError> {
        let path = || [SUPPRESSED, address].into();
        let suppressed = there(Condition::Exists(path()));
        // The user is there and the address is not: our own first try has lifted it.
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
