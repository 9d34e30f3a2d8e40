//! The links by which the recipient of an email opts out, and reaches the preference centre.

use shared::{
    delivery::{Outcome, Unsubscribe},
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
    /// The link in the header of a message through that provider. Only email has one, and a critical message has none; one of a
    /// required category has the link to the preferences, since nobody can opt out of it. If the key cannot be read, there is no
    /// link, and an email is not sent without its link.
    pub async fn unsubscribe(&self, attempt: Attempt<'_>, through: Provider) -> Result<Option<Unsubscribe>, Outcome> {
        let about = attempt.notification;
        if !through.carries().is_some_and(|channel| Links::are_in(channel, about)) {
            return Ok(None);
        }
        // Nothing is sent to a user who is not there.
        let Some(UserRecord::Present(user)) = attempt.user else { return Err(Outcome::NotTried { after: None }) };
        let link = async {
            Ok(if attempt.is_required() {
                Unsubscribe::Preferences(self.preferences(user).await?)
            } else {
                Unsubscribe::OneClick(self.opt_out(attempt, user).await?)
            })
        };
        link.await.map(Some).map_err(|error: KeysError| {
            tracing::error!(notification_id = %about.id, error = telemetry::chain(&error), "no unsubscribe link");
            if error.may_pass() { Outcome::NotTried { after: None } } else { Outcome::Misconfigured }
        })
    }

    /// The links in the texts of an email, if its template names one. In an email of a required category both lead to the
    /// preferences: the template was checked before, and must not fail for a link. Without the keys the email waits: it must not be
    /// sent with links that lead nowhere.
    pub async fn links(&self, attempt: Attempt<'_>, template: Option<&Template>) -> Result<Option<Links>, StoreError> {
        let about = attempt.notification;
        let (Some(UserRecord::Present(user)), true, true) =
            (attempt.user, Links::are_in(attempt.channel, about), template.is_some_and(Template::has_links))
        else {
            return Ok(None);
        };
        let both = async {
            let preferences_url = self.preferences(user).await?;
            let unsubscribe_url =
                if attempt.is_required() { preferences_url.clone() } else { self.opt_out(attempt, user).await? };
            Ok(Links { unsubscribe_url, preferences_url })
        };
        both.await.map(Some).map_err(|error: KeysError| {
            tracing::error!(notification_id = %about.id, error = telemetry::chain(&error), "no links for an email's text");
            StoreError::Unavailable("the key of links".into())
        })
    }

    /// The link to the user's preferences.
    async fn preferences(&self, user: &User) -> Result<String, KeysError> {
        let end = self.clock.now().plus(preference_link::LONGEST);
        Ok(self.preference_keys.key().await?.link(&self.public_url, user.id, user.link_epoch(), end))
    }

    async fn opt_out(&self, attempt: Attempt<'_>, user: &User) -> Result<String, KeysError> {
        let about = attempt.notification;
        let opt_out = OptOut { user: about.user_id, channel: Channel::Email, group: about.group.clone() };
        self.opt_outs.link(&opt_out, user.link_epoch(), self.clock.now()).await
    }
}

impl Attempt<'_> {
    /// Whether nobody can opt out of the notification's category.
    fn is_required(&self) -> bool {
        self.categories.of(self.notification).is_some_and(|category| category.required)
    }
}
