//! Free-form settings (contract 5): an item of their own, for a user and for an organisation.
//!
//! A change is optimistic: it is written to its places as if every object on the way were there, in one call. Where that
//! is refused, the refusal carries the item, and the exact change is computed from it and written again, on no other
//! condition than that the places on the way are still what they were seen to be, so that writers of other places
//! cannot starve it. Only what does not fit into one expression replaces the whole, on the condition of the version.

mod seen;
mod write;

use std::time::Duration;

use aws_sdk_dynamodb::types::ReturnValue;

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
    Store(StoreError),
}

/// A change, and what is known of the settings.
struct SettingsWrite<'a> {
    owner: &'a SettingsOwner,
    change: &'a SettingsChange,
    precondition: Option<&'a Precondition>,
    seen: Option<Seen>,
    /// Since it was begun.
    stopwatch: Stopwatch,
}

/// How often a change is tried. There is no pause between: a refusal means that
/// somebody else's write went through, and what the refusal shows is never fresher than at once.
const MAX_ROUNDS: u32 = 24;
/// Nor is it tried for longer: its sender must hear of it before the invocation ends.
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
        Ok(write::attempt(self.change, self.seen.as_ref(), self.precondition))
    }

    fn otherwise(&self) -> Result<Attempt<u64>, SettingsError> {
        Ok(write::otherwise(self.change, self.seen.as_ref(), self.precondition))
    }

    async fn looked(&mut self, store: &Store, item: Item) -> Result<(), SettingsError> {
        let seen = store.seen_settings(self.owner, item).await?;
        if self.precondition.is_some_and(|precondition| !precondition.holds(seen.version)) {
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

    fn is_own(&self, item: &Item) -> bool {
        is_changed(item, self.change, self.precondition)
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

    /// Changes settings, all of it or nothing; the new version. One call, where every object that the change goes
    /// through is there, and two where not.
    pub async fn change_settings(
        &self,
        owner: &SettingsOwner,
        change: &SettingsChange,
        precondition: Option<&Precondition>,
    ) -> Result<u64, SettingsError> {
        let write = SettingsWrite { owner, change, precondition, seen: None, stopwatch: self.clock.stopwatch() };
        self.merge(&owner.key(), write).await
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
        let is_own = |item: &Item| item.get(ERASED_AT) == Some(&number(now.millis()));
        match self.update_rendered(&Key::user_settings(id), rendered, ReturnValue::None, &is_own).await {
            Ok(_) => Ok(true),
            Err(Refused::Condition(_)) => Ok(false),
            Err(Refused::Error(error)) => Err(error),
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

/// Whether an item says what a change makes of it, one write after what was demanded.
fn is_changed(item: &Item, change: &SettingsChange, precondition: Option<&Precondition>) -> bool {
    let before = version(item).ok().and_then(|version| version.checked_sub(1));
    let follows = before.is_some_and(|before| precondition.is_none_or(|demanded| demanded.holds(before)));
    let settings = item.get(SETTINGS).cloned().and_then(|settings| json::object(settings).ok());
    follows
        && settings.is_some_and(|settings| {
            let mut changed = settings.clone();
            change.apply(&mut changed);
            changed == settings
        })
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
