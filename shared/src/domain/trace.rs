//! The trace of a decision: each rule that was asked, what it saw, and what it said.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Notification;

/// A rule that a notification must pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Its time has not passed.
    NotExpired,
    /// Its sender has not taken it back.
    NotCancelled,
    /// The time that its sender gave it has come.
    Due,
    /// The recipient is there.
    UserExists,
    /// The recipient has not switched the channel off.
    ChannelOn,
    /// The recipient has not opted out of the notification's group.
    GroupIn,
    /// Somebody can send on the channel.
    Provider,
    /// The recipient has an address there.
    Address,
    /// It is not the recipient's quiet hours.
    NotQuiet,
    /// It can be put into words.
    Rendered,
}

/// What a rule said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// Go on.
    Pass,
    /// It would have stopped the notification, but that is critical.
    Waived,
    /// It ends here.
    Stop,
}

/// One rule's part in a decision.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct Step {
    /// The rule.
    pub rule: Rule,
    /// What it saw, in words; never an address.
    pub saw: String,
    /// What it said.
    pub said: Said,
}

impl Step {
    pub(super) fn new(rule: Rule, saw: impl Into<String>, said: Said) -> Self {
        Self { rule, saw: saw.into(), said }
    }

    pub(super) fn judged(rule: Rule, saw: impl Into<String>, good: bool) -> Self {
        Self::new(rule, saw, if good { Said::Pass } else { Said::Stop })
    }

    /// The step of a rule that is the recipient's own wish. A critical notification ignores such a rule.
    pub(super) fn wanted(rule: Rule, saw: impl Into<String>, good: bool, notification: &Notification) -> Self {
        let said = match (good, notification.critical) {
            (true, _) => Said::Pass,
            (false, true) => Said::Waived,
            (false, false) => Said::Stop,
        };
        Self::new(rule, saw, said)
    }
}
