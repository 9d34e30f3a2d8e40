//! Providers: who carries a message, and what each one needs of a recipient.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Channel;

/// The kind of address that a provider sends to. It decides which settings a user has for a channel of the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressKind {
    /// Device tokens.
    DeviceTokens,
    /// The id of a Slack conversation or of a Slack user.
    SlackId,
    /// An email address; the profile's if the settings hold none.
    Email,
    /// A telephone number (E.164); the profile's if the settings hold none.
    Phone,
    /// A URL.
    Url,
    /// The user's id here. There are no settings.
    UserId,
}

/// Makes [`Provider`] from one row a provider: its documentation, variant, name on the wire, the channel type that it
/// carries, and the kind of address that it sends to. Nothing else in the domain or in a dialect lists providers.
macro_rules! providers {
    ($($(#[$doc:meta])* $variant:ident = $name:tt carries $carries:expr, to $address:ident;)*) => {
        /// The provider that carries a message.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize)]
        pub enum Provider {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl Provider {
            /// Every provider.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The provider's name on the wire and in the table.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The channel type that every channel of the provider carries; `None` if each configured channel says it.
            pub fn carries(self) -> Option<Channel> {
                match self {
                    $(Self::$variant => $carries,)*
                }
            }

            /// The kind of address that the provider sends to.
            pub fn address_kind(self) -> AddressKind {
                match self {
                    $(Self::$variant => AddressKind::$address,)*
                }
            }
        }
    };
}

providers! {
    /// Apple Push Notification service.
    Apns = "apns" carries Some(Channel::Push), to DeviceTokens;
    /// Firebase Cloud Messaging, HTTP v1.
    Fcm = "fcm" carries Some(Channel::Push), to DeviceTokens;
    /// Slack's Web API.
    Slack = "slack" carries Some(Channel::Slack), to SlackId;
    /// Email through Amazon SES v2.
    Email = "email" carries Some(Channel::Email), to Email;
    /// Text messages.
    Sms = "sms" carries Some(Channel::Sms), to Phone;
    /// An HTTPS end point of the user's own.
    Webhook = "webhook" carries None, to Url;
    /// The inbox that Tidings keeps itself.
    InApp = "in_app" carries Some(Channel::InApp), to UserId;
}

impl Provider {
    /// The names of all, for a sentence.
    pub fn names() -> String {
        Self::ALL.iter().map(|provider| provider.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The provider of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|provider| provider.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_has_one_name_everywhere_and_no_two_share_it() {
        for (number, provider) in Provider::ALL.iter().copied().enumerate() {
            assert_eq!(serde_json::to_value(provider).unwrap(), provider.as_str());
            assert_eq!(Provider::parse(provider.as_str()), Some(provider));
            assert_eq!(provider as usize, number);
        }
        assert_eq!(Provider::parse("pigeon"), None);
        assert!(Provider::names().starts_with("apns, fcm, "));
    }
}
