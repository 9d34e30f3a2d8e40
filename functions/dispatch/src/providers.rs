//! The providers this worker can call.

use std::sync::Arc;

use futures::future::join_all;
use shared::{
    delivery::{Fcm, Outcome, SecretError, Secrets, Ses},
    domain::{Content, NotificationId, Plan, Provider},
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

    /// Sends to every address of the plan at once. It counts as sent when one of them got it; else the most hopeful of
    /// the outcomes counts.
    pub async fn send(&self, id: NotificationId, plan: &Plan, content: &Content) -> Outcome {
        let credentials = match self.credentials(plan).await {
            Ok(credentials) => credentials,
            Err(outcome) => return outcome,
        };
        let sends = plan.addresses.iter().map(|address| self.send_one(id, plan, address, content, &credentials));
        join_all(sends).await.into_iter().min_by_key(hope).unwrap_or(Outcome::Rejected)
    }

    async fn send_one(
        &self,
        id: NotificationId,
        plan: &Plan,
        address: &str,
        content: &Content,
        credentials: &str,
    ) -> Outcome {
        match plan.through.provider {
            Provider::Email => self.ses.send(id, address, content).await,
            Provider::Fcm => self.fcm.send(id, address, content, credentials).await,
            Provider::Apns | Provider::Slack | Provider::Sms | Provider::Webhook => Outcome::Misconfigured,
        }
    }

    /// The text of the channel's secret; empty for a provider that goes by this function's own role.
    async fn credentials(&self, plan: &Plan) -> Result<Arc<String>, Outcome> {
        let Some(name) = &plan.through.secret else { return Ok(Arc::default()) };
        self.secrets.get(name).await.map_err(|error| match error {
            SecretError::Refused(_) => Outcome::Misconfigured,
            SecretError::Unavailable => Outcome::Retry { after: None },
        })
    }
}

fn hope(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Sent { .. } => 0,
        Outcome::Retry { .. } => 1,
        Outcome::Misconfigured => 2,
        Outcome::AddressGone => 3,
        Outcome::Rejected => 4,
    }
}
