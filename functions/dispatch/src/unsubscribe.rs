//! The link by which the recipient of an email opts out.

use shared::{
    delivery::Outcome,
    domain::{Channel, Notification, Provider},
    telemetry,
    unsubscribe::OptOut,
};

use crate::App;

impl App {
    /// The link in a message through that provider. Only email has one. A critical message has none: it passes
    /// opt-outs, so the link would promise what it does not do. If the key cannot be read, there is no link, and an
    /// email is not sent without its link.
    pub async fn unsubscribe(&self, about: &Notification, through: Provider) -> Result<Option<String>, Outcome> {
        if through.carries() != Some(Channel::Email) || about.critical {
            return Ok(None);
        }
        let opt_out = OptOut { user: about.user_id, channel: Channel::Email, group: about.group.clone() };
        let link = self.opt_outs.link(&opt_out, self.clock.now()).await;
        link.map(Some).map_err(|error| {
            tracing::error!(notification_id = %about.id, error = telemetry::chain(&error), "no unsubscribe link");
            if error.may_pass() { Outcome::Retry { after: None } } else { Outcome::Misconfigured }
        })
    }
}
