//! Addresses that are one user's alone (contract 1): taken, moved and freed by transaction.

use aws_sdk_dynamodb::types::TransactWriteItem;

use super::{
    Item, Store,
    error::StoreError,
    expression::{Action, Condition},
    number, string,
    table::{self, Key},
    transaction::Cancelled,
    user_error::CreateUserError,
    user_item::{UserItem, attribute},
};
use crate::domain::{EmailAddress, UserId, user::Text};

/// Whose an address is.
const HOLDER: &str = "holder";

/// What a move of an address demands of the user.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    /// That nothing has changed since the user was seen.
    Version,
    /// That the address has not.
    Address,
}

/// How a move of an address ended.
pub(super) enum Moved {
    Done,
    Taken,
    /// Somebody else changed the user in between: look again.
    Overtaken,
}

impl Store {
    /// Puts a new user and takes the address.
    pub(super) async fn put_with_email(
        &self,
        id: UserId,
        user: Item,
        email: &EmailAddress,
    ) -> Result<(), CreateUserError> {
        let parts = vec![self.put_part(user, Some(&vacant()))?, self.take(email, id)?];
        match self.transact(parts).await? {
            Ok(()) => Ok(()),
            Err(Cancelled::Part(_)) => Err(CreateUserError::Taken),
            Err(Cancelled::Conflict) => {
                Err(StoreError::Unavailable("another transaction is under way on this address".into()).into())
            }
        }
    }

    /// Changes a user whose address becomes another one: the user, the new address and the old one, all or none,
    /// on the condition that `demands` hold and the user is still what was seen, as far as `guard` says.
    pub(super) async fn move_email(
        &self,
        old: &UserItem,
        email: &EmailAddress,
        actions: &[Action],
        demands: Vec<Condition>,
        guard: Guard,
    ) -> Result<Moved, StoreError> {
        let Some(id) = old.id() else { return Err(StoreError::Malformed("a user's key holds no id".into())) };
        let mut parts = vec![self.update_part(&Key::user(id), actions, &as_seen(old, demands, guard))?];
        let freed = old.email.as_deref().and_then(EmailAddress::parse).map(|email| email.unique_form());
        if freed.as_deref() != Some(email.unique_form().as_str()) {
            parts.push(self.take(email, id)?);
            if let Some(freed) = freed {
                parts.push(self.free(&freed, id)?);
            }
        }
        Ok(match self.transact(parts).await? {
            Ok(()) => Moved::Done,
            Err(Cancelled::Part(1)) => Moved::Taken,
            Err(Cancelled::Part(_) | Cancelled::Conflict) => Moved::Overtaken,
        })
    }

    /// Frees an address that is `id`'s; done already is as good.
    pub(super) async fn free_email(&self, unique_form: &str, id: UserId) -> Result<(), StoreError> {
        // On its own a transaction of one: the condition's failure is no error here.
        self.transact(vec![self.free(unique_form, id)?]).await.map(|_| ())
    }

    fn take(&self, email: &EmailAddress, id: UserId) -> Result<TransactWriteItem, StoreError> {
        let mut item = Key::email(&email.unique_form()).attributes();
        item.insert(HOLDER.into(), string(id.to_string()));
        self.put_part(item, Some(&vacant_or_held_by(id)))
    }

    fn free(&self, unique_form: &str, id: UserId) -> Result<TransactWriteItem, StoreError> {
        self.delete_part(&Key::email(unique_form), Some(&vacant_or_held_by(id)))
    }
}

fn as_seen(old: &UserItem, demands: Vec<Condition>, guard: Guard) -> Condition {
    let address = || attribute(Text::Email).into();
    let mut all = vec![Condition::Missing(table::ERASED_AT.into())];
    all.extend(demands);
    all.push(match (guard, &old.email) {
        (Guard::Version, _) => Condition::Equals(table::VERSION.into(), number(old.version)),
        (Guard::Address, Some(email)) => Condition::Equals(address(), string(email)),
        (Guard::Address, None) => Condition::Missing(address()),
    });
    Condition::All(all)
}

fn vacant() -> Condition {
    Condition::Missing(table::PK.into())
}

fn vacant_or_held_by(id: UserId) -> Condition {
    Condition::Any(vec![vacant(), Condition::Equals(HOLDER.into(), string(id.to_string()))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::stored;

    #[test]
    fn an_address_is_taken_by_the_item_that_was_once_written() {
        let user = UserId::parse("ea7673ee-c631-4451-9cf2-1426eeca2189").unwrap();
        let mut item = Key::email("fixture-1@example.com").attributes();
        item.insert(HOLDER.into(), string(user.to_string()));
        assert_eq!(stored::item("email"), item);
    }
}
