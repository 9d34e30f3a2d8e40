//! The providers this worker can call.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::join_all;
use shared::{
    delivery::{Fcm, Outcome, Outgoing, SecretError, Secrets, Ses},
    domain::{Channel, Notification, Plan, Provider, Words},
};
use tokio::time::timeout;

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

    /// Sends to every address of the plan at once, each for at most `limit`. It counts as sent when one of them got it;
    /// else the most hopeful of the outcomes counts.
    pub async fn send(&self, notification: &Notification, channel: Channel, plan: &Plan, limit: Duration) -> Outcome {
        let started = Instant::now();
        let credentials = match timeout(limit, self.credentials(plan)).await {
            Ok(Ok(credentials)) => credentials,
            Ok(Err(outcome)) => return outcome,
            Err(_) => return Outcome::Retry { after: None },
        };
        let limit = limit.saturating_sub(started.elapsed());
        let words = Words::of(&notification.content, channel);
        let sends = plan.addresses.iter().map(async |address| {
            let outgoing = Outgoing {
                notification_id: notification.id,
                user_id: notification.user_id,
                channel,
                address,
                words: &words,
                priority: notification.priority,
                expires_at: None,
                unsubscribe: None,
            };
            // One address that hangs must not undo what another one got.
            let sent = timeout(limit, self.send_one(plan.through.provider, &outgoing, &credentials)).await;
            sent.unwrap_or(Outcome::Unknown)
        });
        join_all(sends).await.into_iter().min_by_key(hope).unwrap_or(Outcome::Rejected)
    }

    async fn send_one(&self, provider: Provider, outgoing: &Outgoing<'_>, credentials: &str) -> Outcome {
        match provider {
            Provider::Email => self.ses.send(outgoing).await,
            Provider::Fcm => self.fcm.send(outgoing, credentials).await,
            Provider::Apns | Provider::Slack | Provider::Sms | Provider::Webhook => Outcome::Misconfigured,
        }
    }

    /// The text of the channel's secret; empty for a provider that goes by this function's own role.
    async fn credentials(&self, plan: &Plan) -> Result<Arc<String>, Outcome> {
        let Some(name) = &plan.through.secret else { return Ok(Arc::default()) };
        self.secrets.get(name).await.map_err(|error| {
            tracing::error!(secret = name, channel_id = plan.through.id, %error, "no credentials");
            match error {
                SecretError::Refused(_) => Outcome::Misconfigured,
                SecretError::Unavailable => Outcome::Retry { after: None },
            }
        })
    }
}

fn hope(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Sent { .. } => 0,
        Outcome::Retry { .. } | Outcome::Unknown => 1,
        Outcome::Misconfigured => 2,
        Outcome::AddressGone => 3,
        Outcome::Rejected => 4,
    }
}
