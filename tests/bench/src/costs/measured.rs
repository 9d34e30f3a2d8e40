//! `measured.json`: what each kind of invocation was measured to do. It stands beside `RESULTS.md`, whose tables of costs show
//! the same figures. Nobody types a figure in a second time.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::Invocation;
use crate::section::{Fault, Unavailable};

/// The file's name.
const FILE: &str = "measured.json";

/// The figures that this process has measured. They come before those of the file.
static OF_THIS_RUN: OnceLock<Measured> = OnceLock::new();

/// A kind of invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A change of channel preferences.
    Change,
    /// The same with an idempotency key.
    ChangeWithKey,
    /// The acceptance of a notification for one channel.
    Accept,
    /// The same with an idempotency key.
    AcceptWithKey,
    /// Ten deliveries by mail, with the look-up of suppressed addresses.
    MailTen,
    /// One delivery by mail.
    MailOne,
    /// Ten deliveries by push, each to one device.
    PushTen,
    /// One delivery by push.
    PushOne,
    /// Ten deliveries to the inbox.
    InAppTen,
    /// One delivery to the inbox.
    InAppOne,
    /// Ten deliveries by Slack. Text messages cost the same: nothing is looked up.
    SlackTen,
    /// One delivery by Slack.
    SlackOne,
    /// Ten deliveries by mail that are held for later.
    HoldTen,
    /// The release of held deliveries, a hundred at once, without the run that finds nothing.
    Release,
    /// A user's subscription to a topic.
    Subscribe,
    /// The acceptance of a run to 1,000 named recipients.
    AcceptNamed,
    /// One page of named recipients, expanded: each has a notification and a message.
    ExpandNamed,
    /// The acceptance of a run to a topic of 10,000 subscribers.
    AcceptTopic,
    /// One page of a topic's subscribers, expanded.
    ExpandTopic,
    /// Ten deliveries of a run to named recipients, by mail.
    NamedMailTen,
    /// The same by push.
    NamedPushTen,
    /// The same by Slack or SMS.
    NamedSlackTen,
    /// The same to the inbox.
    NamedInAppTen,
    /// Ten deliveries of a run to a topic, by mail.
    TopicMailTen,
    /// The same by push.
    TopicPushTen,
    /// The same by Slack or SMS.
    TopicSlackTen,
    /// The same to the inbox.
    TopicInAppTen,
}

impl Kind {
    /// All kinds, in the order in which they are shown.
    pub const ALL: [Self; 27] = [
        Self::Change,
        Self::ChangeWithKey,
        Self::Accept,
        Self::AcceptWithKey,
        Self::MailTen,
        Self::MailOne,
        Self::PushTen,
        Self::PushOne,
        Self::InAppTen,
        Self::InAppOne,
        Self::SlackTen,
        Self::SlackOne,
        Self::HoldTen,
        Self::Release,
        Self::Subscribe,
        Self::AcceptNamed,
        Self::ExpandNamed,
        Self::AcceptTopic,
        Self::ExpandTopic,
        Self::NamedMailTen,
        Self::NamedPushTen,
        Self::NamedSlackTen,
        Self::NamedInAppTen,
        Self::TopicMailTen,
        Self::TopicPushTen,
        Self::TopicSlackTen,
        Self::TopicInAppTen,
    ];

    /// A million of this, in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Change => "preference change",
            Self::ChangeWithKey => "preference change with an idempotency key",
            Self::Accept => "notification accepted, one channel",
            Self::AcceptWithKey => "notification accepted with an idempotency key",
            Self::MailTen => "delivery by mail, in batches of ten",
            Self::MailOne => "delivery by mail, alone",
            Self::PushTen => "delivery by push, in batches of ten",
            Self::PushOne => "delivery by push, alone",
            Self::InAppTen => "delivery to the inbox, in batches of ten",
            Self::InAppOne => "delivery to the inbox, alone",
            Self::SlackTen => "delivery by Slack or SMS, in batches of ten",
            Self::SlackOne => "delivery by Slack or SMS, alone",
            Self::HoldTen => "delivery held for later, in batches of ten",
            Self::Release => "held delivery released",
            Self::Subscribe => "subscription to a topic",
            Self::AcceptNamed => "recipient of a run of 1,000 accepted",
            Self::ExpandNamed => "recipient of a run of 1,000 expanded",
            Self::AcceptTopic => "subscriber of a topic of 10,000 accepted",
            Self::ExpandTopic => "subscriber of a topic of 10,000 expanded",
            Self::NamedMailTen => "delivery of a run by mail, in batches of ten",
            Self::NamedPushTen => "delivery of a run by push, in batches of ten",
            Self::NamedSlackTen => "delivery of a run by Slack or SMS, in batches of ten",
            Self::NamedInAppTen => "delivery of a run to the inbox, in batches of ten",
            Self::TopicMailTen => "delivery to a topic by mail, in batches of ten",
            Self::TopicPushTen => "delivery to a topic by push, in batches of ten",
            Self::TopicSlackTen => "delivery to a topic by Slack or SMS, in batches of ten",
            Self::TopicInAppTen => "delivery to a topic by the inbox, in batches of ten",
        }
    }
}

/// The measured figures.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// When, from which commit and in which build they were measured.
    pub of: String,
    /// Whether the build was a release build. The processor time of another one says nothing.
    pub release: bool,
    /// The largest memory of each function's process here, in MB.
    pub memory_mb: BTreeMap<String, f64>,
    /// The figures of one invocation of each kind.
    pub invocations: BTreeMap<Kind, Invocation>,
}

impl Measured {
    /// The figures of this kind.
    pub fn of(&self, kind: Kind) -> Result<Invocation, Fault> {
        let missing = || Unavailable(format!("{FILE} has no figures of a {}; run `--only money`", kind.name()));
        Ok(self.invocations.get(&kind).copied().ok_or_else(missing)?)
    }

    /// Makes these the figures for the rest of this run.
    pub fn keep(&self) {
        // A run measures once.
        let _ = OF_THIS_RUN.set(self.clone());
    }

    /// The figures of this run, or else those of the last run that has measured them.
    pub fn latest() -> Result<Self, Fault> {
        if let Some(measured) = OF_THIS_RUN.get() {
            return Ok(measured.clone());
        }
        let path = local::stack::binaries::workspace().join("tests/bench").join(FILE);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Unavailable(format!("{} cannot be read ({error}); run `--only money`", path.display())))?;
        Self::parse(&text)
    }

    /// Reads the text of the file.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        Ok(serde_json::from_str(text)?)
    }

    /// The file: its name and its text.
    pub fn file(&self) -> Result<(String, String), Fault> {
        Ok((FILE.to_owned(), serde_json::to_string_pretty(self)? + "\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_what_is_missing_says_what_to_run() {
        let invocation = Invocation { write: 2.0, cpu_ms: 0.25, ..Invocation::default() };
        let measured = Measured { invocations: [(Kind::Change, invocation)].into(), ..Measured::default() };
        let (name, text) = measured.file().unwrap();
        assert_eq!(name, "measured.json");
        assert_eq!(Measured::parse(&text).unwrap(), measured);
        assert_eq!(measured.of(Kind::Change).unwrap(), invocation);
        let error = measured.of(Kind::MailTen).unwrap_err().to_string();
        assert!(error.contains("delivery by mail") && error.contains("--only money"), "{error}");
        let unknown = text.replace("\"write\"", "\"writes\"");
        assert!(Measured::parse(&unknown).is_err(), "a figure that nobody knows is no figure");
    }
}
