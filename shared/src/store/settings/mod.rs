//! Free-form settings (contract 5) of a user or of an organisation. They have an item of their own.
//!
//! A change is optimistic: one call writes it to its places, as if every parent object existed. If that write is
//! refused, the refusal carries the item. The exact change is computed from that item and written on the condition that
//! its parents have not changed. It does not demand that other places are unchanged, so that changes of those places
//! cannot starve it. Only a change that does not fit into one expression replaces the whole settings, on the condition
//! that the version has not changed.

mod seen;
mod write;

use std::time::Duration;

use aws_sdk_dynamodb::types::ReturnValue;
use uuid::Uuid;

use super::{
    Item, Store,
    error::{Refused, StoreError},
    expression::{Action, Condition, render},
    json,
    merge::{Attempt, Merge},
    number,
    precondition::Precondition,
    table::{ERASED_AT, Key, SETTINGS, VERSION},
};
use crate::{
    clock::Stopwatch,
    domain::{SettingsChange, Timestamp, UserId, json::Object, user::UserRecord},
};
use seen::Seen;

/// The owner of settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingsOwner {
    /// A user's own.
    User(UserId),
    /// An organisation's, by its id.
    Org(String),
}

/// Settings as they are stored. If nothing was ever written, they are empty and have version 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredSettings {
    /// The settings.
    pub values: Object,
    /// The version. It rises by one with every write.
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
    Store(StoreError),
}

/// What became of a user's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Buried {
    /// There is a tombstone in their place from now on.
    Now,
    /// The tombstone of an earlier erasure is in their place.
    Before,
    /// There are none.
    Nothing,
}

/// A change, and the stored settings as far as they are known.
struct SettingsWrite<'a> {
    owner: &'a SettingsOwner,
    change: &'a SettingsChange,
    precondition: Option<&'a Precondition>,
    seen: Option<Seen>,
    write_token: Uuid,
    /// The time since the change was begun.
    stopwatch: Stopwatch<'a>,
}

/// The most tries of a change. There is no pause between two tries: a refusal means that another write was successful,
/// and the item in the refusal gets older with every pause.
const MAX_ROUNDS: u32 = 24;
/// The longest time for all tries of a change. The caller must get an answer before the invocation ends.
const MAX_TIME: Duration = Duration::from_secs(6);

impl Merge for SettingsWrite<'_> {
    const MAX_ROUNDS: u32 = MAX_ROUNDS;
    const BUSY: &'static str = "others keep changing these settings";
    type Done = u64;
    type Error = SettingsError;

    fn is_late(&self) -> bool {
        self.stopwatch.elapsed() > MAX_TIME
    }

    fn attempt(&self) -> Result<Attempt<u64>, SettingsError> {
        Ok(write::attempt(self.change, self.seen.as_ref(), self.precondition, self.write_token))
    }

    fn otherwise(&self) -> Result<Attempt<u64>, SettingsError> {
        Ok(write::otherwise(self.change, self.seen.as_ref(), self.precondition, self.write_token))
    }

    async fn looked(&mut self, store: &Store, item: Item) -> Result<(), SettingsError> {
        let seen = store.seen_settings(self.owner, item).await?;
        let is_met = |demanded: &Precondition| {
            demanded.holds(seen.version) || seen.settings.is_none() && demanded.holds_for_nothing()
        };
        if !self.precondition.is_none_or(is_met) {
            return Err(SettingsError::Stale);
        }
        self.seen = Some(seen);
        Ok(())
    }

    async fn refused(&mut self, store: &Store, item: Item) -> Result<Option<u64>, SettingsError> {
        self.looked(store, item).await?;
        Ok(None)
    }

    fn written(&self, item: Item) -> Result<u64, SettingsError> {
        version(&item)
    }
}

impl From<StoreError> for SettingsError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::TooLarge => Self::TooLarge,
            other => Self::Store(other),
        }
    }
}

impl Store {
    /// Reads settings.
    pub async fn settings(&self, owner: &SettingsOwner) -> Result<StoredSettings, SettingsError> {
        let item = self.get(&owner.key()).await?.unwrap_or_default();
        let seen = self.seen_settings(owner, item).await?;
        Ok(StoredSettings { values: seen.settings.unwrap_or_default(), version: seen.version })
    }

    /// Changes settings: all of the change or nothing is written. Returns the new version. Costs one call if every
    /// parent object of the change exists, else two.
    pub async fn change_settings(
        &self,
        owner: &SettingsOwner,
        change: &SettingsChange,
        precondition: Option<&Precondition>,
    ) -> Result<u64, SettingsError> {
        let (write_token, stopwatch) = (self.random.uuid(), self.clock.stopwatch());
        let write = SettingsWrite { owner, change, precondition, seen: None, write_token, stopwatch };
        self.merge(&owner.key(), write).await
    }

    /// Replaces a user's settings with a tombstone, also if there were no settings: the next write must not find an
    /// empty place. The version rises, so that the write of a caller who has read the settings before is refused.
    pub(super) async fn bury_settings(&self, id: UserId, now: Timestamp) -> Result<(), StoreError> {
        self.put_settings_tombstone(id, None, now).await.map(drop)
    }

    /// Replaces the settings with a tombstone for a user who has no item, only settings.
    pub(super) async fn bury_settings_alone(&self, id: UserId, now: Timestamp) -> Result<Buried, StoreError> {
        self.put_settings_tombstone(id, Some(&Condition::Exists(SETTINGS.into())), now).await
    }

    async fn put_settings_tombstone(
        &self,
        id: UserId,
        condition: Option<&Condition>,
        now: Timestamp,
    ) -> Result<Buried, StoreError> {
        let actions = [
            Action::Add(VERSION.into(), 1),
            Action::Set(ERASED_AT.into(), number(now.millis())),
            Action::Remove(SETTINGS.into()),
        ];
        let rendered = render(&actions, condition);
        let is_own = |item: &Item| item.get(ERASED_AT) == Some(&number(now.millis()));
        match self.update_rendered(&Key::user_settings(id), rendered, ReturnValue::None, &is_own).await {
            Ok(_) => Ok(Buried::Now),
            Err(Refused::Condition(item)) if item.contains_key(ERASED_AT) => Ok(Buried::Before),
            Err(Refused::Condition(_)) => Ok(Buried::Nothing),
            Err(Refused::Error(error)) => Err(error),
        }
    }

    /// Reads the settings from an item. A tombstone is valid until its user is created again under the same id. That
    /// user begins with empty settings. So a tombstone costs one read of the user, until the next write replaces it.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::Json, store::stored};

    #[test]
    fn settings_as_they_were_once_written_are_read() {
        let text = r#"{"theme": "dark", "n": 1.5, "deep": {"list": [1, "x", null, {"a.b": true}]}}"#;
        for name in ["settings_user", "settings_org"] {
            let mut item = stored::item(name);
            assert_eq!(version(&item).unwrap(), 1, "{name}");
            let settings = json::object(item.remove(SETTINGS).unwrap()).unwrap();
            assert_eq!(settings, Json::object(text, "settings").unwrap(), "{name}");
        }
        let tombstone = stored::item("settings_tombstone");
        assert_eq!(version(&tombstone).unwrap(), 2);
        assert_eq!(tombstone[ERASED_AT], number(1_795_891_843_314_i64));
        let owner = SettingsOwner::User(UserId::parse("1380bd43-7363-4adb-9d34-714ba754c8e0").unwrap());
        let keys = |item: &Item| item.iter().filter(|(name, _)| ["pk", "sk"].contains(&name.as_str())).count();
        assert_eq!(keys(&tombstone), 2);
        assert!(owner.key().attributes().iter().all(|(name, value)| tombstone.get(name) == Some(value)));
    }
}
