//! The in-app inbox: what was put before a user, and what they did about it.

use schemars::JsonSchema;
use serde_json::{Map, Value};

use super::{NotificationId, Timestamp};

/// An entry of a user's inbox.
#[derive(Clone, Debug, PartialEq)]
pub struct InboxEntry {
    /// The notification that it came of; a user has one entry of it.
    pub notification_id: NotificationId,
    /// One line.
    pub title: Option<String>,
    /// The text.
    pub body: String,
    /// For the application, not for the eye.
    pub data: Map<String, Value>,
    /// The time that it stands under: the same, however late it was written.
    pub created_at: Timestamp,
    /// Since when the user has read it.
    pub read_at: Option<Timestamp>,
    /// Since when the user has put it aside.
    pub archived_at: Option<Timestamp>,
    /// It is not kept longer.
    pub kept_until: Timestamp,
}

/// Which entries are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum InboxState {
    /// What is not archived, read or not.
    #[default]
    #[schemars(skip)]
    Current,
    /// What is neither read nor archived.
    Unread,
    /// What is read and not archived.
    Read,
    /// What is archived.
    Archived,
    /// Everything.
    All,
}

impl InboxState {
    /// What [`Self::parse`] takes.
    pub const ACCEPTED: &str = "one of unread, read, archived, all";

    /// The state of that name. What is wanted where none is named has no name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "unread" => Some(Self::Unread),
            "read" => Some(Self::Read),
            "archived" => Some(Self::Archived),
            "all" => Some(Self::All),
            _ => None,
        }
    }

    /// Whether an entry is wanted.
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

/// A change of an entry: `true` keeps the time at which it first became so, `false` takes it back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InboxChange {
    /// Whether it is read.
    pub read: Option<bool>,
    /// Whether it is archived.
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
