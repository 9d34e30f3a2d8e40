//! What travels through the queue: ids only, tagged with a kind and its version.

use serde::{Deserialize, Serialize};

use crate::domain::{Channel, NotificationId, UserId};

/// A message. A new version is a new variant, and the old one is understood for as long as a message may live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", deny_unknown_fields)]
pub enum Message {
    /// Decide and deliver one notification on one channel.
    #[serde(rename = "deliver.v1")]
    Deliver {
        /// The notification.
        notification_id: NotificationId,
        /// Its recipient, so that both can be loaded by one call.
        user_id: UserId,
        /// The channel.
        channel: Channel,
    },
}

/// A message's body that is none of ours.
#[derive(Debug, thiserror::Error)]
#[error("the message cannot be read: {fault} (at character {column})")]
pub struct UnreadableMessage {
    fault: &'static str,
    column: usize,
}

impl Message {
    /// Reads a body.
    pub fn from_json(body: &str) -> Result<Self, UnreadableMessage> {
        serde_json::from_str(body).map_err(|error| UnreadableMessage {
            // The error's own text quotes the body, which must not reach a log.
            fault: if error.is_data() { "it is of no known kind" } else { "it is no JSON" },
            column: error.column(),
        })
    }

    /// Writes a body.
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
}
