//! The messages in the queue. They hold only ids, and a tag with a kind and its version.

use serde::{Deserialize, Serialize};

use crate::domain::{Channel, NotificationId, RunId, UserId};

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
    /// Make the notifications to one page of a run's recipients, and send their messages.
    #[serde(rename = "expand.v1")]
    Expand {
        /// The run.
        run_id: RunId,
        /// The page.
        page: PageOfRun,
        /// The first of the run's channels: its queue has the message.
        channel: Channel,
    },
}

/// A page of a run's recipients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum PageOfRun {
    /// The page of this number of the recipients whom the request names.
    Named(usize),
    /// All parts of a topic's subscriptions: a message for the first page of each.
    Parts,
    /// A page of one part of a topic's subscriptions.
    Topic {
        /// The part.
        part: usize,
        /// How many pages of this part come before.
        number: usize,
        /// The place after which it begins.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
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
            fault: if error.is_data() { "it is of an unknown kind" } else { "it is not JSON" },
            column: error.column(),
        })
    }

    /// The channel that it is about.
    pub fn channel(&self) -> Channel {
        match self {
            Self::Deliver { channel, .. } | Self::Expand { channel, .. } => *channel,
        }
    }

    /// Writes the body of a message.
    pub fn to_json(&self) -> String {
        let message = match self {
            Self::Deliver { notification_id, user_id, channel } => serde_json::json!({
                "kind": "deliver.v1",
                "notification_id": notification_id,
                "user_id": user_id,
                "channel": channel,
            }),
            Self::Expand { run_id, page, channel } => serde_json::json!({
                "kind": "expand.v1",
                "run_id": run_id,
                "page": page,
                "channel": channel,
            }),
        };
        message.to_string()
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
    fn a_page_of_a_run_is_read_as_it_was_written() {
        let run_id = RunId::parse("0d6b5f5e-3c0b-4b0c-9a57-0f6f2a1f6c3d").unwrap();
        for page in [
            PageOfRun::Named(9),
            PageOfRun::Parts,
            PageOfRun::Topic { part: 15, number: 0, after: None },
            PageOfRun::Topic { part: 0, number: 7, after: Some("2026-11-29T07:00:00.000Z#a".into()) },
        ] {
            let message = Message::Expand { run_id, page, channel: Channel::Sms };
            assert_eq!(Message::from_json(&message.to_json()).unwrap(), message);
            assert_eq!(message.channel(), Channel::Sms);
        }
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
