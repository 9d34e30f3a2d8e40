//! Security settings of an organisation (contract 2). Each setting is an attribute with the setting's name on the wire.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    Action, Condition, Item, Key, Precondition, Refused, Store, StoreError, number, string, table, write::Write,
};
use crate::domain::{
    Fedmember, SecuritySettings,
    security::{EmailFeature, Setting},
};

/// Why security settings were not changed. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum UpdateSecurityError {
    /// `If-Match` names another version.
    #[error("the settings have changed since they were read")]
    Stale,
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// An organisation's settings and their version. The version is 0 if no setting was ever written.
    pub async fn security_settings(&self, org: &Fedmember) -> Result<(SecuritySettings, u64), StoreError> {
        Ok(read(self.get(&Key::security(org.as_str())).await?.unwrap_or_default()))
    }

    /// Writes the given settings and leaves the others, in one call. Returns all settings and their new version.
    pub async fn update_security_settings(
        &self,
        org: &Fedmember,
        changes: &BTreeMap<String, Setting>,
        precondition: Option<&Precondition>,
    ) -> Result<(SecuritySettings, u64), UpdateSecurityError> {
        let mut actions = vec![Action::Add(table::VERSION.into(), 1)];
        actions.extend(changes.iter().map(|(name, value)| Action::Set(name.as_str().into(), attribute(value))));
        let write = Write::once(actions, condition(precondition), self.random.uuid());
        let rendered = write.render();
        match self.send(&Key::security(org.as_str()), &write, rendered).await {
            Ok(item) => Ok(read(item)),
            Err(Refused::Condition(_)) => Err(UpdateSecurityError::Stale),
            Err(Refused::Error(error)) => Err(error.into()),
        }
    }
}

/// The condition that a feature is on. A feature that was never set is on, as [`SecuritySettings::is_enabled`] says.
pub(super) fn is_on(feature: EmailFeature) -> Condition {
    let (name, on) = feature.setting();
    Condition::Any(vec![Condition::Missing(name.into()), Condition::Equals(name.into(), string(on))])
}

/// The item is new, or has a version that the precondition accepts. Settings that were never written have version 0.
fn condition(precondition: Option<&Precondition>) -> Condition {
    let written = precondition.and_then(Precondition::condition);
    let written = written.unwrap_or_else(|| Condition::Exists(table::VERSION.into()));
    let never = precondition.is_none_or(|precondition| precondition.holds(0));
    let never = never.then(|| Condition::Missing(table::PK.into()));
    Condition::Any([written].into_iter().chain(never).collect())
}

fn attribute(value: &Setting) -> AttributeValue {
    match value {
        Setting::Text(text) => string(text),
        Setting::Number(value) => number(value),
    }
}

fn read(item: Item) -> (SecuritySettings, u64) {
    let version = item.get(table::VERSION).and_then(|value| value.as_n().ok()?.parse().ok()).unwrap_or_default();
    let setting = |(name, value)| match value {
        AttributeValue::S(text) => Some((name, Setting::Text(text))),
        AttributeValue::N(text) => Some((name, Setting::Number(text.parse().ok()?))),
        _ => None,
    };
    (SecuritySettings::new(item.into_iter().filter_map(setting)), version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::stored;

    #[test]
    fn version_0_is_what_was_never_written() {
        let of = |version: u64| condition(Some(&Precondition::Versions(vec![version])));
        let seen = |version: u64| Condition::OneOf("version".into(), vec![number(version), number(-1)]);
        assert_eq!(of(0), Condition::Any(vec![seen(0), Condition::Missing("pk".into())]));
        assert_eq!(of(3), Condition::Any(vec![seen(3)]));
    }

    #[test]
    fn settings_as_they_were_once_written_are_read() {
        let expected = SecuritySettings::new([("ChallengeCount".to_owned(), Setting::Number(3))]);
        assert_eq!(read(stored::item("security")), (expected, 1));
        stored::is_read_but_for("security", |item| Ok::<_, ()>(read(item)), &["pk", "sk"]);
    }
}
