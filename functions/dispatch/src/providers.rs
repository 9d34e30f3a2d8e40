//! The providers this worker can call.

use std::sync::Arc;

use shared::{
    delivery::{Fcm, Outcome, Outgoing, SecretError, Secrets, Ses},
    domain::{ConfiguredChannel, Provider},
};

/// One client a provider.
pub struct Providers {
    /// Email.
    pub ses: Ses,
    /// Push.
    pub fcm: Fcm,
    /// Their credentials.
    pub secrets: Secrets,
}

impl Providers {
    /// Whether there is a client for it.
    pub fn can_call(provider: Provider) -> bool {
        match provider {
            Provider::Email | Provider::Fcm => true,
            Provider::Apns | Provider::Slack | Provider::Sms | Provider::Webhook => false,
        }
    }

    /// Sends one message to one address.
    pub async fn send(&self, provider: Provider, outgoing: &Outgoing<'_>, credentials: &str) -> Outcome {
        match provider {
            Provider::Email => self.ses.send(outgoing).await,
            Provider::Fcm => self.fcm.send(outgoing, credentials).await,
            Provider::Apns | Provider::Slack | Provider::Sms | Provider::Webhook => Outcome::Misconfigured,
        }
    }

    /// The text of the channel's secret; empty for a provider that goes by this function's own role.
    pub async fn credentials(&self, through: &ConfiguredChannel) -> Result<Arc<String>, Outcome> {
        let Some(name) = &through.secret else { return Ok(Arc::default()) };
        self.secrets.get(name).await.map_err(|error| {
            tracing::error!(secret = name, channel_id = through.id, %error, "no credentials");
            match error {
                SecretError::Refused(_) => Outcome::Misconfigured,
                SecretError::Unavailable => Outcome::Retry { after: None },
            }
        })
    }
}
