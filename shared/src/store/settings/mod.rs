//! Free-form settings (contract 5): an item of their own, for a user and for an organisation.
//!
//! A change is optimistic: it is written to its places as if every object on the way were there, in one call. Where that
//! is refused, the refusal carries the item, and the exact change is computed from it and written again, on no other
//! condition than that the places on the way are still what they were seen to be, so that writers of other places
//! cannot starve it. Only what does not fit into one expression replaces the whole, on the condition of the version.

mod write;

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::ReturnValue;

use super::{
    Condition, Item, Key, Refused, Store, StoreError,
    expression::{Action, render},
    json, number,
    precondition::Precondition,
    table::{ERASED_AT, SETTINGS, VERSION},
};
use crate::domain::{SettingsChange, Timestamp, UserId, json::Object, user::UserRecord};
use write::{Attempt, attempt};

/// How often a change is tried before its sender is told to wait. There is no pause between: a refusal means that
/// somebody else's write went through, and what the refusal shows is never fresher than at once.
const MOST_ROUNDS: u32 = 24;
/// Nor is it tried for longer: its sender must hear of it before the invocation ends.
const LONGEST: Duration = Duration::from_secs(6);

/// Whose settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingsOwner {
    /// A user's own.
    User(UserId),
    /// An organisation's, by its id.
    Org(String),
}

/// Settings as stored; none and version 0 where nothing was ever written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredSettings {
    /// The settings.
    pub values: Object,
    /// Rises by one with every write.
    pub version: u64,
}

/// Why settings were not read or not changed. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The user was erased.
    #[error("the user was erased")]
    Erased,
    /// `If-Match` names another version.
    #[error("the settings have changed since they were read")]
    Stale,
    /// The settings would be larger than an item can be.
    #[error("the settings would be larger than 400 KB")]
    TooLarge,
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The item as it stood when it was looked at.
#[derive(Clone, Debug, Default, PartialEq)]
struct Seen {
    /// 0 where there is no item.
    version: u64,
    /// The settings; `None` where there is no item, or a tombstone.
    settings: Option<Object>,
}

impl Store {
    /// Reads settings.
    pub async fn settings(&self, owner: &SettingsOwner) -> Result<StoredSettings, SettingsError> {
        let item = self.get(&owner.key()).await?.unwrap_or_default();
        let seen = self.seen_settings(owner, item).await?;
        Ok(StoredSettings { values: seen.settings.unwrap_or_default(), version: seen.version })
    }

    /// Changes settings, all of it or nothing; the new version. One call, where every object that the change goes
    /// through is there, and two where not.
    pub async fn change_settings(
        &self,
        owner: &SettingsOwner,
        change: &SettingsChange,
        precondition: Option<&Precondition>,
    ) -> Result<u64, SettingsError> {
        let key = owner.key();
        let mut seen: Option<Seen> = None;
        let started = Instant::now();
        for _ in 0..MOST_ROUNDS {
            if started.elapsed() > LONGEST {
                break;
            }
            let rendered = match attempt(change, seen.as_ref(), precondition) {
                Attempt::Write(rendered) => rendered,
                Attempt::Nothing(version) => return Ok(version),
                Attempt::Look => {
                    let item = self.get(&key).await?.unwrap_or_default();
                    seen = Some(self.demanded(owner, item, precondition).await?);
                    continue;
                }
            };
            match self.update_rendered(&key, rendered, ReturnValue::UpdatedNew).await {
                Ok(item) => return version(&item),
                Err(Refused::Error(StoreError::TooLarge)) => return Err(SettingsError::TooLarge),
                Err(Refused::Error(error)) => return Err(error.into()),
                Err(Refused::Condition(item)) => seen = Some(self.demanded(owner, item, precondition).await?),
            }
        }
        Err(StoreError::Unavailable("others keep changing these settings".into()).into())
    }

    /// Takes a user's settings away and leaves a tombstone, also where there were none: the next write must not find
    /// an empty place. The version rises, so that who looked before is refused.
    pub(super) async fn bury_settings(&self, id: UserId, now: Timestamp) -> Result<(), StoreError> {
        self.put_settings_tombstone(id, None, now).await.map(drop)
    }

    /// The same for a user of whom there is nothing but settings; whether there were any.
    pub(super) async fn bury_settings_alone(&self, id: UserId, now: Timestamp) -> Result<bool, StoreError> {
        self.put_settings_tombstone(id, Some(&Condition::Exists(SETTINGS.into())), now).await
    }

    async fn put_settings_tombstone(
        &self,
        id: UserId,
        condition: Option<&Condition>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let actions = [
            Action::Add(VERSION.into(), 1),
            Action::Set(ERASED_AT.into(), number(now.millis())),
            Action::Remove(SETTINGS.into()),
        ];
        let rendered = render(&actions, condition);
        match self.update_rendered(&Key::user_settings(id), rendered, ReturnValue::None).await {
            Ok(_) => Ok(true),
            Err(Refused::Condition(_)) => Ok(false),
            Err(Refused::Error(error)) => Err(error),
        }
    }

    /// What an item says, if it is still what `If-Match` demands.
    async fn demanded(
        &self,
        owner: &SettingsOwner,
        item: Item,
        precondition: Option<&Precondition>,
    ) -> Result<Seen, SettingsError> {
        let seen = self.seen_settings(owner, item).await?;
        match precondition {
            Some(precondition) if !precondition.holds(seen.version) => Err(SettingsError::Stale),
            _ => Ok(seen),
        }
    }

    /// What an item says. A tombstone holds for as long as its user is not there again: who was created anew under the
    /// same id begins with empty settings, and costs one look at the user, once.
    async fn seen_settings(&self, owner: &SettingsOwner, mut item: Item) -> Result<Seen, SettingsError> {
        if item.is_empty() {
            return Ok(Seen::default());
        }
        let version = version(&item)?;
        if let SettingsOwner::User(id) = owner
            && item.contains_key(ERASED_AT)
        {
            return match self.user(*id).await? {
                Some(UserRecord::Present(_)) => Ok(Seen { version, settings: None }),
                Some(UserRecord::Erased) | None => Err(SettingsError::Erased),
            };
        }
        let settings = item.remove(SETTINGS).map(json::object).transpose()?;
        Ok(Seen { version, settings: Some(settings.unwrap_or_default()) })
    }
}

impl SettingsOwner {
    fn key(&self) -> Key {
        match self {
            Self::User(id) => Key::user_settings(*id),
            Self::Org(org) => Key::org_settings(org),
        }
    }
}

fn version(item: &Item) -> Result<u64, SettingsError> {
    let version = item.get(VERSION).and_then(|version| version.as_n().ok()?.parse().ok());
    version.ok_or_else(|| StoreError::Malformed("settings without a version".into()).into())
}
