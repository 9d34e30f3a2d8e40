//! The rules of a decision. Each rule says what it saw, and whether the decision goes on.

use super::addresses::Found;
use crate::domain::{
    Category, Channel, ConfiguredChannel, Notification, Timestamp,
    category::chosen,
    trace::{Rule, Step},
    user::{User, UserRecord},
};

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

pub(super) fn user_exists(user: Option<&UserRecord>, notification: &Notification) -> Step {
    let (saw, is_good) = match user {
        Some(UserRecord::Present(user)) if notification.is_to(user) => ("present", true),
        Some(UserRecord::Present(_)) => ("created after the run", false),
        Some(UserRecord::Erased) => ("erased", false),
        None => ("not found", false),
    };
    Step::judged(Rule::UserExists, saw, is_good)
}

/// The step of a recipient who has left the notification's topic, also if it is critical: a topic is for those who want it.
pub(super) fn left_topic(notification: &Notification) -> Option<Step> {
    notification.unsubscribed.then(|| Step::judged(Rule::Subscribed, "no longer subscribed", false))
}

pub(super) fn channel_on(user: &User, notification: &Notification, channel: Channel) -> Step {
    let switched = user.channels.get(&channel).copied();
    let saw = format!("{channel} {}", choice(switched, "on", "off"));
    Step::wanted(Rule::ChannelOn, saw, switched != Some(false), notification)
}

/// Whether the recipient takes the notification's group on this channel. `category` is the group's, if it has one. If it has none any
/// more, what the category said when the notification was accepted still counts as far as it protects those who never chose.
pub(super) fn group_in(
    user: &User,
    notification: &Notification,
    category: Option<&Category>,
    channel: Channel,
) -> Step {
    let Some(group) = &notification.group else { return Step::judged(Rule::GroupIn, "no group", true) };
    if category.is_some_and(|category| category.required) {
        return Step::judged(Rule::GroupIn, format!("{group} required"), true);
    }
    let in_groups = user.groups.get(group).copied();
    let mut saw = format!("{group} {}", choice(in_groups, "in", "out"));
    let handle = user.handles.get(group);
    let enabled = handle.and_then(|handle| handle.enabled);
    let is_opt_in = category.map_or(notification.opt_in, |category| !category.default_in);
    let mut good = chosen(user, group).unwrap_or(!is_opt_in);
    match enabled {
        _ if !is_opt_in || in_groups.is_some() => {}
        Some(true) => saw.push_str(", enabled"),
        Some(false) => {}
        None => saw.push_str(", opt-in"),
    }
    if let Some(handle) = handle
        && handle.refuses(channel)
    {
        let what = if enabled == Some(false) { "not enabled".into() } else { format!("not by {channel}") };
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

pub(super) fn address(Found { routes, suppressed, handed_on, gone }: &Found) -> Step {
    let mut parts: Vec<_> = routes
        .iter()
        .map(|route| format!("{} by {}", route.addresses.len(), route.through.provider.as_str()))
        .collect();
    if *suppressed > 0 {
        parts.push(format!("{suppressed} suppressed"));
    }
    if *handed_on > 0 {
        parts.push(format!("{handed_on} registered by another user since"));
    }
    if *gone > 0 {
        parts.push(format!("{gone} switched off: it answered that it is gone"));
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
