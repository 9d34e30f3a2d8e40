//! The link by which the recipient of an email opts out.

use shared::{
    delivery::Outcome,
    domain::{Channel, Provider, user::UserRecord},
    telemetry,
    unsubscribe::OptOut,
};

use crate::{App, attempt::Attempt};

impl App {
    /// The link in a message through that provider. Only email has one. A critical message has none: it passes
    /// opt-outs, so the link would promise what it does not do. If the key cannot be read, there is no link, and an
    /// email is not sent without its link.
    pub async fn unsubscribe(&self, attempt: Attempt<'_>, through: Provider) -> Result<Option<String>, Outcome> {
        let about = attempt.notification;
        if through.carries() != Some(Channel::Email) || about.critical {
            return Ok(None);
        }
        // Nothing is sent to a user who is not there.
        let Some(UserRecord::Present(user)) = attempt.user else { return Err(Outcome::Retry { after: None }) };
        let opt_out = OptOut { user: about.user_id, channel: Channel::Email, group: about.group.clone() };
        let link = self.opt_outs.link(&opt_out, user.link_epoch(), self.clock.now()).await;
        link.map(Some).map_err(|error| {
            tracing::error!(notification_id = %about.id, error = telemetry::chain(&error), "no unsubscribe link");
            if error.may_pass() { Outcome::Retry { after: None } } else { Outcome::Misconfigured }
        })
    }
}
