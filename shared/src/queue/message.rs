//! The messages in the queue. They hold only ids, and a tag with a kind and its version.

use serde::{Deserialize, Serialize};

use crate::domain::{Channel, NotificationId, UserId};

/// A message. A new version is a new variant. The old variant must be readable for as long as a message can stay in the
/// queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", deny_unknown_fields)]
pub enum Message {
    /// Decide and deliver one notification on one channel.
    #[serde(rename = "deliver.v1")]
    Deliver {
        /// The notification.
        notification_id: NotificationId,
        /// Its recipient, so that one call can load both.
        user_id: UserId,
        /// The channel.
        channel: Channel,
    },
}

/// The error of a message body that Tidings did not write.
#[derive(Debug, thiserror::Error)]
#[error("the message cannot be read: {fault} (at character {column})")]
pub struct UnreadableMessage {
    fault: &'static str,
    column: usize,
}

impl Message {
    /// Reads the body of a message.
    pub fn from_json(body: &str) -> Result<Self, UnreadableMessage> {
        serde_json::from_str(body).map_err(|error| UnreadableMessage {
            // The text of the error quotes the body. A body must not reach a log.
            fault: if error.is_data() { "it is of no known kind" } else { "it is no JSON" },
            column: error.column(),
        })
    }

    /// The channel that it is about.
    pub fn channel(&self) -> Channel {
        let Self::Deliver { channel, .. } = *self;
        channel
    }

    /// Writes the body of a message.
    pub fn to_json(&self) -> String {
        let Self::Deliver { notification_id, user_id, channel } = self;
        serde_json::json!({
            "kind": "deliver.v1",
            "notification_id": notification_id,
            "user_id": user_id,
            "channel": channel,
        })
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_as_it_was_written() {
        let message = Message::Deliver {
            notification_id: NotificationId::random(),
            user_id: UserId::random(),
            channel: Channel::InApp,
        };
        assert_eq!(Message::from_json(&message.to_json()).unwrap(), message);
    }

    #[test]
    fn another_version_is_not_guessed_at() {
        for body in ["", "{}", r#"{"kind":"deliver.v2"}"#, r#"{"kind":"deliver.v1","channel":"pigeon"}"#] {
            assert!(Message::from_json(body).is_err(), "{body}");
        }
    }

    #[test]
    fn a_message_as_it_was_once_sent_is_read_and_sent() {
        let body = include_str!("../../testdata/stored/message_deliver_v1.json").trim_end();
        let message = Message::Deliver {
            notification_id: NotificationId::parse("04bd73f8-4890-4d00-a70d-e6f72db69fb5").unwrap(),
            user_id: UserId::parse("7c080634-b51f-421f-9135-42101cb11be8").unwrap(),
            channel: Channel::Push,
        };
        assert_eq!(Message::from_json(body).unwrap(), message);
        assert_eq!(message.to_json(), body);
    }
}
