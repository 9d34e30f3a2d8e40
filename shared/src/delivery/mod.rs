//! Providers: one module each, one classifier each.

mod apns;
mod apple;
mod aws;
mod fcm;
pub mod feedback;
mod google;
mod ses;
mod slack;
mod sms;
mod webhook;

use std::time::{Duration, SystemTime};

use uuid::Uuid;

pub use crate::secrets::{SecretError, Secrets};
use crate::{
    domain::{Channel, NotificationId, Timestamp, UserId, Words},
    net::{Answer, NetError},
};
pub use apns::Apns;
pub use fcm::Fcm;
pub use ses::{MOST_HEADER_CHARACTERS, Ses};
pub use slack::Slack;
pub use sms::Sms;
pub use webhook::Webhook;

/// One message to one address, as a provider's client takes it.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// The notification.
    pub notification_id: NotificationId,
    /// Its recipient.
    pub user_id: UserId,
    /// The channel it goes out on.
    pub channel: Channel,
    /// Where to: an email address, a device token, a Slack id, a telephone number, a URL.
    pub address: &'a str,
    /// What is said.
    pub words: &'a Words,
    /// 1 (most urgent) to 5.
    pub priority: u8,
    /// When it was to go out: when it was accepted, or the later time that its sender asked for.
    pub due: Timestamp,
    /// What is kept of it goes then.
    pub kept_until: Timestamp,
    /// After this the message is of no use any more.
    pub expires_at: Option<Timestamp>,
    /// Where a recipient opts out of messages of this kind with one click (RFC 8058).
    pub unsubscribe: Option<&'a str>,
}

impl Outgoing<'_> {
    /// The id of this message to this address: the same in every attempt, so that a provider that drops what it has seen
    /// before can do so.
    pub fn id(&self) -> Uuid {
        let name = format!("{}#{}", self.channel, self.address);
        Uuid::new_v5(&self.notification_id.uuid(), name.as_bytes())
    }
}

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
    /// No answer came, or it broke off: the provider may have taken the message, or not.
    Unknown,
    /// It no longer knows the address.
    AddressGone,
    /// It refuses this message for good.
    Rejected,
    /// It does not accept our credentials or set-up; somebody has to mend that.
    Misconfigured,
}

/// What an answer's `Retry-After` asks for.
fn asked_to_wait(answer: &Answer) -> Option<Duration> {
    retry_after(answer.header("retry-after"))
}

/// Reads `Retry-After`: seconds, or a date (RFC 9110 §10.2.3).
fn retry_after(value: Option<&str>) -> Option<Duration> {
    let value = value?.trim();
    match value.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => {
            let date = httpdate::parse_http_date(value).ok()?;
            Some(date.duration_since(SystemTime::now()).unwrap_or_default())
        }
    }
}

/// How a request without an answer is to be read: one that never left us was not taken. One that HTTP cannot carry has a
/// part out of the channel's secret or the deployment that is wrong.
fn unanswered(error: &NetError) -> Outcome {
    match error {
        NetError::Malformed => Outcome::Misconfigured,
        error if error.is_unsent() => Outcome::Retry { after: None },
        _ => Outcome::Unknown,
    }
}

#[cfg(test)]
mod faults;
#[cfg(test)]
mod tests {
    use super::*;

    /// A message to be sent by a provider's client.
    pub(super) fn outgoing<'a>(channel: Channel, address: &'a str, words: &'a Words) -> Outgoing<'a> {
        Outgoing {
            notification_id: NotificationId::random(),
            user_id: UserId::random(),
            channel,
            address,
            words,
            priority: 3,
            due: Timestamp::EPOCH,
            kept_until: Timestamp::EPOCH,
            expires_at: None,
            unsubscribe: None,
        }
    }

    #[test]
    fn a_provider_s_wish_is_seconds_or_a_date() {
        assert_eq!(retry_after(Some(" 7 ")), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(Some("soon")), None);
        assert_eq!(retry_after(Some("Thu, 01 Jan 1970 00:00:00 GMT")), Some(Duration::ZERO));
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(90));
        let after = retry_after(Some(&date)).unwrap();
        assert!(after > Duration::from_secs(60) && after <= Duration::from_secs(90), "{after:?}");
    }
}
