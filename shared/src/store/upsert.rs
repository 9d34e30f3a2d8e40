//! Upserts of users (contract 3): a user who exists is changed; a user who does not exist, or was erased, is created.

use std::collections::HashSet;

use futures::{StreamExt, TryStreamExt, stream};

use super::{
    Item, MAX_INSERTS, Store, budget,
    custom::CustomWrite,
    error::StoreError,
    expression::Condition,
    number,
    precondition::Precondition,
    reads::PARALLEL,
    table::{self, Key},
    tombstone::SECOND_LOOK,
    user_actions,
    user_error::UpdateUserError,
    user_item::{ERASING, UserItem},
    user_write::MAX_ROUNDS,
};
use crate::domain::{Timestamp, User, UserChange, UserId, custom, json::Object};

/// A user who was changed or created.
#[derive(Clone, Debug, PartialEq)]
pub struct Upserted {
    /// The user afterwards.
    pub user: User,
    /// Whether the user was created.
    pub created: bool,
}

/// A user whom a request describes. Nobody describes a device by it.
#[derive(Clone, Debug, PartialEq)]
pub struct NewPerson {
    /// The id.
    pub id: UserId,
    /// The external id, if it is not the id itself.
    pub external_id: Option<String>,
    /// All else.
    pub change: UserChange,
}

impl Store {
    /// Creates those of these people, each there once, who do not exist and never did: nobody who is there is changed, and nobody who was
    /// erased comes back. All are looked at before one is written, and it may be repeated, after an error too.
    ///
    /// A thousand cost 10 calls that read and 40 that write, four at a time. The worst: each is tried six times with pauses of 0.6 s
    /// together, 6 s in all besides the calls themselves.
    pub async fn create_missing(&self, people: &[NewPerson], now: Timestamp) -> Result<(), UpdateUserError> {
        let ids: Vec<_> = people.iter().map(|person| person.id).collect();
        let unknown = self.unknown_users(&ids).await?;
        let new = people.iter().filter(|person| unknown.contains(&person.id));
        let items =
            new.map(|NewPerson { id, external_id, change }| item(*id, external_id.as_deref(), change, None, now));
        let items = items.collect::<Result<Vec<_>, _>>()?;
        let calls: Vec<_> = items.chunks(MAX_INSERTS).map(|items| self.insert_all(items.to_vec())).collect();
        stream::iter(calls).buffer_unordered(PARALLEL).try_collect::<Vec<_>>().await?;
        Ok(())
    }

    /// Those of these users who do not exist and never did.
    async fn unknown_users(&self, ids: &[UserId]) -> Result<HashSet<UserId>, StoreError> {
        let known: HashSet<_> = self.existing(ids.iter().copied().map(Key::user)).await?.into_iter().collect();
        Ok(ids.iter().copied().filter(|id| !known.contains(&Key::user(*id))).collect())
    }

    /// Changes a user, or creates one by the change: all of the change or nothing is written. A new user gets
    /// `external_id`. Costs one write if the user exists, else a refused write and a put.
    pub async fn upsert_user(
        &self,
        id: UserId,
        external_id: Option<&str>,
        change: &UserChange,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<Upserted, UpdateUserError> {
        for _ in 0..MAX_ROUNDS {
            let erased = match self.update_user(id, change, precondition, now).await {
                Ok(user) => return Ok(Upserted { user, created: false }),
                // A caller who names a version wants to change the user that the caller has read.
                Err(UpdateUserError::NotFound | UpdateUserError::Erased)
                    if precondition.is_some_and(|precondition| !precondition.holds_for_nothing()) =>
                {
                    return Err(UpdateUserError::Stale);
                }
                Err(UpdateUserError::NotFound) => None,
                Err(UpdateUserError::Erased) => match self.erased_version(id, now).await {
                    Ok(Some(version)) => Some(version),
                    // There is a user again.
                    Ok(None) | Err(UpdateUserError::Stale) => continue,
                    Err(error) => return Err(error),
                },
                Err(error) => return Err(error),
            };
            if let Some(user) = self.put_user(id, external_id, change, erased, now).await? {
                return Ok(Upserted { user, created: true });
            }
        }
        Err(StoreError::Unavailable("others keep changing this user".into()).into())
    }

    /// The version of an erased user's tombstone, whom a new user may replace; `None` if there is nobody, and nobody was.
    /// [`UpdateUserError::Stale`] if there is a user.
    ///
    /// If the erasure is not finished, it is finished first, and if its second look is still to come, that comes first: otherwise the new
    /// user would have what is left of the old one.
    pub(super) async fn erased_version(&self, id: UserId, now: Timestamp) -> Result<Option<u64>, UpdateUserError> {
        for _ in 0..MAX_ROUNDS {
            let Some(item) = self.get(&Key::user(id)).await? else { return Ok(None) };
            let has_second_look = item.contains_key(SECOND_LOOK);
            let item = UserItem::read(item)?;
            if item.erased_at.is_none() {
                return Err(UpdateUserError::Stale);
            }
            if item.erasing.is_none() {
                if has_second_look {
                    self.look_again(id).await?;
                }
                return Ok(Some(item.version));
            }
            match self.erase_user(id, None, now).await {
                Ok(()) | Err(UpdateUserError::Erased) => {}
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Unavailable("others keep changing this user".into()).into())
    }

    /// Puts a new user. `erased` is the version of the tombstone that the new user replaces, if there is one. Returns
    /// `None` if another write was faster.
    async fn put_user(
        &self,
        id: UserId,
        external_id: Option<&str>,
        change: &UserChange,
        erased: Option<u64>,
        now: Timestamp,
    ) -> Result<Option<User>, UpdateUserError> {
        let item = item(id, external_id, change, erased, now)?;
        let user = UserItem::read(item.clone())?.into_user()?;
        self.own_devices(id, change.tokens(), now).await?;
        Ok(self.put_if(item, &free(erased)).await?.then_some(user))
    }
}

/// The item of a new user.
fn item(
    id: UserId,
    external_id: Option<&str>,
    change: &UserChange,
    erased: Option<u64>,
    now: Timestamp,
) -> Result<Item, UpdateUserError> {
    let record = UserItem {
        external_id: external_id.map(str::to_owned),
        custom_bytes: u64::try_from(custom::bytes(&Object::new())).unwrap_or(u64::MAX),
        // The version continues after an erasure, so that no version names two states.
        version: erased.map_or(1, |version| version + 1),
        ..UserItem::new(id, now)
    };
    let custom = CustomWrite::Unseen.fit(&change.custom, None).map_err(UpdateUserError::TooLarge)?;
    let mut item = record.write()?;
    for action in user_actions::actions(change, &custom, now)? {
        action.apply(&mut item)?;
    }
    budget::settle(&mut item).map_err(UpdateUserError::TooLarge)?;
    Ok(item)
}

/// Nobody is there: no item, or the tombstone of this version, whose erasure is finished.
pub(super) fn free(erased: Option<u64>) -> Condition {
    match erased {
        None => Condition::Missing(table::PK.into()),
        Some(version) => Condition::All(vec![
            Condition::Exists(table::ERASED_AT.into()),
            Condition::Equals(table::VERSION.into(), number(version)),
            Condition::Missing(ERASING.into()),
        ]),
    }
}
