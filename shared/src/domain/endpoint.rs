//! Where a user can be reached, and through whom.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Channel, Timestamp};

/// Who carries a message (contract 3's `provider`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// Apple Push Notification service.
    Apns,
    /// Firebase Cloud Messaging, HTTP v1.
    Fcm,
    /// Slack's Web API.
    Slack,
    /// Email through Amazon SES v2.
    Email,
}

impl Provider {
    /// Every provider.
    pub const ALL: [Self; 4] = [Self::Apns, Self::Fcm, Self::Slack, Self::Email];

    /// The provider's name on the wire and in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apns => "apns",
            Self::Fcm => "fcm",
            Self::Slack => "slack",
            Self::Email => "email",
        }
    }

    /// The channel type that the provider serves.
    pub fn channel(self) -> Channel {
        match self {
            Self::Apns | Self::Fcm => Channel::Push,
            Self::Slack => Channel::Slack,
            Self::Email => Channel::Email,
        }
    }
}

/// A channel that an operator has set up: which provider, and where its credentials are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfiguredChannel {
    /// An opaque string.
    pub id: String,
    /// The name people see.
    pub name: String,
    /// Who carries the messages.
    pub provider: Provider,
    /// The name of the secret that holds the provider's credentials, where it needs any.
    pub secret: Option<String>,
}

/// What a user has set for one configured channel; which of it, its provider says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Device tokens (`apns`, `fcm`), in the user's order, none twice.
    pub device_tokens: Vec<String>,
    /// A Slack conversation: `C…`, `G…` or `D…`.
    pub slack_channel_id: Option<String>,
    /// A Slack user: `U…` or `W…`.
    pub slack_user_id: Option<String>,
    /// An email address other than the profile's.
    pub address: Option<String>,
}

/// A user's settings for one configured channel, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The provider the settings were written for.
    pub provider: Provider,
    /// The settings.
    pub settings: Settings,
    /// When they were first written; never changes.
    pub created_at: Timestamp,
    /// When they were last written; never goes backwards.
    pub updated_at: Timestamp,
}

/// A user's endpoints by the channel's id.
pub type Endpoints = BTreeMap<String, Endpoint>;
