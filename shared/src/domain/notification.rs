//! A notification: what was asked to be sent, for whom.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Channel, NotificationId, Timestamp, UserId};

/// What is to be said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// The words themselves.
    Inline {
        /// An email's subject.
        #[serde(skip_serializing_if = "Option::is_none")]
        subject: Option<String>,
        /// A push message's title.
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<String>,
        /// The text.
        body: String,
    },
    /// A stored template and what it is filled with.
    Template {
        /// The template's code.
        template_code: String,
        /// Its variables.
        variables: Map<String, Value>,
    },
}

impl Content {
    /// What is left of a notification whose recipient was erased: nobody can send an empty text.
    pub fn emptied() -> Self {
        Self::Inline { subject: None, title: None, body: String::new() }
    }
}

/// A notification as accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    /// Its id.
    pub id: NotificationId,
    /// The recipient.
    pub user_id: UserId,
    /// The channels it goes out on, one delivery each.
    pub channels: Vec<Channel>,
    /// The notification group it belongs to.
    pub group: Option<String>,
    /// Whether it passes the user's opt-outs.
    pub critical: bool,
    /// 1 (most urgent) to 5.
    pub priority: u8,
    /// What is to be said.
    pub content: Content,
    /// It is not sent before.
    pub send_at: Option<Timestamp>,
    /// After this it is not sent any more.
    pub expires_at: Option<Timestamp>,
    /// Since when its sender does not want it sent any more.
    pub cancelled_at: Option<Timestamp>,
    /// Whether a delivery that may have been sent, without our knowing, is given up rather than sent again.
    pub at_most_once: bool,
    /// The sender's own data, never sent.
    pub metadata: Map<String, Value>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// Until when it and its deliveries are kept.
    pub kept_until: Timestamp,
}

impl Notification {
    /// A notification that is accepted `at` and has nothing but what it must have: no group, priority 3, due at once, kept
    /// until `at`. Whoever wants more names it: `Notification { critical: true, ..Notification::new(…) }`.
    pub fn new(id: NotificationId, user_id: UserId, channels: Vec<Channel>, content: Content, at: Timestamp) -> Self {
        Self {
            id,
            user_id,
            channels,
            group: None,
            critical: false,
            priority: 3,
            content,
            send_at: None,
            expires_at: None,
            cancelled_at: None,
            at_most_once: false,
            metadata: Map::new(),
            created_at: at,
            kept_until: at,
        }
    }
}

/// The most characters of a group's handle.
pub const MOST_GROUP: usize = 128;

/// Whether `handle` can name a group: 1 to 128 characters, no controls.
pub fn is_group(handle: &str) -> bool {
    super::text::is_line(handle, MOST_GROUP)
}
