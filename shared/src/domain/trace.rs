//! The trace of a decision: each rule that was asked, what it saw, and what it said.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Notification;

/// A rule that a notification must pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "DecisionRule")]
pub enum Rule {
    /// The notification has not expired.
    NotExpired,
    /// The sender has not cancelled the notification.
    NotCancelled,
    /// The time that the sender asked for has come.
    Due,
    /// The recipient exists.
    UserExists,
    /// The recipient is still subscribed to the notification's topic. The trace names this rule only if the recipient is not.
    Subscribed,
    /// The recipient has not switched the channel off.
    ChannelOn,
    /// The recipient has not opted out of the notification's group, or has opted in if its category is opt-in. Nobody is out of a
    /// required one.
    GroupIn,
    /// No operator has paused the channel, the notification's group or everything. The trace names this rule only if somebody has.
    NotPaused,
    /// A provider is configured for the channel.
    Provider,
    /// The recipient has an address on the channel.
    Address,
    /// The recipient has no quiet hours now.
    NotQuiet,
    /// The content can be rendered, and it is not longer than the channel's provider accepts.
    Rendered,
    /// The rate of the provider allows the message now.
    WithinRate,
}

/// The result of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "RuleResult")]
pub enum Said {
    /// The decision goes on.
    Pass,
    /// The rule would have stopped the notification, but the notification is critical.
    Waived,
    /// The decision ends here.
    Stop,
}

/// One rule's part in a decision.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "DecisionStep")]
pub struct Step {
    /// The rule.
    pub rule: Rule,
    /// What the rule saw, as text. It never shows an address.
    pub saw: String,
    /// The result of the rule.
    pub said: Said,
    /// The version of the template that the content was rendered with: only in the step `rendered` of what has a template.
    #[schemars(with = "u64")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_version: Option<u64>,
}

impl Step {
    /// The step of a rule.
    pub fn new(rule: Rule, saw: impl Into<String>, said: Said) -> Self {
        Self { rule, saw: saw.into(), said, template_version: None }
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
