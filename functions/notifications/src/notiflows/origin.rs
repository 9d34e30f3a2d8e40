//! Where a notification comes from: which kind it is of, and which run has made it.

use shared::{
    dialects::notiflows::NO_HANDLE,
    domain::{Notification, RunId, TopicName},
};
use uuid::Uuid;

/// Where a notification comes from, in contract 3's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The handle of its kind.
    pub handle: &'a str,
    /// The run that has made it. A notification that no run has made is its own.
    pub run: Uuid,
    /// The topic to whose subscribers that run was.
    pub topic: Option<&'a str>,
}

impl<'a> From<&'a Notification> for Origin<'a> {
    fn from(notification: &'a Notification) -> Self {
        let run = notification.run.map_or(notification.id.uuid(), RunId::uuid);
        let topic = notification.topic.as_ref().map(TopicName::as_str);
        Self { handle: notification.group.as_deref().unwrap_or(NO_HANDLE), run, topic }
    }
}
