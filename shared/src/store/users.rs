//! Users: create, read, change. A change is one conditional `UpdateItem`; nothing is read before it.

use std::{borrow::Cow, collections::BTreeMap};

use super::{
    Action, Condition, Item, Key, Refused, Store, StoreError,
    change::UserChange,
    email::{Guard, Moved},
    number,
    precondition::Precondition,
    records::{self, UserItem},
    retry, string, table,
};
use crate::domain::{Channel, EmailAddress, Timestamp, User, UserId, user::UserRecord};

/// How often a change is tried again when others keep changing the same user's address.
pub(super) const MOST_ROUNDS: u32 = 8;

/// A user to be created through contract 1, whose address is theirs alone.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The id; random but for seeds.
    pub id: UserId,
    /// The name.
    pub name: String,
    /// The address.
    pub email: EmailAddress,
    /// Contract 1's push token.
    pub push_token: Option<String>,
    /// Channels switched on or off from the start.
    pub channels: BTreeMap<Channel, bool>,
    /// Teams the user is a member of.
    pub teams: Vec<String>,
    /// The organisation.
    pub org: Option<String>,
}

/// Why a user was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateUserError {
    /// Another user has that address, or the id is taken.
    #[error("the address or the id is taken")]
    Taken,
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a user was not changed. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum UpdateUserError {
    /// No user has that id.
    #[error("no such user")]
    NotFound,
    /// The user was erased.
    #[error("the user was erased")]
    Erased,
    /// The rule that gives the caller the right does not hold for this user.
    #[error("the caller has no right over this user")]
    Forbidden,
    /// `If-Match` names another version.
    #[error("the user has changed since it was read")]
    Stale,
    /// Another user has that address.
    #[error("the address is taken")]
    EmailTaken,
    /// A part of the user would become larger than it may be.
    #[error("a part of the user would become too large")]
    TooLarge(Bounded),
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A part of a user that has a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounded {
    /// What an application keeps with the user: [`crate::domain::custom::MOST_BYTES`].
    Custom,
    /// Preferences of single groups: [`super::MOST_HANDLES`].
    Handles,
}

impl Store {
    /// Creates a user and takes the address for them, both or neither.
    pub async fn create_user(&self, new: NewUser, now: Timestamp) -> Result<User, CreateUserError> {
        let key = Key::user(new.id);
        let record = UserItem {
            pk: key.pk,
            sk: key.sk,
            owner: Some(table::USERS.into()),
            at: Some(table::user_at(new.id, now)),
            name: Some(new.name),
            email: Some(new.email.as_str().to_owned()),
            owns_email: true,
            push_token: new.push_token,
            channels: new.channels.into_iter().map(|(channel, on)| (channel.as_str().to_owned(), on)).collect(),
            teams: new.teams,
            org: new.org,
            version: 1,
            created_at: now.millis(),
            updated_at: now.millis(),
            ..UserItem::default()
        };
        let mut item = records::write(&record)?;
        item.extend(records::empty_maps());
        self.put_with_email(new.id, item, &new.email).await?;
        Ok(record.into_user()?)
    }

    /// Reads a user.
    pub async fn user(&self, id: UserId) -> Result<Option<UserRecord>, StoreError> {
        match self.get(&Key::user(id)).await? {
            None => Ok(None),
            Some(item) => UserItem::read(item)?.into_record().map(Some),
        }
    }

    /// Changes a user: all of it or nothing. One call, unless a faster clock wrote before (two) or the address changes
    /// (one refused write and one transaction). A change of nothing is a read.
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
        let key = Key::user(id);
        // What of the change depends on what is stored is made to fit that, once it has been seen.
        let mut change = Cow::Borrowed(change);
        if change.custom.is_beyond_one_expression() {
            let item = self.get(&key).await?.unwrap_or_default();
            let old = seen_by(&change, item, precondition)?;
            change.to_mut().fit(&old).map_err(UpdateUserError::TooLarge)?;
        }
        let (mut behind, mut at) = (false, now);
        for round in 0..MOST_ROUNDS {
            let stamped = (!behind).then_some(now);
            let condition = condition(&change, precondition, stamped);
            let old = match self.update_once(&key, &actions(&change, stamped, at)?, condition).await {
                Ok(item) => return Ok(UserItem::read(item)?.into_user()?),
                Err(Refused::Error(error)) => return Err(error.into()),
                Err(Refused::Condition(item)) => seen_by(&change, item, precondition)?,
            };
            // A later time stands there already, written by a clock ahead of ours: it stays.
            behind |= old.updated_at > now.millis();
            at = at.max(Timestamp::from_millis(old.updated_at));
            if change.has_to_fit() {
                change.to_mut().fit(&old).map_err(UpdateUserError::TooLarge)?;
            }
            let Some(email) = change.email.as_ref().filter(|email| must_move(&old, email)) else { continue };
            // Once overtaken, the move no longer insists on the whole user as it was seen, or fast writers of other
            // fields could starve it; the answer then costs a read.
            let guard = match precondition {
                Some(Precondition::Versions(_)) => Guard::Version,
                _ if round == 0 => Guard::Version,
                _ => Guard::Address,
            };
            let stamped = (!behind).then_some(now);
            match (self.move_email(&old, &change, email, stamped, at, guard).await?, guard) {
                (Moved::Done, Guard::Version) => return Ok(changed(old, &change, at)?),
                (Moved::Done, Guard::Address) => return self.unchanged(id, &change, None).await,
                (Moved::Taken, _) => return Err(UpdateUserError::EmailTaken),
                (Moved::Overtaken, _) => retry::pause(round).await,
            }
        }
        Err(StoreError::Unavailable("others keep changing this user".into()).into())
    }

    async fn unchanged(
        &self,
        id: UserId,
        change: &UserChange,
        precondition: Option<&Precondition>,
    ) -> Result<User, UpdateUserError> {
        let item = self.get(&Key::user(id)).await?.unwrap_or_default();
        Ok(seen_by(change, item, precondition)?.into_user()?)
    }
}

/// What an update always does: one version up, and the time, unless a later one is there.
pub(super) fn stamp(now: Option<Timestamp>) -> Vec<Action> {
    let mut actions = vec![Action::Add(table::VERSION.into(), 1)];
    actions.extend(now.map(|now| Action::Set(table::UPDATED_AT.into(), number(now.millis()))));
    actions
}

/// The whole rule in one condition: there, not erased, as the caller saw it, no clock going backwards, and an address
/// that is the user's alone only where it stays the same.
fn condition(change: &UserChange, precondition: Option<&Precondition>, now: Option<Timestamp>) -> Condition {
    let mut all = vec![Condition::Exists(table::PK.into()), Condition::Missing(table::ERASED_AT.into())];
    all.extend(now.map(|now| Condition::AtMost(table::UPDATED_AT.into(), number(now.millis()))));
    all.extend(precondition.and_then(Precondition::condition));
    all.extend(change.conditions());
    if let Some(email) = &change.email {
        all.push(Condition::Any(vec![
            Condition::Missing("owns_email".into()),
            Condition::Equals("email".into(), string(email.as_str())),
        ]));
    }
    Condition::All(all)
}

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
fn seen_by(change: &UserChange, item: Item, precondition: Option<&Precondition>) -> Result<UserItem, UpdateUserError> {
    let item = seen(item, None)?;
    if !change.is_allowed(&item) {
        return Err(UpdateUserError::Forbidden);
    }
    if precondition.is_some_and(|precondition| !precondition.holds(item.version)) {
        return Err(UpdateUserError::Stale);
    }
    Ok(item)
}

fn must_move(old: &UserItem, email: &EmailAddress) -> bool {
    old.owns_email && old.email.as_deref() != Some(email.as_str())
}

/// `change` on the user as it was seen: a transaction does not answer with the item.
fn changed(old: UserItem, change: &UserChange, now: Timestamp) -> Result<User, StoreError> {
    let mut user = old.into_user()?;
    change.apply(&mut user, now);
    user.version += 1;
    user.updated_at = user.updated_at.max(now);
    Ok(user)
}

/// `change` as actions at the time `at`, and what every update does.
pub(super) fn actions(change: &UserChange, now: Option<Timestamp>, at: Timestamp) -> Result<Vec<Action>, StoreError> {
    let mut actions = change.actions(at)?;
    actions.extend(stamp(now));
    Ok(actions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::Field, store::expression::render};

    #[test]
    fn a_change_is_nested_sets_and_its_condition_carries_the_whole_rule() {
        let change = UserChange {
            push_token: Field::Null,
            channels: [(Channel::Email, false), (Channel::Push, true)].into(),
            ..UserChange::default()
        };
        let now = Timestamp::from_millis(5);
        let precondition = Precondition::Versions(vec![7]);
        let rendered = render(
            &actions(&change, Some(now), now).unwrap(),
            Some(&condition(&change, Some(&precondition), Some(now))),
        );
        assert_eq!(
            rendered.update.as_deref(),
            Some("SET #n0.#n1 = :v0, #n0.#n2 = :v1, #n3 = if_not_exists(#n3, :v2) + :v3, #n4 = :v4 REMOVE #n5")
        );
        assert_eq!(
            rendered.condition.as_deref(),
            Some("(attribute_exists(#n6) AND attribute_not_exists(#n7) AND #n4 <= :v4 AND #n3 IN (:v5, :v6))")
        );
    }
}
