//! Where a notification comes from: which kind it is of, and which run has made it.

use shared::{dialects::notiflows::NO_HANDLE, domain::Notification};
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

impl Origin<'_> {
    /// Whether any notification can be to the subscribers of this topic, where one is asked for. No run is to subscribers yet, so there is
    /// nothing to look for.
    pub fn may_be_of(topic: Option<&str>) -> bool {
        topic.is_none()
    }
}

impl<'a> From<&'a Notification> for Origin<'a> {
    fn from(notification: &'a Notification) -> Self {
        Self { handle: notification.group.as_deref().unwrap_or(NO_HANDLE), run: notification.id.uuid(), topic: None }
    }
}
