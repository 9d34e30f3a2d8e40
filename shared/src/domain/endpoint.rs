//! Where a user can be reached, and through whom.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Channel, Timestamp};

/// Who carries a message (contract 3's `provider`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize)]
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
    /// Text messages.
    Sms,
    /// An HTTPS end point of the user's own.
    Webhook,
    /// The inbox that Tidings keeps itself.
    InApp,
}

impl Provider {
    /// Every provider.
    pub const ALL: [Self; 7] = [Self::Apns, Self::Fcm, Self::Slack, Self::Email, Self::Sms, Self::Webhook, Self::InApp];

    /// The provider's name on the wire and in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apns => "apns",
            Self::Fcm => "fcm",
            Self::Slack => "slack",
            Self::Email => "email",
            Self::Sms => "sms",
            Self::Webhook => "webhook",
            Self::InApp => "in_app",
        }
    }

    /// The names of all, for a sentence.
    pub fn names() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }

    /// The provider of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.as_str() == name)
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
    /// Among several for one channel type, the lowest is tried first.
    pub position: u16,
    /// The channel type that a webhook carries. Where none is said, its settings are only kept for who asks for them.
    pub carries: Option<Channel>,
}

impl ConfiguredChannel {
    /// The channel type that it serves.
    pub fn channel(&self) -> Option<Channel> {
        match self.provider {
            Provider::Apns | Provider::Fcm => Some(Channel::Push),
            Provider::Slack => Some(Channel::Slack),
            Provider::Email => Some(Channel::Email),
            Provider::Sms => Some(Channel::Sms),
            Provider::InApp => Some(Channel::InApp),
            Provider::Webhook => self.carries,
        }
    }
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
    /// A telephone number other than the profile's (E.164).
    pub phone: Option<String>,
    /// Where a webhook goes.
    pub url: Option<String>,
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
