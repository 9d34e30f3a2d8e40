//! Providers: one module each, one classifier each.

mod fcm;
mod google;
mod ses;

use std::time::Duration;

pub use crate::secrets::{SecretError, Secrets};
pub use fcm::Fcm;
pub use ses::Ses;

/// How a provider's answer is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It took the message.
    Sent {
        /// Its own id of the message, where it gives one.
        message_id: Option<String>,
    },
    /// Not now; at the earliest after this time, where it says so.
    Retry {
        /// The provider's own wish.
        after: Option<Duration>,
    },
    /// It no longer knows the address.
    AddressGone,
    /// It refuses this message for good.
    Rejected,
    /// It does not accept our credentials or set-up; somebody has to mend that.
    Misconfigured,
}

/// Reads `Retry-After` in its seconds form (RFC 9110 §10.2.3).
fn retry_after(value: Option<&str>) -> Option<Duration> {
    value.and_then(|value| value.trim().parse().ok()).map(Duration::from_secs)
}
