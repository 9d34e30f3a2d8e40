//! The decision: does this notification go out to this user on this channel, now?

mod addresses;
#[cfg(test)]
mod tests;
mod trace;

use super::{
    Channel, ConfiguredChannel, Notification, Reason, Timestamp,
    user::{User, UserRecord},
};
use addresses::Found;
pub use trace::{Rule, Said, Step};

/// A decision, and the steps that led to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// The decision.
    pub decision: Decision,
    /// Every rule that was asked, in order. The last rule ended the decision.
    pub trace: Vec<Step>,
}

/// What the worker does with a delivery.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Send the delivery by this plan.
    Send(Plan),
    /// Do not send now. Record the reason, and decide again at this time.
    Hold(Hold),
    /// Never send the delivery, and record the reason.
    Skip(Reason),
}

/// The end of a hold, and its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// When to decide again.
    pub until: Timestamp,
    /// Why the delivery is held.
    pub reason: Reason,
}

/// The routes to the recipient.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// At least one route, in the order in which they are tried. The next route is used only if the route before cannot
    /// succeed any more.
    pub routes: Vec<Route>,
}

/// A configured channel, and the addresses to send to through it.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// The configured channel that carries the message.
    pub through: ConfiguredChannel,
    /// At least one address (an email address, a device token, …), without duplicates.
    pub addresses: Vec<String>,
}

/// The decision input.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The record under the recipient's id; `None` if there is no record.
    pub user: Option<&'a UserRecord>,
    /// The configured channels, in the order in which they are tried.
    pub configured: &'a [ConfiguredChannel],
    /// The notification that is decided on.
    pub notification: &'a Notification,
}

/// Decides for one channel. The rules are asked in the order that the contracts define: the notification has not
/// expired, it is not cancelled, its time has come, the user exists, the channel is not off, the user has not opted out
/// of the group, a configured channel can carry it, there is an address, it is not quiet hours. A critical notification
/// ignores the user's own refusals, and quiet hours too.
pub fn decide(facts: Facts<'_>, channel: Channel, now: Timestamp) -> Decided {
    let mut trace = Vec::new();
    let decision = match plan(facts, channel, now, &mut trace) {
        Ok(plan) => Decision::Send(plan),
        Err(Stop::Hold(hold)) => Decision::Hold(hold),
        Err(Stop::Skip(reason)) => Decision::Skip(reason),
    };
    Decided { decision, trace }
}

/// The end of a decision without a plan.
enum Stop {
    Hold(Hold),
    Skip(Reason),
}

fn plan(facts: Facts<'_>, channel: Channel, now: Timestamp, trace: &mut Vec<Step>) -> Result<Plan, Stop> {
    let Facts { user, configured, notification } = facts;
    ask(trace, trace::not_expired(notification, now), Reason::Expired)?;
    ask(trace, trace::not_cancelled(notification), Reason::Cancelled)?;
    let send_at = notification.send_at.unwrap_or(now);
    ask_when(trace, trace::due(notification, now), Reason::NotYetDue, send_at)?;
    let erased = matches!(user, Some(UserRecord::Erased));
    ask(trace, trace::user_exists(user), if erased { Reason::UserErased } else { Reason::UserNotFound })?;
    let Some(UserRecord::Present(user)) = user else { return Err(Stop::Skip(Reason::UserNotFound)) };
    ask(trace, trace::channel_on(user, notification, channel), Reason::ChannelOff)?;
    ask(trace, trace::group_in(user, notification, channel), Reason::GroupOptedOut)?;
    let through: Vec<_> = configured.iter().filter(|c| c.channel() == Some(channel)).collect();
    ask(trace, trace::provider(&through), Reason::NoProvider)?;
    let Found { routes, suppressed } = addresses::find(user, &through);
    let reason = if suppressed > 0 { Reason::AddressSuppressed } else { Reason::NoAddress };
    ask(trace, trace::address(&routes, suppressed), reason)?;
    let quiet_until = user.quiet_until(now);
    let step = trace::not_quiet(quiet_until, notification);
    ask_when(trace, step, Reason::QuietHours, quiet_until.unwrap_or(now))?;
    Ok(Plan { routes })
}

/// Adds a step to the trace. The error ends the decision, if the step's rule said stop.
fn ask(trace: &mut Vec<Step>, step: Step, reason: Reason) -> Result<(), Stop> {
    let stop = step.said == Said::Stop;
    trace.push(step);
    if stop { Err(Stop::Skip(reason)) } else { Ok(()) }
}

/// Like [`ask`], for a rule that holds the delivery instead of ending it.
fn ask_when(trace: &mut Vec<Step>, step: Step, reason: Reason, until: Timestamp) -> Result<(), Stop> {
    ask(trace, step, reason).map_err(|_| Stop::Hold(Hold { until, reason }))
}
