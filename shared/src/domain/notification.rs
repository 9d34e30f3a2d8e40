//! A notification: what to send, and to whom.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Channel, NotificationId, RunId, Timestamp, TopicName, User, UserId};

/// How far the clocks of two processes may differ: the one that created or subscribed a user, and the one that accepted a run.
const SKEW: Duration = Duration::from_secs(2);

/// The latest time, by whatever clock, of what was there when a run was accepted.
pub fn latest(accepted_at: Timestamp) -> Timestamp {
    accepted_at.plus(SKEW)
}

/// The text of a notification, or the template for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// The text itself.
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
    /// A stored template and its variables.
    Template {
        /// The template's code.
        template_code: String,
        /// Its variables.
        variables: Map<String, Value>,
    },
    /// What the run of this id says. Whoever sends the notification reads it there.
    OfRun(RunId),
}

impl Content {
    /// The content of a notification whose recipient was erased. An empty text is never sent.
    pub fn emptied() -> Self {
        Self::Inline { subject: None, title: None, body: String::new() }
    }
}

/// What is sent, to whomever: a notification without its recipient.
#[derive(Clone, Debug, PartialEq)]
pub struct NotificationSpec {
    /// See [`Notification`], as of all fields.
    pub channels: Vec<Channel>,
    /// The category or group.
    pub group: Option<String>,
    /// Whether the category was opt-in.
    pub opt_in: bool,
    /// Whether opt-outs do not stop it.
    pub critical: bool,
    /// From 1 to 5.
    pub priority: u8,
    /// What to send.
    pub content: Content,
    /// Not sent before.
    pub send_at: Option<Timestamp>,
    /// Not sent from then on.
    pub expires_at: Option<Timestamp>,
    /// Never sent again if it may have been sent.
    pub at_most_once: bool,
    /// The sender's own data.
    pub metadata: Map<String, Value>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// Kept until.
    pub kept_until: Timestamp,
}

impl NotificationSpec {
    /// The notification to this recipient.
    pub fn to(self, id: NotificationId, user_id: UserId) -> Notification {
        let Self {
            channels,
            group,
            opt_in,
            critical,
            priority,
            content,
            send_at,
            expires_at,
            at_most_once,
            metadata,
            created_at,
            kept_until,
        } = self;
        Notification {
            id,
            user_id,
            run: None,
            topic: None,
            actor: None,
            channels,
            group,
            opt_in,
            critical,
            priority,
            content,
            send_at,
            expires_at,
            cancelled_at: None,
            unsubscribed: false,
            at_most_once,
            metadata,
            created_at,
            kept_until,
        }
    }
}

/// A notification as accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    /// Its id.
    pub id: NotificationId,
    /// The recipient.
    pub user_id: UserId,
    /// The run that has made it.
    pub run: Option<RunId>,
    /// The topic to whose subscribers that run was.
    pub topic: Option<TopicName>,
    /// The user whose doing it tells of. Only a run has one, so it is not stored with the notification.
    pub actor: Option<UserId>,
    /// The channels to send on. Each channel has one delivery.
    pub channels: Vec<Channel>,
    /// The notification group.
    pub group: Option<String>,
    /// Whether its category was opt-in when it was accepted. So it still waits for nobody but those who opted in if the category is
    /// deleted before it is sent.
    pub opt_in: bool,
    /// Whether the notification ignores the user's opt-outs.
    pub critical: bool,
    /// The priority, from 1 (most urgent) to 5.
    pub priority: u8,
    /// What to send.
    pub content: Content,
    /// The notification is not sent before this time.
    pub send_at: Option<Timestamp>,
    /// The notification is not sent from this time on.
    pub expires_at: Option<Timestamp>,
    /// When the sender cancelled the notification.
    pub cancelled_at: Option<Timestamp>,
    /// Whether its recipient is not subscribed to its topic any more. Whoever sends it looks, so it is not stored.
    pub unsubscribed: bool,
    /// Whether a delivery whose result is unknown ends, instead of being sent again.
    pub at_most_once: bool,
    /// The sender's own data. They are never sent.
    pub metadata: Map<String, Value>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// The notification and its deliveries are kept until this time.
    pub kept_until: Timestamp,
}

impl Notification {
    /// Whether it is to this user of its recipient's id, and not to one who had the id before. A run names its recipients for a while after it was accepted: one
    /// who was erased and created again since is not meant.
    pub fn is_to(&self, user: &User) -> bool {
        self.run.is_none() || user.created_at <= latest(self.created_at)
    }

    /// The time at which it is due: when it was accepted, or the later time that its sender asked for.
    pub fn due(&self) -> Timestamp {
        self.send_at.map_or(self.created_at, |at| at.max(self.created_at))
    }

    /// A notification that was accepted at `at`, with defaults: no group, priority 3, due at once, kept until `at`.
    /// Other values are given like this: `Notification { critical: true, ..Notification::new(…) }`.
    pub fn new(id: NotificationId, user_id: UserId, channels: Vec<Channel>, content: Content, at: Timestamp) -> Self {
        let spec = NotificationSpec {
            channels,
            group: None,
            opt_in: false,
            critical: false,
            priority: 3,
            content,
            send_at: None,
            expires_at: None,
            at_most_once: false,
            metadata: Map::new(),
            created_at: at,
            kept_until: at,
        };
        spec.to(id, user_id)
    }
}

/// The most characters of a group's handle.
pub const MAX_GROUP: usize = 128;

/// Whether `handle` can name a group: 1 to 128 characters, no control characters.
pub fn is_group(handle: &str) -> bool {
    super::text::is_line(handle, MAX_GROUP)
}
