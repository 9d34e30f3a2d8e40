//! Creates, reads and changes users. A change is one conditional `UpdateItem`, without a read before it.

use super::{
    Store, budget,
    custom::CustomWrite,
    devices,
    error::{Refused, StoreError},
    expression::Condition,
    merge::Merge,
    precondition::Precondition,
    seen::seen_by,
    table::{self, Key},
    upsert::free,
    user_actions,
    user_error::{CreateUserError, UpdateUserError},
    user_item::UserItem,
    user_write::{MAX_ROUNDS, UserWrite},
};
use crate::domain::{Timestamp, User, UserChange, UserId, user::UserRecord, user_change::NewUser};

impl Store {
    /// Creates a user, reserves the address for the user and registers the user's device: all is done, or nothing is. Costs one
    /// transaction. If somebody had that external id and was erased, it costs a refused one and a read more.
    pub async fn create_user(&self, new: NewUser, now: Timestamp) -> Result<User, CreateUserError> {
        let mut erased = None;
        for _ in 0..MAX_ROUNDS {
            match self.put_new(&new, erased, now).await {
                Err(CreateUserError::IdTaken) => {}
                done => return done,
            }
            erased = match self.erased_version(new.id, now).await {
                Ok(version) => version,
                Err(UpdateUserError::Store(error)) => return Err(error.into()),
                Err(_) => return Err(CreateUserError::IdTaken),
            };
        }
        Err(StoreError::Unavailable("others keep changing this user".into()).into())
    }

    /// Puts a new user. `erased` is the version of the tombstone that the new user replaces, if there is one.
    async fn put_new(&self, new: &NewUser, erased: Option<u64>, now: Timestamp) -> Result<User, CreateUserError> {
        let record = UserItem {
            owns_email: true,
            external_id: new.external_id.clone(),
            org: new.org.clone(),
            // The version continues after an erasure, so that no version names two states.
            version: erased.map_or(1, |version| version.saturating_add(1)),
            ..UserItem::new(new.id, now)
        };
        let devices = new.push_token.iter().map(|token| devices::owned(new.id, token, now));
        let devices = devices.collect::<Result<Vec<_>, _>>()?;
        let mut item = record.write()?;
        for action in user_actions::actions(&new.change(), &CustomWrite::Unseen, now)? {
            action.apply(&mut item)?;
        }
        // A new user of contract 1 has no handles and no endpoints: nothing has a budget yet.
        self.put_with_email(new.id, item.clone(), &new.email, devices, &free(erased)).await?;
        Ok(UserItem::read(item)?.into_user()?)
    }

    /// Reads a user.
    pub async fn user(&self, id: UserId) -> Result<Option<UserRecord>, StoreError> {
        match self.get(&Key::user(id)).await? {
            None => Ok(None),
            Some(item) => UserItem::read(item)?.into_record().map(Some),
        }
    }

    /// Changes a user: all of the change or nothing is written. Costs one call. It costs two if the stored time is
    /// later than `now` (another machine's clock is ahead) or if the stored custom fields or handles must be known
    /// first. It costs one refused write and one transaction if the address changes. An empty change is a read.
    ///
    /// A change with device tokens costs one more read, a unit for each token. For tokens that are not this user's yet, the
    /// user is read too, so that nobody takes a device away by a change that is refused, and each costs a write.
    pub async fn update_user(
        &self,
        id: UserId,
        change: &UserChange,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<User, UpdateUserError> {
        if change.is_empty() {
            return self.unchanged(id, change, precondition).await;
        }
        let write = || UserWrite::new(id, change, precondition, &self.random, now);
        let new = self.not_owned(id, change.tokens()).await?;
        if !new.is_empty() {
            let item = self.get(&Key::user(id)).await?.unwrap_or_default();
            write()?.looked(self, item).await?;
            self.own_devices(id, new, now).await?;
        }
        match self.merge(&Key::user(id), write()?).await {
            // Only a user who grew before there were budgets has no room for a choice.
            Err(UpdateUserError::Store(StoreError::TooLarge)) if change.is_choice() && self.make_room(id).await? => {
                self.merge(&Key::user(id), write()?).await
            }
            done => done,
        }
    }

    /// Brings a user who has grown beyond the budgets back into them: takes out what is largest. Returns `false` if there
    /// was nothing to take out.
    async fn make_room(&self, id: UserId) -> Result<bool, StoreError> {
        let Some(item) = self.get(&Key::user(id)).await? else { return Ok(false) };
        let mut actions = budget::trim(&item);
        let Some(version) = item.get(table::VERSION).filter(|_| !actions.is_empty()) else { return Ok(false) };
        actions.extend(user_actions::stamp(None));
        let as_seen = Condition::Equals(table::VERSION.into(), version.clone());
        match self.update_own(&Key::user(id), &actions, &as_seen, &|_| true).await {
            // If another write was faster, or our own first try was, the change is tried again all the same.
            Ok(_) | Err(Refused::Condition(_)) => {
                tracing::warn!(user_id = %id, "a user was larger than the budgets: the largest entries were taken out for an opt-out");
                Ok(true)
            }
            Err(Refused::Error(error)) => Err(error),
        }
    }

    /// Reads a user for an empty change: the change's rule and the precondition must hold.
    pub(super) async fn unchanged(
        &self,
        id: UserId,
        change: &UserChange,
        precondition: Option<&Precondition>,
    ) -> Result<User, UpdateUserError> {
        let item = self.get(&Key::user(id)).await?.unwrap_or_default();
        Ok(seen_by(change, item, precondition)?.into_user()?)
    }
}
