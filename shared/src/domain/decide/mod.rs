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

/// What is to be done with a delivery, and how that came about.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// The decision.
    pub decision: Decision,
    /// Every rule that was asked, in order; the last one is where it ended.
    pub trace: Vec<Step>,
}

/// What is to be done with a delivery.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Send it so.
    Send(Plan),
    /// Not now: decide anew at this time, and record why.
    Hold(Hold),
    /// Do not send it, and record why.
    Skip(Reason),
}

/// Until when, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// When to decide anew.
    pub until: Timestamp,
    /// Why.
    pub reason: Reason,
}

/// The ways to the recipient, at least one, in the order in which they are tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The first is used; the next only where nothing more can be had of the one before.
    pub routes: Vec<Route>,
}

/// Through whom, and where to.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// The configured channel that carries it.
    pub through: ConfiguredChannel,
    /// At least one email address, device token, …; none twice.
    pub addresses: Vec<String>,
}

/// What a decision goes by.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// What is stored under the recipient's id.
    pub user: Option<&'a UserRecord>,
    /// The channels that somebody can send through, in the order in which they are tried.
    pub configured: &'a [ConfiguredChannel],
    /// What is to be sent.
    pub notification: &'a Notification,
}

/// Decides for one channel, in the order that the contracts lay down: it has not expired or been cancelled, its time has
/// come, the user exists, the channel is not off, the group is not out, somebody can send it, there is an address, it is not
/// quiet hours. A critical notification passes the user's own refusals, quiet hours among them.
pub fn decide(facts: Facts<'_>, channel: Channel, now: Timestamp) -> Decided {
    let mut trace = Vec::new();
    let decision = match plan(facts, channel, now, &mut trace) {
        Ok(plan) => Decision::Send(plan),
        Err(Stop::Hold(hold)) => Decision::Hold(hold),
        Err(Stop::Skip(reason)) => Decision::Skip(reason),
    };
    Decided { decision, trace }
}

/// Where a decision ends before there is a plan.
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

/// Notes what a rule said, and stops where it said so.
fn ask(trace: &mut Vec<Step>, step: Step, reason: Reason) -> Result<(), Stop> {
    let stop = step.said == Said::Stop;
    trace.push(step);
    if stop { Err(Stop::Skip(reason)) } else { Ok(()) }
}

/// The same for a rule that only asks to wait.
fn ask_when(trace: &mut Vec<Step>, step: Step, reason: Reason, until: Timestamp) -> Result<(), Stop> {
    ask(trace, step, reason).map_err(|_| Stop::Hold(Hold { until, reason }))
}
