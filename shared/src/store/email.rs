//! Addresses that only one user may have (contract 1). Transactions reserve, move and free them.

use aws_sdk_dynamodb::types::TransactWriteItem;

use super::{
    Item, Store,
    error::StoreError,
    expression::{Action, Condition},
    number, retry, security, string,
    table::{self, Key},
    transaction::Cancelled,
    user_error::CreateUserError,
    user_item::{UserItem, attribute},
};
use crate::domain::{EmailAddress, UserId, suppression::comparable, user::Text, user_change::EmailRule};

/// The attribute with the id of the user who has the address.
const HOLDER: &str = "holder";

/// The most tries of a change, as long as other writes are in its way.
const MAX_CONFLICTS: u32 = 12;
/// The round of [`retry::pause`] after which pauses between these tries get no longer: other writes are short.
const LONGEST_PAUSE: u32 = 3;

/// What the change of a user's address demands of the stored user.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    /// Nothing has changed since the user was read.
    Version,
    /// The address has not changed since the user was read.
    Address,
}

/// The new address of a user, and its rules.
#[derive(Clone, Copy)]
pub(super) struct Address<'a> {
    pub email: &'a EmailAddress,
    /// Whether no other user may have the address reserved, and this user reserves it from now on.
    pub is_unique: bool,
    pub rule: EmailRule,
}

/// The result of a change of an address.
pub(super) enum Moved {
    Done,
    Taken,
    /// The user's organisation does not allow it.
    Locked,
    /// Another write has changed the user in the meantime. The caller must read the user again.
    Overtaken,
}

/// The result of a write that frees an address.
pub(super) enum Freed {
    Done,
    /// The write's condition did not hold. Nothing was written.
    Refused,
    /// The address is another user's. Nothing was written.
    Others,
}

impl Store {
    /// The user who has the address reserved: who was created with it by contract 1, or has changed to it there.
    pub async fn holder_of(&self, email: &EmailAddress) -> Result<Option<UserId>, StoreError> {
        let item = self.get(&Key::email(&email.unique_form())).await?;
        Ok(item.and_then(|item| UserId::parse(item.get(HOLDER)?.as_s().ok()?)))
    }

    /// Puts a new user with the user's devices, and reserves the address. The user's item must be as `free` says.
    pub(super) async fn put_with_email(
        &self,
        id: UserId,
        user: Item,
        email: &EmailAddress,
        devices: Vec<Item>,
        free: &Condition,
    ) -> Result<(), CreateUserError> {
        // Only the first two parts have a condition.
        let mut parts = vec![self.put_part(user, Some(free))?, self.take(email, id)?];
        for device in devices {
            parts.push(self.put_part(device, None)?);
        }
        match self.transact(parts).await? {
            Ok(()) => Ok(()),
            Err(Cancelled::Part(0)) => Err(CreateUserError::IdTaken),
            Err(Cancelled::Part(_)) => Err(CreateUserError::Taken),
            Err(Cancelled::Conflict) => {
                Err(StoreError::Unavailable("another transaction is under way on this address".into()).into())
            }
        }
    }

    /// Changes a user and the user's address: the user, the new address and the old address are written together, or
    /// none of them. The conditions are that `demands` hold and that the user has not changed since `old` was read, as
    /// `guard` says.
    pub(super) async fn move_email(
        &self,
        old: &UserItem,
        Address { email, is_unique, rule }: Address<'_>,
        actions: &[Action],
        demands: Vec<Condition>,
        guard: Guard,
    ) -> Result<Moved, StoreError> {
        let Some(id) = old.id() else { return Err(StoreError::Malformed("a user's key holds no id".into())) };
        let update = self.update_part(&Key::user(id), actions, &as_seen(old, demands, guard))?;
        // Each part, and what it means if its condition fails.
        let mut parts = vec![(update, Moved::Overtaken)];
        let freed = old.email.as_deref().filter(|_| old.owns_email).map(comparable);
        if (old.owns_email || is_unique) && freed.as_deref() != Some(email.unique_form().as_str()) {
            parts.push((self.take(email, id)?, Moved::Taken));
            if let Some(freed) = freed {
                parts.push((self.free(&freed, id)?, Moved::Overtaken));
            }
        }
        if let (Some(feature), Some(org)) = (rule.feature(), &old.org) {
            parts.push((self.check_part(&Key::security(org), &security::is_on(feature))?, Moved::Locked));
        }
        let (parts, failed): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        Ok(match self.transact_past_conflicts(parts).await? {
            Ok(()) => Moved::Done,
            Err(Cancelled::Part(at)) => failed.into_iter().nth(at).unwrap_or(Moved::Overtaken),
            Err(Cancelled::Conflict) => Moved::Overtaken,
        })
    }

    /// A transaction that is repeated while other writes of its items are under way. Nothing is read anew in between: what it demands
    /// may still hold. A user whom many write at once leaves it few moments, so it has many tries.
    async fn transact_past_conflicts(
        &self,
        parts: Vec<TransactWriteItem>,
    ) -> Result<Result<(), Cancelled>, StoreError> {
        for conflict in 1..MAX_CONFLICTS {
            match self.transact(parts.clone()).await? {
                Err(Cancelled::Conflict) => {
                    retry::pause(conflict.min(LONGEST_PAUSE), &self.clock, &self.random).await;
                }
                ended => return Ok(ended),
            }
        }
        self.transact(parts).await
    }

    /// Writes `part` and frees an address of the user `id`: both are done, or nothing is.
    pub(super) async fn write_and_free(
        &self,
        part: TransactWriteItem,
        unique_form: &str,
        id: UserId,
    ) -> Result<Freed, StoreError> {
        match self.transact_past_conflicts(vec![part, self.free(unique_form, id)?]).await? {
            Ok(()) => Ok(Freed::Done),
            Err(Cancelled::Part(0)) => Ok(Freed::Refused),
            Err(Cancelled::Part(_)) => Ok(Freed::Others),
            Err(Cancelled::Conflict) => {
                Err(StoreError::Unavailable("other writes keep getting in the way of this address".into()))
            }
        }
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
