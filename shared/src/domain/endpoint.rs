//! Configured channels, and endpoints: where a user can be reached through them.

use std::collections::BTreeMap;

use super::{Channel, Provider, Rate, Timestamp};

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
    /// Among several configured channels of one platform, the lowest position is tried first.
    pub position: u16,
    /// The channel type that a webhook carries. With `None`, nothing is sent through the webhook: its settings are only
    /// stored and shown.
    pub carries: Option<Channel>,
    /// The messages a second that the provider takes: addresses that are sent to, of all workers together. `None`: as many as
    /// there are.
    pub rate_per_second: Option<Rate>,
}

impl ConfiguredChannel {
    /// A channel of this id, which is its name too, without a secret and a rate. It is the first one of its platform.
    pub fn new(id: impl Into<String>, provider: Provider) -> Self {
        let id = id.into();
        Self { name: id.clone(), id, provider, secret: None, position: 0, carries: None, rate_per_second: None }
    }

    /// The channel type that this configured channel carries; `None` for a webhook that carries none.
    pub fn channel(&self) -> Option<Channel> {
        self.provider.carries().or(self.carries)
    }

    /// The platform that this channel reaches. Only channels of the same platform stand in for each other. Each provider
    /// of push is a platform of its own, because its tokens name other devices. For any other channel type, all channels
    /// reach the same person, so they are one platform: `None`.
    pub fn platform(&self) -> Option<Provider> {
        (self.channel() == Some(Channel::Push)).then_some(self.provider)
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
    /// When the address was gone: the server behind the URL answered that it takes no more (410). The endpoint is
    /// switched off until the settings are written again.
    pub gone_at: Option<Timestamp>,
}

/// A user's endpoints by the channel's id.
pub type Endpoints = BTreeMap<String, Endpoint>;
