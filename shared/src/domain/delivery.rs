//! What became of a notification on one channel.

use serde::{Deserialize, Serialize};

use super::{Channel, Timestamp};

/// The state of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// Accepted, not yet looked at.
    Queued,
    /// Waiting for its time.
    Held,
    /// A worker holds the lease and is sending now. Shown as `queued` before, `retrying` after the first attempt.
    Sending,
    /// An attempt failed; another follows.
    Retrying,
    /// The provider accepted it.
    Sent,
    /// The user's preferences or settings stopped it; no failure.
    Skipped,
    /// It cannot be sent, for good.
    Failed,
    /// The sender took it back.
    Cancelled,
    /// It gave up after its attempts and waits in the dead-letter queue.
    DeadLettered,
}

impl DeliveryStatus {
    /// Whether no worker will touch the delivery again.
    pub fn is_final(self) -> bool {
        match self {
            Self::Queued | Self::Held | Self::Sending | Self::Retrying => false,
            Self::Sent | Self::Skipped | Self::Failed | Self::Cancelled | Self::DeadLettered => true,
        }
    }
}

/// Why a delivery stopped or is not done yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The notification's time had passed.
    Expired,
    /// No user has that id.
    UserNotFound,
    /// The user was erased after the notification was accepted.
    UserErased,
    /// The user switched the channel off.
    ChannelOff,
    /// The user opted out of the notification's group.
    GroupOptedOut,
    /// Nobody is configured who could send on the channel.
    NoProvider,
    /// The user has no address on the channel.
    NoAddress,
    /// The notification's record is gone: it expired, or its user was erased.
    NotificationGone,
    /// The provider no longer knows the address.
    AddressGone,
    /// The provider refused the message for good.
    ProviderRejected,
    /// The provider could not take it now.
    ProviderUnavailable,
    /// The provider did not accept our credentials or set-up.
    ProviderMisconfigured,
}

/// A delivery as it is shown to people.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// The channel.
    pub channel: Channel,
    /// Its state.
    pub status: DeliveryStatus,
    /// Why, where there is something to say.
    pub reason: Option<Reason>,
    /// How many times a provider was about to be called.
    pub attempts: u32,
    /// The provider's own id of the message.
    pub provider_message_id: Option<String>,
    /// When the state was written.
    pub at: Timestamp,
}

/// The state of a whole notification out of those of its deliveries: what is still under way comes first (`retrying`,
/// then `queued`, then `held`), then the best outcome there was (`sent`), then the worst (`dead_lettered`, `failed`),
/// then `skipped` and `cancelled`.
pub fn overall(deliveries: &[Delivery]) -> DeliveryStatus {
    use DeliveryStatus::{Cancelled, DeadLettered, Failed, Held, Queued, Retrying, Sending, Sent, Skipped};
    [Sending, Retrying, Queued, Held, Sent, DeadLettered, Failed, Skipped, Cancelled]
        .into_iter()
        .find(|status| deliveries.iter().any(|delivery| delivery.status == *status))
        .unwrap_or(Queued)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(statuses: &[DeliveryStatus]) -> DeliveryStatus {
        let deliveries: Vec<_> = statuses
            .iter()
            .map(|status| Delivery {
                channel: Channel::Email,
                status: *status,
                reason: None,
                attempts: 0,
                provider_message_id: None,
                at: Timestamp::from_millis(0),
            })
            .collect();
        overall(&deliveries)
    }

    #[test]
    fn a_notification_is_sent_when_one_channel_was_and_none_is_under_way() {
        use DeliveryStatus::{Failed, Queued, Retrying, Sent, Skipped};
        assert_eq!(of(&[Skipped, Sent]), Sent);
        assert_eq!(of(&[Sent, Queued]), Queued);
        assert_eq!(of(&[Sent, Queued, Retrying]), Retrying);
        assert_eq!(of(&[Skipped, Failed]), Failed);
        assert_eq!(of(&[Skipped, Skipped]), Skipped);
        assert_eq!(of(&[]), Queued);
    }
}
