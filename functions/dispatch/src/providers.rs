//! The providers this worker can call.

use std::sync::Arc;

use shared::{
    aws::Aws,
    clock::Clock,
    config::{self, ConfigError},
    delivery::{Apns, Fcm, Outcome, Outgoing, SecretError, Secrets, Ses, Slack, Sms, Webhook},
    domain::{ConfiguredChannel, EmailAddress, Provider, webhook::InsecureHosts},
    store::Store,
};

use crate::inbox;

/// One client a provider.
pub struct Providers {
    /// Email.
    pub ses: Ses,
    /// Push to Android.
    pub fcm: Fcm,
    /// Push to Apple's devices.
    pub apns: Apns,
    /// Slack.
    pub slack: Slack,
    /// Text messages.
    pub sms: Sms,
    /// Recipients' own end points.
    pub webhook: Webhook,
    /// The in-app inbox, which is stored in the table.
    pub inbox: Store,
    /// The providers' credentials.
    pub secrets: Secrets,
}

/// The address that email is sent from.
const SENDER: &str = "SENDER_ADDRESS";

impl Providers {
    /// The clients, each with its provider's settings from the environment. `inbox` is the store of the in-app inbox.
    pub fn from_env(aws: &Aws, inbox: Store, secrets: Secrets, clock: &Clock) -> Result<Self, ConfigError> {
        let (sender, set) = (config::text(SENDER)?, config::optional("CONFIGURATION_SET"));
        let sender = EmailAddress::parse(&sender).ok_or_else(|| {
            ConfigError::new(SENDER, "must be a bare email address, such as notifications@example.com, without a name")
        })?;
        Ok(Self {
            ses: Ses::new(aws, sender, set, clock.clone()),
            fcm: Fcm::new(config::text("FCM_ENDPOINT")?, clock.clone()),
            apns: Apns::new(config::text("APNS_ENDPOINT")?, clock.clone()),
            slack: Slack::new(config::text("SLACK_ENDPOINT")?, clock.clone()),
            sms: Sms::new(aws, clock.clone()),
            webhook: Webhook::new(InsecureHosts::new(config::list("WEBHOOK_INSECURE_HOSTS")), clock.clone()),
            inbox,
            secrets,
        })
    }

    /// Sends one message to one address.
    pub async fn send(&self, provider: Provider, outgoing: &Outgoing<'_>, credentials: &str) -> Outcome {
        match provider {
            Provider::Email => self.ses.send(outgoing).await,
            Provider::Fcm => self.fcm.send(outgoing, credentials).await,
            Provider::Apns => self.apns.send(outgoing, credentials).await,
            Provider::Slack => self.slack.send(outgoing, credentials).await,
            Provider::Sms => self.sms.send(outgoing, credentials).await,
            Provider::Webhook => self.webhook.send(outgoing, credentials).await,
            Provider::InApp => inbox::put(&self.inbox, outgoing).await,
        }
    }

    /// The text of the channel's secret. It is empty for a provider that uses this function's own role.
    pub async fn credentials(&self, through: &ConfiguredChannel) -> Result<Arc<String>, Outcome> {
        let Some(name) = &through.secret else { return Ok(Arc::default()) };
        self.secrets.get(name).await.map_err(|error| {
            tracing::error!(secret = name, channel_id = through.id, %error, "no credentials");
            match error {
                SecretError::Refused(_) => Outcome::Misconfigured,
                SecretError::Unavailable => Outcome::NotTried { after: None },
            }
        })
    }
}
