//! Pauses: an operator's switches. What is paused is not sent: it waits until the pause ends, or it is dropped.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Channel, Notification, Timestamp,
    notification::{MAX_GROUP, is_group},
};
use crate::hash::sha256_hex;

/// What a pause stops. On the wire and in the table it is `all`, `channel:` and a channel type, or `group:` and a handle.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PauseTarget {
    /// Everything.
    All,
    /// All that goes out on a channel.
    Channel(Channel),
    /// All notifications of a group.
    Group(String),
}

const ALL: &str = "all";
const CHANNEL: &str = "channel:";
const GROUP: &str = "group:";

impl PauseTarget {
    /// The target of that name. A group need not be known: notifications name their groups freely.
    pub fn parse(name: &str) -> Option<Self> {
        if let Some(channel) = name.strip_prefix(CHANNEL) {
            return Channel::parse(channel).map(Self::Channel);
        }
        if let Some(group) = name.strip_prefix(GROUP) {
            return is_group(group).then(|| Self::Group(group.to_owned()));
        }
        (name == ALL).then_some(Self::All)
    }

    /// The names that [`Self::parse`] accepts, for a sentence.
    pub fn accepted() -> String {
        let channels = Channel::names();
        format!(
            "all, channel: followed by one of {channels}, or group: followed by a handle of 1 to {MAX_GROUP} characters"
        )
    }

    /// Whether it stops this notification on this channel.
    fn covers(&self, notification: &Notification, channel: Channel) -> bool {
        match self {
            Self::All => true,
            Self::Channel(paused) => *paused == channel,
            Self::Group(group) => notification.group.as_ref() == Some(group),
        }
    }

    /// Its key in the list of what is held.
    pub fn key(&self) -> PauseKey {
        let digest = sha256_hex(self.to_string().as_bytes());
        // Half of a SHA-256 in hexadecimal digits is always a number.
        PauseKey(digest.get(..32).and_then(|half| u128::from_str_radix(half, 16).ok()).unwrap_or_default())
    }
}

impl fmt::Display for PauseTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str(ALL),
            Self::Channel(channel) => write!(f, "{CHANNEL}{channel}"),
            Self::Group(group) => write!(f, "{GROUP}{group}"),
        }
    }
}

/// The name of a target in the list of what is held: the first half of its SHA-256. A handle can be long and can have any
/// character; a key of the index cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PauseKey(u128);

impl PauseKey {
    /// The key of that text.
    pub fn parse(text: &str) -> Option<Self> {
        let key = Self(u128::from_str_radix(text, 16).ok()?);
        (key.to_string() == text).then_some(key)
    }
}

impl fmt::Display for PauseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// What happens to a delivery that is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseMode {
    /// It waits until the pause ends, and is decided again then.
    Hold,
    /// It ends as `skipped`, with the reason `paused`.
    Drop,
}

impl PauseMode {
    /// Its name on the wire and in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Drop => "drop",
        }
    }

    /// The mode of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Hold, Self::Drop].into_iter().find(|mode| mode.as_str() == name)
    }

    /// The names of both, for a sentence.
    pub fn names() -> String {
        [Self::Hold, Self::Drop].map(Self::as_str).join(", ")
    }
}

/// A pause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// What it stops.
    pub target: PauseTarget,
    /// What happens to what it stops.
    pub mode: PauseMode,
    /// When it ends by itself. `None`: when an operator resumes.
    pub until: Option<Timestamp>,
    /// A line for the next operator.
    pub note: Option<String>,
    /// The caller who paused.
    pub paused_by: String,
    /// When the caller did so.
    pub paused_at: Timestamp,
}

impl Pause {
    /// Whether it has ended by itself.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// Whether it, rather than `other`, is what stops a delivery that both stop.
    ///
    /// A hold comes before a drop, because a drop cannot be undone; what is held is decided again when the hold ends, and the drop
    /// stops it then, if the drop is still there. Of two holds the one that ends later is taken: so a delivery is seldom released
    /// by one pause to be held by the other.
    fn is_before(&self, other: &Self) -> bool {
        let end = |pause: &Self| pause.until.unwrap_or(Timestamp::MAX);
        match (self.mode, other.mode) {
            (PauseMode::Hold, PauseMode::Drop) => true,
            (PauseMode::Drop, PauseMode::Hold) => false,
            _ => (end(self), &other.target) > (end(other), &self.target),
        }
    }
}

/// The pauses of a deployment, in no particular order. Some of them may have ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pauses(Vec<Pause>);

/// Nothing is paused.
pub static NO_PAUSES: Pauses = Pauses(Vec::new());

impl Pauses {
    /// The pause that stops this notification on this channel at the time `now`.
    pub fn stopping(&self, notification: &Notification, channel: Channel, now: Timestamp) -> Option<&Pause> {
        let stopping = self.0.iter().filter(|pause| !pause.is_over(now) && pause.target.covers(notification, channel));
        stopping.reduce(|first, other| if other.is_before(first) { other } else { first })
    }
}

impl FromIterator<Pause> for Pauses {
    fn from_iter<I: IntoIterator<Item = Pause>>(pauses: I) -> Self {
        Self(pauses.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Content, NotificationId, UserId};

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn pause(target: &str, mode: PauseMode, until: Option<i64>) -> Pause {
        Pause {
            target: PauseTarget::parse(target).unwrap(),
            mode,
            until: until.map(at),
            note: None,
            paused_by: "op".into(),
            paused_at: at(0),
        }
    }

    fn stopping(pauses: &[Pause], group: Option<&str>, channel: Channel, now: i64) -> Option<String> {
        let channels = vec![channel];
        let plain = Notification::new(NotificationId::random(), UserId::random(), channels, Content::emptied(), at(0));
        let notification = Notification { group: group.map(Into::into), ..plain };
        let pauses: Pauses = pauses.iter().cloned().collect();
        pauses.stopping(&notification, channel, at(now)).map(|pause| pause.target.to_string())
    }

    #[test]
    fn a_target_has_one_name() {
        let long = format!("group:{}", "é".repeat(128));
        for name in ["all", "channel:email", "channel:in_app", "group:news", "group:a#b/c %:d", "group:all", &long] {
            assert_eq!(PauseTarget::parse(name).unwrap().to_string(), name);
        }
        let too_long = format!("group:{}", "x".repeat(129));
        for name in ["", "All", "all ", "channel:", "channel:fax", "channel:Email", "group:", "group: ", "group:a\nb"] {
            assert_eq!(PauseTarget::parse(name), None, "{name}");
        }
        assert_eq!(PauseTarget::parse(&too_long), None);
    }

    #[test]
    fn a_key_is_a_target_s_own_and_is_read_back() {
        let of = |name: &str| PauseTarget::parse(name).unwrap().key();
        let keys = ["all", "group:all", "channel:push", "group:push"].map(of);
        for key in keys {
            assert_eq!(PauseKey::parse(&key.to_string()), Some(key));
            assert_eq!(keys.iter().filter(|other| **other == key).count(), 1);
        }
        assert_eq!((PauseKey::parse("1"), PauseKey::parse(&"A".repeat(32)), PauseKey::parse("x")), (None, None, None));
    }

    #[test]
    fn a_pause_stops_what_it_names_until_it_ends() {
        let hold = |target: &str| [pause(target, PauseMode::Hold, Some(10))];
        let stops = |target: &str, group, channel| stopping(&hold(target), group, channel, 9).is_some();
        assert!(stops("all", None, Channel::Sms));
        assert!(stops("channel:sms", Some("a"), Channel::Sms) && !stops("channel:sms", None, Channel::Email));
        assert!(stops("group:a", Some("a"), Channel::Sms) && !stops("group:a", Some("b"), Channel::Sms));
        assert!(!stops("group:a", None, Channel::Sms));
        assert_eq!(stopping(&hold("all"), None, Channel::Sms, 10), None, "it is over at its end");
    }

    #[test]
    fn of_several_a_hold_comes_before_a_drop_and_of_two_holds_the_longer_one() {
        use PauseMode::{Drop, Hold};
        for (one, other, expected) in [
            (("all", Drop, None), ("group:a", Hold, Some(20)), "group:a"),
            (("all", Hold, Some(20)), ("group:a", Drop, None), "all"),
            (("all", Hold, Some(20)), ("group:a", Hold, None), "group:a"),
            (("all", Hold, Some(20)), ("channel:sms", Hold, Some(10)), "all"),
            (("all", Hold, None), ("group:a", Hold, None), "all"),
            // A hold that is over does not count.
            (("all", Hold, Some(5)), ("group:a", Drop, None), "group:a"),
        ] {
            let pauses = [one, other].map(|(target, mode, until)| pause(target, mode, until));
            for pauses in [pauses.clone(), [pauses[1].clone(), pauses[0].clone()]] {
                assert_eq!(stopping(&pauses, Some("a"), Channel::Sms, 9).as_deref(), Some(expected), "{pauses:?}");
            }
        }
    }
}
