//! The decision: does this notification go out to this user on this channel, now?

mod addresses;
mod outcome;
mod rules;
#[cfg(test)]
mod tests;

pub use super::trace::{Rule, Said, Step};
use super::{Channel, Reason, Timestamp, user::UserRecord};
use addresses::Found;
pub use outcome::{Decided, Decision, DecisionInput, Hold, Plan, Route};

/// Decides for one channel. The rules are asked in the order that the contracts define: the notification has not
/// expired, it is not cancelled, its time has come, the user exists, the channel is not off, the user has not opted out
/// of the group, a configured channel can carry it, there is an address, it is not quiet hours. A critical notification
/// ignores the user's own refusals, and quiet hours too.
pub fn decide(input: DecisionInput<'_>, channel: Channel, now: Timestamp) -> Decided {
    let mut trace = Vec::new();
    let decision = match plan(input, channel, now, &mut trace) {
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

fn plan(input: DecisionInput<'_>, channel: Channel, now: Timestamp, trace: &mut Vec<Step>) -> Result<Plan, Stop> {
    let DecisionInput { user, configured, notification } = input;
    ask(trace, rules::not_expired(notification, now), Reason::Expired)?;
    ask(trace, rules::not_cancelled(notification), Reason::Cancelled)?;
    let send_at = notification.send_at.unwrap_or(now);
    ask_when(trace, rules::due(notification, now), Reason::NotYetDue, send_at)?;
    let erased = matches!(user, Some(UserRecord::Erased));
    ask(trace, rules::user_exists(user), if erased { Reason::UserErased } else { Reason::UserNotFound })?;
    let Some(UserRecord::Present(user)) = user else { return Err(Stop::Skip(Reason::UserNotFound)) };
    ask(trace, rules::channel_on(user, notification, channel), Reason::ChannelOff)?;
    ask(trace, rules::group_in(user, notification, channel), Reason::GroupOptedOut)?;
    let through: Vec<_> = configured.iter().filter(|c| c.channel() == Some(channel)).collect();
    ask(trace, rules::provider(&through), Reason::NoProvider)?;
    let Found { routes, suppressed } = addresses::find(user, &through);
    let reason = if suppressed > 0 { Reason::AddressSuppressed } else { Reason::NoAddress };
    ask(trace, rules::address(&routes, suppressed), reason)?;
    let quiet_until = user.quiet_until(now);
    let step = rules::not_quiet(quiet_until, notification);
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
