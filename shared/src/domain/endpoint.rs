//! Endpoints: where a user can be reached, and through which provider.

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

/// A configured channel: a provider that an operator has set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfiguredChannel {
    /// The channel's id, an opaque string.
    pub id: String,
    /// The name people see.
    pub name: String,
    /// Who carries the messages.
    pub provider: Provider,
    /// The name of the secret with the provider's credentials; `None` if the provider needs none.
    pub secret: Option<String>,
    /// Among several configured channels of one channel type, the lowest position is tried first.
    pub position: u16,
    /// The channel type that a webhook carries. With `None`, nothing is sent through the webhook: its settings are only
    /// stored and shown.
    pub carries: Option<Channel>,
}

impl ConfiguredChannel {
    /// The channel type that this configured channel carries; `None` for a webhook that carries none.
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

/// A user's settings for one configured channel. The provider decides which fields are used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Device tokens (`apns`, `fcm`), in the user's order, without duplicates.
    pub device_tokens: Vec<String>,
    /// A Slack conversation: `C…`, `G…` or `D…`.
    pub slack_channel_id: Option<String>,
    /// A Slack user: `U…` or `W…`.
    pub slack_user_id: Option<String>,
    /// An email address other than the profile's.
    pub address: Option<String>,
    /// A telephone number other than the profile's (E.164).
    pub phone: Option<String>,
    /// The URL of a webhook.
    pub url: Option<String>,
}

/// A user's settings for one configured channel, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The provider that the settings were written for.
    pub provider: Provider,
    /// The settings.
    pub settings: Settings,
    /// When the settings were first written. It never changes.
    pub created_at: Timestamp,
    /// When the settings were last written. It never goes backwards.
    pub updated_at: Timestamp,
}

/// A user's endpoints by the channel's id.
pub type Endpoints = BTreeMap<String, Endpoint>;
