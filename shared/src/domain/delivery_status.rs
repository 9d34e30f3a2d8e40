//! The state of a delivery.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The state of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// Accepted; no worker has decided yet.
    Queued,
    /// Waiting for its time.
    Held,
    /// A worker holds the lease and is sending now. Shown as `queued` before, `retrying` after the first attempt.
    #[schemars(skip)]
    Sending,
    /// An attempt failed; another follows at `next_attempt_at`.
    Retrying,
    /// The provider accepted it.
    Sent,
    /// The user's preferences or settings stopped the delivery. That is not a failure.
    Skipped,
    /// The delivery failed for good. It is not tried again.
    Failed,
    /// The sender cancelled the notification.
    Cancelled,
    /// All attempts failed, and the delivery is listed as a dead letter, which an operator can redrive. With the default
    /// parameters that is after 5 attempts. The waits between them are random: at most 4, 16, 64 and 256 seconds, or as
    /// long as
    /// the provider asks for. So it takes up to 340 seconds of waiting, and half of that on average.
    DeadLettered,
}

impl DeliveryStatus {
    /// Its name on the wire and in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Held => "held",
            Self::Sending => "sending",
            Self::Retrying => "retrying",
            Self::Sent => "sent",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::DeadLettered => "dead_lettered",
        }
    }

    /// Whether the delivery has ended: no worker changes it again.
    pub fn is_final(self) -> bool {
        match self {
            Self::Queued | Self::Held | Self::Sending | Self::Retrying => false,
            Self::Sent | Self::Skipped | Self::Failed | Self::Cancelled | Self::DeadLettered => true,
        }
    }
}
