//! Messages that gave up.

use super::{Channel, NotificationId, Timestamp, UserId};

/// A message that gave up, with what is known of why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// When it was first sent, `#`, and the id that SQS gave it.
    pub id: String,
    /// Why: a [`super::Reason`] by its name, or a sentence where the message could not be read.
    pub reason: String,
    /// What it was about; nothing where it could not be read.
    pub about: Option<About>,
    /// The message as it was sent.
    pub body: String,
    /// When it was given up.
    pub at: Timestamp,
    /// Until when the record is kept.
    pub kept_until: Timestamp,
}

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// The notification.
    pub notification_id: NotificationId,
    /// Its recipient.
    pub user_id: UserId,
    /// The channel.
    pub channel: Channel,
}

/// What [`DeadLetter::is_id`] takes, as a pattern; which years have a 29 February is not in it.
pub const ID_PATTERN: &str = concat!(
    r"^[0-9]{4}-(02-(0[1-9]|[12][0-9])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01]))",
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z#[!-~]{1,128}$"
);

impl DeadLetter {
    /// The id of a message that SQS took at `sent` and calls `message_id`.
    pub fn id_of(sent: Timestamp, message_id: &str) -> String {
        format!("{sent}#{message_id}")
    }

    /// Whether this can be such an id.
    pub fn is_id(text: &str) -> bool {
        let Some((sent, message_id)) = text.split_once('#') else { return false };
        Timestamp::parse(sent).is_some_and(|parsed| parsed.to_string() == sent)
            && (1..=128).contains(&message_id.len())
            && message_id.chars().all(|c| c.is_ascii_graphic())
    }
}
