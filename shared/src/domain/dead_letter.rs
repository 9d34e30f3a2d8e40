//! Dead letters: messages that gave up.

use super::{Channel, NotificationId, Timestamp, UserId};

/// A message that gave up, and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The time at which the message was first sent, then `#`, then the id that SQS gave the message.
    pub id: String,
    /// Why the message gave up: the name of a [`super::Reason`], or a sentence if the message could not be read.
    pub reason: String,
    /// The delivery that the message asked for; `None` if the message could not be read.
    pub about: Option<About>,
    /// The message as it was sent.
    pub body: String,
    /// When the message gave up.
    pub at: Timestamp,
    /// The record is kept until this time.
    pub kept_until: Timestamp,
}

/// The delivery that a message asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// The notification.
    pub notification_id: NotificationId,
    /// Its recipient.
    pub user_id: UserId,
    /// The channel.
    pub channel: Channel,
}

/// The ids that [`DeadLetter::is_id`] accepts, as a pattern: a day of the Gregorian calendar, a time, and the id of SQS.
pub const ID_PATTERN: &str = concat!(
    // A 29 February: the year is divisible by 4, and by 400 if it ends a century.
    r"^((([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)",
    // Every other day of the years 0 to 9998.
    r"|([0-8][0-9]{3}|9[0-8][0-9]{2}|99[0-8][0-9]|999[0-8])",
    r"-(02-(0[1-9]|1[0-9]|2[0-8])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])))",
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z#[!-~]{1,128}$"
);

impl DeadLetter {
    /// The id of a message that SQS took at `sent` and calls `message_id`.
    pub fn id_of(sent: Timestamp, message_id: &str) -> String {
        format!("{sent}#{message_id}")
    }

    /// Whether `text` has the form of a dead letter's id. The year 9999 is left out, since [`Timestamp::MAX`] is in the middle of a
    /// day of it, which [`ID_PATTERN`] could not say.
    pub fn is_id(text: &str) -> bool {
        let Some((sent, message_id)) = text.split_once('#') else { return false };
        !sent.starts_with("9999")
            && Timestamp::parse(sent).is_some_and(|parsed| parsed.to_string() == sent)
            && (1..=128).contains(&message_id.len())
            && message_id.chars().all(|c| c.is_ascii_graphic())
    }
}
