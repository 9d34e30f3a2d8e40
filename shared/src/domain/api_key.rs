//! Applications' API keys (contract 3), and the scopes of each key.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timestamp;

/// A right that a key may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "ApiKeyScope")]
pub enum Scope {
    /// Read users and their preferences.
    #[serde(rename = "users:read")]
    UsersRead,
    /// Create, change and delete users and their preferences.
    #[serde(rename = "users:write")]
    UsersWrite,
    /// Read channel settings.
    #[serde(rename = "channel_settings:read")]
    ChannelSettingsRead,
    /// Write and delete channel settings.
    #[serde(rename = "channel_settings:write")]
    ChannelSettingsWrite,
    /// Read notifications and their deliveries.
    #[serde(rename = "notifications:read")]
    NotificationsRead,
    /// Send notifications to many recipients. Those who are not there are created.
    #[serde(rename = "notiflows:run")]
    NotiflowsRun,
    /// Read topics and who is subscribed to them.
    #[serde(rename = "topics:read")]
    TopicsRead,
    /// Subscribe users and end their subscriptions, create and delete topics.
    #[serde(rename = "topics:write")]
    TopicsWrite,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 8] = [
        Self::UsersRead,
        Self::UsersWrite,
        Self::ChannelSettingsRead,
        Self::ChannelSettingsWrite,
        Self::NotificationsRead,
        Self::NotiflowsRun,
        Self::TopicsRead,
        Self::TopicsWrite,
    ];

    /// The name on the wire and in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UsersRead => "users:read",
            Self::UsersWrite => "users:write",
            Self::ChannelSettingsRead => "channel_settings:read",
            Self::ChannelSettingsWrite => "channel_settings:write",
            Self::NotificationsRead => "notifications:read",
            Self::NotiflowsRun => "notiflows:run",
            Self::TopicsRead => "topics:read",
            Self::TopicsWrite => "topics:write",
        }
    }

    /// The names of all, for a sentence.
    pub fn names() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }

    /// The scope of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

/// An application's API key. Only a digest of its secret is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// The public half, `pk_…`.
    pub public: String,
    /// SHA-256 of the secret half, lower-case hexadecimal.
    pub secret_hash: String,
    /// The name that people gave the key.
    pub name: Option<String>,
    /// The scopes of the key. A key that names no scopes (`None`) has all of them.
    pub scopes: Option<BTreeSet<Scope>>,
    /// When the key was made.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_has_one_name_everywhere() {
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.as_str()), Some(scope));
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.as_str());
        }
    }
}
