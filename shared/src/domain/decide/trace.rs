//! The trace: each rule that was asked, what it saw, and what it said.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Route, User, UserRecord};
use crate::domain::{Channel, ConfiguredChannel, Notification, Timestamp};

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
    fn new(rule: Rule, saw: impl Into<String>, said: Said) -> Self {
        Self { rule, saw: saw.into(), said }
    }

    fn judged(rule: Rule, saw: impl Into<String>, good: bool) -> Self {
        Self::new(rule, saw, if good { Said::Pass } else { Said::Stop })
    }

    /// The step of a rule that is the recipient's own wish. A critical notification ignores such a rule.
    fn wanted(rule: Rule, saw: impl Into<String>, good: bool, notification: &Notification) -> Self {
        let said = match (good, notification.critical) {
            (true, _) => Said::Pass,
            (false, true) => Said::Waived,
            (false, false) => Said::Stop,
        };
        Self::new(rule, saw, said)
    }
}

pub(super) fn not_expired(notification: &Notification, now: Timestamp) -> Step {
    match notification.expires_at {
        None => Step::judged(Rule::NotExpired, "never expires", true),
        Some(at) => Step::judged(Rule::NotExpired, format!("expires at {at}"), now < at),
    }
}

pub(super) fn not_cancelled(notification: &Notification) -> Step {
    match notification.cancelled_at {
        None => Step::judged(Rule::NotCancelled, "not cancelled", true),
        Some(at) => Step::judged(Rule::NotCancelled, format!("cancelled at {at}"), false),
    }
}

pub(super) fn due(notification: &Notification, now: Timestamp) -> Step {
    match notification.send_at {
        None => Step::judged(Rule::Due, "at once", true),
        Some(at) => Step::judged(Rule::Due, format!("from {at}"), at <= now),
    }
}

pub(super) fn not_quiet(until: Option<Timestamp>, notification: &Notification) -> Step {
    let saw = until.map_or_else(|| "not quiet".to_owned(), |until| format!("quiet until {until}"));
    Step::wanted(Rule::NotQuiet, saw, until.is_none(), notification)
}

pub(super) fn user_exists(user: Option<&UserRecord>) -> Step {
    let saw = match user {
        Some(UserRecord::Present(_)) => "present",
        Some(UserRecord::Erased) => "erased",
        None => "never there",
    };
    Step::judged(Rule::UserExists, saw, matches!(user, Some(UserRecord::Present(_))))
}

pub(super) fn channel_on(user: &User, notification: &Notification, channel: Channel) -> Step {
    let switched = user.channels.get(&channel).copied();
    let saw = format!("{channel} {}", choice(switched, "on", "off"));
    Step::wanted(Rule::ChannelOn, saw, switched != Some(false), notification)
}

pub(super) fn group_in(user: &User, notification: &Notification, channel: Channel) -> Step {
    let Some(group) = &notification.group else { return Step::judged(Rule::GroupIn, "no group", true) };
    let chosen = user.groups.get(group).copied();
    let mut saw = format!("{group} {}", choice(chosen, "in", "out"));
    let mut good = chosen != Some(false);
    if let Some(handle) = user.handles.get(group)
        && handle.refuses(channel)
    {
        let what = if handle.enabled == Some(false) { "not enabled".into() } else { format!("not by {channel}") };
        saw = format!("{saw}, {what}");
        good = false;
    }
    Step::wanted(Rule::GroupIn, saw, good, notification)
}

pub(super) fn provider(through: &[&ConfiguredChannel]) -> Step {
    let names: Vec<_> = through.iter().map(|configured| configured.provider.as_str()).collect();
    let saw = if names.is_empty() { "none configured".to_owned() } else { names.join(", ") };
    Step::judged(Rule::Provider, saw, !names.is_empty())
}

pub(super) fn address(routes: &[Route], suppressed: usize) -> Step {
    let mut parts: Vec<_> = routes
        .iter()
        .map(|route| format!("{} by {}", route.addresses.len(), route.through.provider.as_str()))
        .collect();
    if suppressed > 0 {
        parts.push(format!("{suppressed} suppressed"));
    }
    let saw = if parts.is_empty() { "none".to_owned() } else { parts.join(", ") };
    Step::judged(Rule::Address, saw, !routes.is_empty())
}

fn choice(chosen: Option<bool>, yes: &'static str, no: &'static str) -> &'static str {
    match chosen {
        Some(true) => yes,
        Some(false) => no,
        None => "never set",
    }
}
