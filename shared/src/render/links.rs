//! The links that Tidings puts into email: by which a recipient opts out, and reaches the preference centre.

use crate::domain::{Channel, Notification};

/// The names of the two variables. They exist in an email's texts, and a sender's variables cannot have these names.
pub const LINK_NAMES: [&str; 2] = ["unsubscribe_url", "preferences_url"];

/// The recipient's links in one email. Who holds them can change the recipient's preferences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Links {
    /// The same opt-out as in the email's header.
    pub unsubscribe_url: String,
    /// The preference centre.
    pub preferences_url: String,
}

impl Links {
    /// Links that lead nowhere, for texts that nobody but an author or operator sees. No host has a name under `.invalid`
    /// (RFC 2606 §2).
    pub fn sample() -> Self {
        Self {
            unsubscribe_url: "https://preview.invalid/unsubscribe".to_owned(),
            preferences_url: "https://preview.invalid/preferences".to_owned(),
        }
    }

    /// Whether a message has links. A critical one has none: it passes opt-outs, so the links would promise what they do not do.
    pub fn are_in(channel: Channel, notification: &Notification) -> bool {
        channel == Channel::Email && !notification.critical
    }

    /// Each name with its link.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        LINK_NAMES.into_iter().zip([self.unsubscribe_url.as_str(), self.preferences_url.as_str()])
    }
}

/// The name that a variable such as `unsubscribe_url.host` begins with, if it is that of a link.
pub fn link_name(variable: &str) -> Option<&'static str> {
    let whole = variable.split(['.', '[', '(']).next().unwrap_or_default();
    LINK_NAMES.into_iter().find(|name| *name == whole)
}
