//! Topics, and the users who are subscribed to them.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::{Timestamp, UserId};

/// The most characters of a topic's name.
pub const MAX_NAME: usize = 128;
/// The most bytes of the name of an organisation that has topics. So a topic's text fits into a sort key, which has at most 1,024.
pub const MAX_ORG: usize = 255;
/// The names that a new topic may have, as a pattern: what [`TopicName::parse`] reads and [`TopicName::can_stand_in_a_url`].
pub const PATTERN: &str = r"^(\.{0,2}[^./?#%\u0000-\u001f\u007f-\u009f][^/?#%\u0000-\u001f\u007f-\u009f]*|\.{3}[^/?#%\u0000-\u001f\u007f-\u009f]*)$";

/// A topic's name: 1 to 128 characters, none of `/ ? # %` or controls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct TopicName(String);

impl TopicName {
    /// Reads a name. `None` if it is none.
    pub fn parse(raw: &str) -> Option<Self> {
        let allowed = |c: char| !c.is_control() && !matches!(c, '/' | '?' | '#' | '%');
        ((1..=MAX_NAME).contains(&raw.chars().count()) && raw.chars().all(allowed)).then(|| Self(raw.to_owned()))
    }

    /// Whether the name can stand in a URL. `.` and `..` are steps there and no names (RFC 3986 §5.2.4), whether a client writes them so
    /// or percent-encoded (<https://url.spec.whatwg.org/#single-dot-path-segment>). So no new topic has such a name.
    pub fn can_stand_in_a_url(&self) -> bool {
        !matches!(self.0.as_str(), "." | "..")
    }

    /// The name as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A topic by its name, and the organisation that it belongs to. Two organisations may each have a topic of the same name, and so may
/// the deployment itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId {
    /// The name.
    pub name: TopicName,
    /// The organisation; `None` for a topic of the deployment.
    pub org: Option<String>,
}

impl TopicId {
    /// A topic of the deployment.
    pub fn of_deployment(name: TopicName) -> Self {
        Self { name, org: None }
    }

    /// A topic of the organisation, if there is one, else of the deployment. `None` if the organisation's name has more than [`MAX_ORG`]
    /// bytes: such an organisation has no topics.
    pub fn of(name: TopicName, org: Option<String>) -> Option<Self> {
        org.as_ref().is_none_or(|org| org.len() <= MAX_ORG).then_some(Self { name, org })
    }

    /// Reads the text that [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, org) = match text.split_once('#') {
            Some((name, org)) => (name, Some(org.to_owned())),
            None => (text, None),
        };
        Self::of(TopicName::parse(name)?, org)
    }
}

/// The name, then `#` and the organisation, if there is one. A name has no `#`, so no two topics have the same text.
impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.org {
            None => self.name.fmt(f),
            Some(org) => write!(f, "{}#{org}", self.name),
        }
    }
}

/// One life of a topic, from its creation to its deletion. A topic of the same name that is created later has another generation, so
/// nobody is subscribed to it who was subscribed to the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Generation(pub Uuid);

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Which topic.
    pub id: TopicId,
    /// Its life.
    pub generation: Generation,
    /// When it was created.
    pub created_at: Timestamp,
}

/// A subscription's id, a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(extend("format" = "uuid", "examples" = ["6f1f4f4c-6f0e-5b0a-9f0c-0b6d7f3a2c11"]), with = "String")]
#[serde(transparent)]
pub struct SubscriptionId(Uuid);

/// A user's subscription to a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// The topic.
    pub topic: TopicId,
    /// The user.
    pub user: UserId,
    /// When the user was subscribed.
    pub created_at: Timestamp,
}

impl Subscription {
    /// The id. It is made of the user, the topic and the time, so it needs no place in the table. One who is subscribed again later has
    /// another subscription.
    pub fn id(&self) -> SubscriptionId {
        let user = Uuid::from_bytes(self.user.to_bytes());
        SubscriptionId(Uuid::new_v5(&user, format!("{}#{}", self.created_at, self.topic).as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_part_of_a_path() {
        let longest = "\u{1f600}".repeat(128);
        for good in ["news", "Order 66", "a.b:c", "ü", &longest] {
            assert_eq!(TopicName::parse(good).map(|name| name.to_string()).as_deref(), Some(good));
        }
        let long = "x".repeat(129);
        for bad in ["", "a/b", "a?b", "a#b", "a%b", "a\nb", "a\u{0}", "\u{7f}", &long] {
            assert_eq!(TopicName::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_step_of_a_path_is_no_name_in_it() {
        let can = |name: &str| TopicName::parse(name).unwrap().can_stand_in_a_url();
        assert_eq!(["news", ".news", "...", "a.", ".", ".."].map(can), [true, true, true, true, false, false]);
    }

    #[test]
    fn topics_of_two_organisations_and_of_the_deployment_differ_and_are_read_as_they_are_written() {
        let of = |org: Option<&str>| TopicId { name: TopicName::parse("news").unwrap(), org: org.map(str::to_owned) };
        let texts: Vec<_> = [None, Some("acme"), Some("a#b"), Some("")].map(|org| of(org).to_string()).into();
        assert_eq!(texts, ["news", "news#acme", "news#a#b", "news#"]);
        for (text, org) in texts.iter().zip([None, Some("acme"), Some("a#b"), Some("")]) {
            assert_eq!(TopicId::parse(text), Some(of(org)));
        }
        assert_eq!(TopicId::parse("#acme"), None);
        let longest = TopicId::parse(&format!("{}#{}", "\u{1f600}".repeat(MAX_NAME), "o".repeat(MAX_ORG)));
        assert_eq!(longest.map(|topic| topic.to_string().len()), Some(4 * MAX_NAME + 1 + MAX_ORG));
        assert_eq!(TopicId::parse(&format!("news#{}", "o".repeat(MAX_ORG + 1))), None);
    }

    #[test]
    fn a_subscription_has_the_same_id_until_it_is_another_one() {
        let topic = TopicId::of_deployment(TopicName::parse("news").unwrap());
        let one = Subscription { topic, user: UserId::from_bytes([7; 16]), created_at: Timestamp::EPOCH };
        assert_eq!(one.id(), one.clone().id());
        let user = UserId::from_bytes([8; 16]);
        let topic = TopicId { org: Some("acme".into()), ..one.topic.clone() };
        let created_at = Timestamp::from_millis(1);
        for other in [
            Subscription { user, ..one.clone() },
            Subscription { topic, ..one.clone() },
            Subscription { created_at, ..one.clone() },
        ] {
            assert_ne!(other.id(), one.id(), "{other:?}");
        }
    }
}
