//! The state and the result of a notification on one channel.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Channel, DeliveryStatus, Reason, Timestamp, trace::Step};
use crate::hash::sha256_hex;

/// The result for one address of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct AddressOutcome {
    /// The configured channel that it was sent through.
    pub channel_id: String,
    /// The result.
    pub state: AddressState,
    /// The provider's own id of the message.
    #[schemars(with = "String")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_message_id: Option<String>,
}

/// The result for one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressState {
    /// The provider accepted the message.
    Sent,
    /// The provider could not accept the message.
    Unavailable,
    /// No answer came, so the provider may have accepted the message.
    Unknown,
    /// The provider did not accept our credentials or set-up.
    Misconfigured,
    /// The provider no longer knows the address.
    Gone,
    /// The provider refused the message for good.
    Rejected,
}

impl AddressState {
    /// Whether no later attempt sends to this address again.
    pub fn is_final(self) -> bool {
        match self {
            Self::Sent | Self::Gone | Self::Rejected => true,
            Self::Unavailable | Self::Unknown | Self::Misconfigured => false,
        }
    }
}

/// A delivery as it is shown to people.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// The channel.
    pub channel: Channel,
    /// Its state.
    pub status: DeliveryStatus,
    /// The reason for the state, if there is one.
    pub reason: Option<Reason>,
    /// How many attempts were begun. An attempt is counted before the provider is called. It is not counted any more if the
    /// provider turned it away unread because there were too many, or was not called.
    pub attempts: u32,
    /// Whether an attempt was begun and its result is not known: the provider may have accepted the message in that
    /// attempt.
    pub ambiguous: bool,
    /// The result for each address, by [`address_key`].
    pub addresses: BTreeMap<String, AddressOutcome>,
    /// The provider's own id of the message. With several addresses: the id for the first address that it was sent to.
    pub provider_message_id: Option<String>,
    /// The delivery is held until this time.
    pub held_until: Option<Timestamp>,
    /// No further attempt is begun before this time. Only between two attempts.
    pub not_before: Option<Timestamp>,
    /// The trace of the last decision.
    pub trace: Vec<Step>,
    /// When the state was written.
    pub at: Timestamp,
}

impl Delivery {
    /// When the delivery is tried next: the end of the wait between two attempts, or of a hold. `None` if it does not wait
    /// for a time. What a pause holds may be tried earlier, because nobody knows before when a pause ends.
    pub fn next_attempt_at(&self) -> Option<Timestamp> {
        match self.status {
            DeliveryStatus::Retrying => self.not_before,
            DeliveryStatus::Held => self.held_until,
            DeliveryStatus::Queued
            | DeliveryStatus::Sending
            | DeliveryStatus::Sent
            | DeliveryStatus::Skipped
            | DeliveryStatus::Failed
            | DeliveryStatus::Cancelled
            | DeliveryStatus::DeadLettered => None,
        }
    }

    /// The version of the template that the last decision has rendered. `None` if it has rendered nothing, or no template.
    pub fn template_version(&self) -> Option<u64> {
        self.trace.iter().find_map(|step| step.template_version)
    }

    /// A delivery that no worker has looked at yet.
    pub fn queued(channel: Channel, at: Timestamp) -> Self {
        Self {
            channel,
            status: DeliveryStatus::Queued,
            reason: None,
            attempts: 0,
            ambiguous: false,
            addresses: BTreeMap::new(),
            provider_message_id: None,
            held_until: None,
            not_before: None,
            trace: Vec::new(),
            at,
        }
    }
}

/// The name of an address in a delivery's record, because the record must hold no address. It is the first 16
/// hexadecimal digits of the SHA-256 of the channel's id, a line feed and the address.
pub fn address_key(channel_id: &str, address: &str) -> String {
    let mut digest = sha256_hex(format!("{channel_id}\n{address}").as_bytes());
    digest.truncate(16);
    digest
}

/// The state of a whole notification: the first of these states that one of its deliveries has. First the states of
/// deliveries under way (`retrying`, `queued`, `held`), then the best end (`sent`), then the worst ends
/// (`dead_lettered`, `failed`), then `skipped` and `cancelled`.
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
        let delivery = |status: &DeliveryStatus| Delivery {
            status: *status,
            ..Delivery::queued(Channel::Email, Timestamp::EPOCH)
        };
        let deliveries: Vec<_> = statuses.iter().map(delivery).collect();
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

    #[test]
    fn a_notification_is_cancelled_when_all_of_it_was_and_else_it_is_what_became_of_the_rest() {
        use DeliveryStatus::{Cancelled, DeadLettered, Failed, Held, Sent, Skipped};
        assert_eq!(of(&[Cancelled]), Cancelled);
        assert_eq!(of(&[Cancelled, Cancelled, Cancelled]), Cancelled);
        for other in [Held, Sent, DeadLettered, Failed, Skipped] {
            assert_eq!(of(&[Cancelled, other, Cancelled]), other);
        }
    }

    #[test]
    fn only_what_waits_has_a_next_attempt() {
        use DeliveryStatus::{Held, Retrying};
        let (held_until, not_before) = (Some(Timestamp::from_millis(1)), Some(Timestamp::from_millis(2)));
        for name in ["queued", "held", "sending", "retrying", "sent", "skipped", "failed", "cancelled", "dead_lettered"]
        {
            let status: DeliveryStatus = serde_json::from_value(name.into()).unwrap();
            // The table keeps both times after the delivery went on.
            let queued = Delivery::queued(Channel::Email, Timestamp::EPOCH);
            let delivery = Delivery { status, held_until, not_before, ..queued };
            let expected = match status {
                Held => held_until,
                Retrying => not_before,
                _ => None,
            };
            assert_eq!(delivery.next_attempt_at(), expected, "{name}");
        }
    }
}
