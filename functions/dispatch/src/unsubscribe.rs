//! The link by which the recipient of an email opts out.

use shared::{
    delivery::Outcome,
    domain::{Channel, Notification, Provider},
    telemetry,
    unsubscribe::OptOut,
};

use crate::App;

impl App {
    /// The link for a message through that provider; none but for email. A critical one carries none: it passes opt-outs, so
    /// the link would promise what it does not do. Without the key there is no link, and without the link no email.
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
