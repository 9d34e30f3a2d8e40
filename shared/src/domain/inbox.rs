//! The in-app inbox: a user's entries, and whether they are read or archived.

use schemars::JsonSchema;
use serde_json::{Map, Value};

use super::{NotificationId, Timestamp};

/// An entry of a user's inbox.
#[derive(Clone, Debug, PartialEq)]
pub struct InboxEntry {
    /// The notification that made the entry. A user has one entry for each notification.
    pub notification_id: NotificationId,
    /// The title, one line.
    pub title: Option<String>,
    /// The text.
    pub body: String,
    /// Data for the application. It is not shown to the user.
    pub data: Map<String, Value>,
    /// The time that orders the entries: the time of the notification, not of the write.
    pub created_at: Timestamp,
    /// When the user read the entry; `None` if it is unread.
    pub read_at: Option<Timestamp>,
    /// When the user archived the entry; `None` if it is not archived.
    pub archived_at: Option<Timestamp>,
    /// The entry is kept until this time.
    pub kept_until: Timestamp,
}

/// The state of the entries to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum InboxState {
    /// What is not archived, read or not.
    #[default]
    #[schemars(skip)]
    Current,
    /// Entries that are neither read nor archived.
    Unread,
    /// Entries that are read and not archived.
    Read,
    /// Entries that are archived.
    Archived,
    /// All entries.
    All,
}

impl InboxState {
    /// The names that [`Self::parse`] accepts, for a sentence.
    pub const ACCEPTED: &str = "one of unread, read, archived, all";

    /// The state of that name. The default state has no name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "unread" => Some(Self::Unread),
            "read" => Some(Self::Read),
            "archived" => Some(Self::Archived),
            "all" => Some(Self::All),
            _ => None,
        }
    }

    /// Whether the state includes `entry`.
    pub fn takes(self, entry: &InboxEntry) -> bool {
        let (read, archived) = (entry.read_at.is_some(), entry.archived_at.is_some());
        match self {
            Self::Current => !archived,
            Self::Unread => !read && !archived,
            Self::Read => read && !archived,
            Self::Archived => archived,
            Self::All => true,
        }
    }
}

/// A change of an entry. `true` sets the time, and keeps an earlier one; `false` removes the time; `None` leaves it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InboxChange {
    /// Whether the entry is read.
    pub read: Option<bool>,
    /// Whether the entry is archived.
    pub archived: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_takes_its_own() {
        let at = Timestamp::from_millis(0);
        let entry = |read: bool, archived: bool| InboxEntry {
            notification_id: NotificationId::random(),
            title: None,
            body: "b".into(),
            data: Map::new(),
            created_at: at,
            read_at: read.then_some(at),
            archived_at: archived.then_some(at),
            kept_until: at,
        };
        let all = [entry(false, false), entry(true, false), entry(false, true), entry(true, true)];
        for (state, taken) in [
            (InboxState::default(), [true, true, false, false]),
            (InboxState::Unread, [true, false, false, false]),
            (InboxState::Read, [false, true, false, false]),
            (InboxState::Archived, [false, false, true, true]),
            (InboxState::All, [true; 4]),
        ] {
            assert_eq!(all.each_ref().map(|entry| state.takes(entry)), taken, "{state:?}");
        }
        for name in ["unread", "read", "archived", "all"] {
            assert!(InboxState::parse(name).is_some() && InboxState::ACCEPTED.contains(name));
        }
        assert_eq!(InboxState::parse("Unread"), None);
    }

    #[test]
    fn what_is_told_of_the_states_is_what_is_taken() {
        let schema = serde_json::to_value(schemars::schema_for!(InboxState)).unwrap();
        let names: Vec<_> =
            schema["oneOf"].as_array().unwrap().iter().map(|one| one["const"].as_str().unwrap()).collect();
        assert_eq!(InboxState::ACCEPTED, format!("one of {}", names.join(", ")));
    }
}
