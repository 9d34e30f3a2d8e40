//! Providers. Each has its own module, with its own function that classifies answers.

mod account;
mod apns;
mod apple;
mod aws;
mod fcm;
pub mod feedback;
mod google;
mod ses;
mod slack;
mod sms;
mod suppression_list;
mod webhook;

use std::time::Duration;

use uuid::Uuid;

pub use crate::secrets::{SecretError, SecretPresence, Secrets};
use crate::{
    clock::Clock,
    domain::{Channel, NotificationId, RenderedContent, Timestamp, UserId},
    net::{Answer, CutOff, NetError, within},
};
pub use account::{Account, EmailAccount, SenderIdentity, SmsAccount, Unasked};
pub use apns::Apns;
pub use fcm::Fcm;
pub use ses::{MAX_HEADER_CHARACTERS, Ses};
pub use slack::Slack;
pub use sms::Sms;
pub use suppression_list::{SuppressionList, SuppressionListError};
pub use webhook::{Webhook, WebhookEvent};

/// One message to one address, for a provider's client.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// The notification.
    pub notification_id: NotificationId,
    /// Its recipient.
    pub user_id: UserId,
    /// The channel.
    pub channel: Channel,
    /// The address: an email address, a device token, a Slack id, a telephone number or a URL.
    pub address: &'a str,
    /// The rendered content.
    pub content: &'a RenderedContent,
    /// The priority, from 1 (most urgent) to 5.
    pub priority: u8,
    /// The time at which the message was due: [`Notification::due`](crate::domain::Notification::due).
    pub due: Timestamp,
    /// The notification is kept until this time.
    pub kept_until: Timestamp,
    /// The provider should not deliver the message from this time on.
    pub expires_at: Option<Timestamp>,
    /// Where the recipient of an email opts out.
    pub unsubscribe: Option<&'a Unsubscribe>,
}

/// Where the recipient of an email opts out: what the header `List-Unsubscribe` says (RFC 2369 §3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsubscribe {
    /// The URL at which the recipient opts out of such messages with one click (RFC 8058).
    OneClick(String),
    /// The URL of the recipient's preferences: nobody can opt out of such messages, but the page says so and shows all others.
    Preferences(String),
}

impl Outgoing<'_> {
    /// The id of this message to this address. Every attempt has the same id, so that a provider can drop a message
    /// that it has seen before.
    pub fn id(&self) -> Uuid {
        let name = format!("{}#{}", self.channel, self.address);
        Uuid::new_v5(&self.notification_id.uuid(), name.as_bytes())
    }

    /// Whether a push message is delivered at once, and heard on Apple's devices. One that is less urgent than usual may wait for the
    /// device to be awake. That is the same whichever provider reaches the device.
    fn is_urgent(&self) -> bool {
        self.priority <= 3
    }
}

/// The outcome of an attempt, from a provider's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The provider accepted the message.
    Sent {
        /// The provider's own id of the message, if it gives one.
        message_id: Option<String>,
    },
    /// The provider could not accept the message now. A later attempt may succeed.
    Retry {
        /// How long to wait at least, if the provider says so.
        after: Option<Duration>,
    },
    /// Nothing was tried: the provider turned the message away unread, because it gets too many, or it was not called, because
    /// credentials or time were missing. That is no attempt.
    NotTried {
        /// How long to wait at least, if the provider says so.
        after: Option<Duration>,
    },
    /// There was no answer, or it broke off. The provider may have accepted the message.
    Unknown,
    /// The provider no longer knows the address.
    AddressGone {
        /// The time from which the provider knows that the address is gone, if the provider says it.
        since: Option<Timestamp>,
    },
    /// The provider refuses this message for good.
    Rejected,
    /// The provider does not accept our credentials or set-up. An operator must repair that.
    Misconfigured,
}

/// The outcome of `send`, or of the part of it that was done within `limit`. A message is unknown only if its request was
/// written: a connection that was not ready, or a token that was still being asked for, has sent nothing.
pub async fn in_time(clock: &Clock, limit: Duration, send: impl Future<Output = Outcome>) -> Outcome {
    within(clock, limit, send).await.unwrap_or_else(|cut_off| match cut_off {
        CutOff::NotSent => Outcome::Retry { after: None },
        CutOff::NoResponse => Outcome::Unknown,
    })
}

/// How long an answer's `Retry-After` asks to wait.
fn asked_to_wait(answer: &Answer, now: Timestamp) -> Option<Duration> {
    retry_after(answer.header("retry-after"), now)
}

/// Reads `Retry-After`: seconds, or a date (RFC 9110 §10.2.3).
fn retry_after(value: Option<&str>, now: Timestamp) -> Option<Duration> {
    let value = value?.trim();
    match value.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => {
            let date = httpdate::parse_http_date(value).ok()?;
            Some(Timestamp::from(date).saturating_duration_since(now))
        }
    }
}

/// The outcome of a request without an answer. A request that was not sent can be tried again. A request that HTTP
/// cannot carry has a wrong part, which comes from the channel's secret or the deployment.
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

    /// A message for a provider's client.
    pub(super) fn outgoing<'a>(channel: Channel, address: &'a str, content: &'a RenderedContent) -> Outgoing<'a> {
        Outgoing {
            notification_id: NotificationId::random(),
            user_id: UserId::random(),
            channel,
            address,
            content,
            priority: 3,
            due: Timestamp::EPOCH,
            kept_until: Timestamp::EPOCH,
            expires_at: None,
            unsubscribe: None,
        }
    }

    #[test]
    fn a_provider_s_wish_is_seconds_or_a_date() {
        let now = Timestamp::parse("1994-11-15T08:12:31Z").unwrap();
        let after = |value| retry_after(Some(value), now);
        assert_eq!(after(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(after("soon"), None);
        assert_eq!(after("Thu, 01 Jan 1970 00:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(after("Tue, 15 Nov 1994 08:14:01 GMT"), Some(Duration::from_secs(90)));
        // Without bounds it would be a time that cannot be shown.
        let most = Timestamp::MAX.saturating_duration_since(now);
        for endless in ["18446744073709551615", "Fri, 31 Dec 9999 23:59:59 GMT"] {
            assert!(after(endless).is_some_and(|after| after >= most - Duration::from_secs(1)), "{endless}");
            assert_eq!(now.plus(after(endless).unwrap()).to_string().len(), 24, "{endless}");
        }
        assert_eq!((after("18446744073709551616"), after("-1"), after("")), (None, None, None));
    }
}
