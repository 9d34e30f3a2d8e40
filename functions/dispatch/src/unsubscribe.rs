//! The links by which the recipient of an email opts out, and reaches the preference centre.

use shared::{
    delivery::Outcome,
    domain::{Channel, Provider, User, user::UserRecord},
    preference_link,
    render::{Links, Template},
    signing::KeysError,
    store::StoreError,
    telemetry,
    unsubscribe::OptOut,
};

use crate::{App, attempt::Attempt};

impl App {
    /// The link in the header of a message through that provider. Only email has one, and a critical message has none. If the
    /// key cannot be read, there is no link, and an email is not sent without its link.
    pub async fn unsubscribe(&self, attempt: Attempt<'_>, through: Provider) -> Result<Option<String>, Outcome> {
        let about = attempt.notification;
        if !through.carries().is_some_and(|channel| Links::are_in(channel, about)) {
            return Ok(None);
        }
        // Nothing is sent to a user who is not there.
        let Some(UserRecord::Present(user)) = attempt.user else { return Err(Outcome::NotTried { after: None }) };
        self.opt_out(attempt, user).await.map(Some).map_err(|error| {
            tracing::error!(notification_id = %about.id, error = telemetry::chain(&error), "no unsubscribe link");
            if error.may_pass() { Outcome::NotTried { after: None } } else { Outcome::Misconfigured }
        })
    }

    /// The links in the texts of an email, if its template names one. Without the keys the email waits: it must not be sent with
    /// links that lead nowhere.
    pub async fn links(&self, attempt: Attempt<'_>, template: Option<&Template>) -> Result<Option<Links>, StoreError> {
        let about = attempt.notification;
        let (Some(UserRecord::Present(user)), true, true) =
            (attempt.user, Links::are_in(attempt.channel, about), template.is_some_and(Template::has_links))
        else {
            return Ok(None);
        };
        let both = async {
            let end = self.clock.now().plus(preference_link::LONGEST);
            let preferences = self.preference_keys.key().await?.link(&self.public_url, user.id, user.link_epoch(), end);
            Ok(Links { unsubscribe_url: self.opt_out(attempt, user).await?, preferences_url: preferences })
        };
        both.await.map(Some).map_err(|error: KeysError| {
            tracing::error!(notification_id = %about.id, error = telemetry::chain(&error), "no links for an email's text");
            StoreError::Unavailable("the key of links".into())
        })
    }

    async fn opt_out(&self, attempt: Attempt<'_>, user: &User) -> Result<String, KeysError> {
        let about = attempt.notification;
        let opt_out = OptOut { user: about.user_id, channel: Channel::Email, group: about.group.clone() };
        self.opt_outs.link(&opt_out, user.link_epoch(), self.clock.now()).await
    }
}
