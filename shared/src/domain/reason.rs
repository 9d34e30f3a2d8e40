//! Why a delivery stopped or waits. The function `docs` has a page for each reason, which also says what to do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DeliveryStatus;

/// Lists the reasons: the states of the deliveries that have them, the name, what it means.
macro_rules! reasons {
    ($($variant:ident [$($status:ident),+] $name:tt, $meaning:tt;)*) => {
        /// Why a delivery stopped or is not done yet. `/docs/reasons` says of each what to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[schemars(rename = "DeliveryReason")]
        pub enum Reason {
            $(#[doc = $meaning] $variant,)*
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name on the wire and in the table.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The states of deliveries that are shown with this reason.
            pub const fn seen_as(self) -> &'static [DeliveryStatus] {
                match self { $(Self::$variant => &[$(DeliveryStatus::$status),+],)* }
            }

            /// What it means.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

reasons! {
    Expired [Skipped] "expired",
        "The notification's `expires_at` had passed before it could be sent.";
    UserNotFound [Skipped] "user_not_found",
        "No user has that id, or, of a run, none had it yet when the run was accepted. A notification to an unknown user is accepted, and then skipped.";
    UserErased [Skipped] "user_erased",
        "The user was erased after the notification was accepted.";
    NotSubscribed [Skipped] "not_subscribed",
        "The user left the notification's topic, or the topic was deleted, after the notification was made.";
    ChannelOff [Skipped] "channel_off",
        "The user switched the channel off.";
    GroupOptedOut [Skipped] "group_opted_out",
        "The user opted out of the notification's category or group, or did not opt in to a category that is opt-in.";
    Paused [Held, Skipped] "paused",
        "An operator has paused the channel, the notification's category or everything.";
    NoProvider [Skipped] "no_provider",
        "No provider is configured for the channel. A new channel is known everywhere within a minute.";
    NotYetDue [Held] "not_yet_due",
        "The time that the sender asked for has not come yet.";
    QuietHours [Held] "quiet_hours",
        "The user has quiet hours now.";
    RateLimited [Held] "rate_limited",
        "The provider's rate is used up for now, and other messages come first.";
    NoAddress [Skipped] "no_address",
        "The user has no address on the channel.";
    AddressSuppressed [Skipped] "address_suppressed",
        "Mail to the user's address bounced for good, or the user reported it as spam.";
    DeviceHandedOn [Skipped] "device_handed_on",
        "Another user has registered this device since then, so it is that user's now.";
    Cancelled [Cancelled] "cancelled",
        "The sender cancelled the notification.";
    RenderFailed [Failed] "render_failed",
        "The content cannot be rendered, because a variable is missing or the template does not exist.";
    TooLong [Failed] "too_long",
        "The content is longer than the channel's provider accepts.";
    AddressGone [Failed] "address_gone",
        "The provider no longer knows the address.";
    ProviderRejected [Failed] "provider_rejected",
        "The provider refused the message for good.";
    ProviderUnavailable [Retrying, DeadLettered] "provider_unavailable",
        "The provider could not accept the message now. The attempt is repeated.";
    ProviderMisconfigured [Retrying, DeadLettered] "provider_misconfigured",
        "The provider did not accept our credentials or set-up, or the channel's secret cannot be read. The attempt is \
         repeated, as after every temporary failure, so an operator has until the last attempt to correct the secret or \
         the channel. A corrected one is used within a minute.";
    OutcomeUnknown [Failed] "outcome_unknown",
        "It is unknown whether the provider accepted the message, and the message must be sent at most once.";
    AttemptsExhausted [DeadLettered] "attempts_exhausted",
        "The attempts are used up, and the result of the last one is unknown.";
    ReceivedTooOften [DeadLettered] "received_too_often",
        "The queue delivered the message as often as it is allowed to, and no worker could finish it.";
}

impl Reason {
    /// The reason of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.as_str() == name)
    }

    /// The final state of a delivery that ends for this reason.
    pub fn status(self) -> DeliveryStatus {
        match self {
            Self::Cancelled => DeliveryStatus::Cancelled,
            Self::NotYetDue | Self::QuietHours | Self::RateLimited => DeliveryStatus::Held,
            Self::Expired
            | Self::UserNotFound
            | Self::UserErased
            | Self::NotSubscribed
            | Self::ChannelOff
            | Self::GroupOptedOut
            | Self::Paused
            | Self::NoProvider
            | Self::NoAddress
            | Self::AddressSuppressed
            | Self::DeviceHandedOn => DeliveryStatus::Skipped,
            Self::RenderFailed
            | Self::TooLong
            | Self::AddressGone
            | Self::ProviderRejected
            | Self::ProviderUnavailable
            | Self::ProviderMisconfigured
            | Self::OutcomeUnknown
            | Self::AttemptsExhausted
            | Self::ReceivedTooOften => DeliveryStatus::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_one_name() {
        for reason in Reason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
            assert_eq!(Reason::parse(reason.as_str()), Some(*reason));
        }
        assert_eq!(Reason::parse("teapot"), None);
    }

    /// What ends because of a decision ends in a state that the reason's page names.
    #[test]
    fn the_state_in_which_a_reason_ends_a_delivery_is_one_that_it_is_seen_as() {
        for reason in Reason::ALL {
            let is_given_up = reason.seen_as().contains(&DeliveryStatus::DeadLettered);
            assert!(is_given_up || reason.seen_as().contains(&reason.status()), "{reason:?}");
        }
    }

    #[test]
    fn every_reason_says_what_it_means_in_whole_sentences() {
        for reason in Reason::ALL {
            let text = reason.meaning();
            assert!(text.len() > 20 && text.ends_with('.') && !text.contains("  "), "{reason:?}: {text}");
        }
    }
}
