//! The decision: does this notification go out to this user on this channel, now?

mod addresses;
mod outcome;
mod paused;
mod rules;
#[cfg(test)]
mod tests;

pub use super::trace::{Rule, Said, Step};
use super::{Channel, ConfiguredChannel, Reason, Timestamp, user::UserRecord};
use addresses::Found;
pub use outcome::{
    Decided, Decision, DecisionInput, Hold, LookedUp, NOTHING_LOOKED_UP, Plan, Platform, Route, ToLookUp, UnderPause,
};

/// Decides for one channel. The rules are asked in the order that the contracts define: the notification has not
/// expired, it is not cancelled, its time has come, the user exists, still is subscribed to its topic if it is of one, the channel is not off, the user is in the group (not opted
/// out, or opted in if its category asks for that; nobody is out of a required one), no operator has paused it, a configured channel can carry it, there is an address, it is not quiet hours. A
/// critical notification ignores the user's own refusals, and quiet hours too; a pause stops it like all others.
pub fn decide(input: DecisionInput<'_>, channel: Channel, now: Timestamp) -> Decided {
    let mut trace = Vec::new();
    let decision = match plan(input, channel, now, &mut trace) {
        Ok(plan) => Decision::Send(plan),
        Err(Stop::Hold(hold)) => Decision::Hold(hold),
        Err(Stop::Skip(reason)) => Decision::Skip(reason),
    };
    Decided { decision, trace }
}

/// The addresses that the decision depends on and that have to be looked up. There are none if an earlier rule ends the
/// decision.
pub fn addresses_to_look_up(input: DecisionInput<'_>, channel: Channel, now: Timestamp) -> ToLookUp {
    let none = ToLookUp::default();
    let Some(UserRecord::Present(user)) = input.user else { return none };
    let wanted = addresses::to_look_up(user, &through(input.configured, channel));
    let is_asked = || decide(input, channel, now).trace.iter().any(|step| step.rule == Rule::Address);
    if wanted == none || !is_asked() { none } else { wanted }
}

/// Whether the configured channels that somebody has read earlier may lack one that this delivery needs: none of them carries its
/// channel, or the user has an endpoint of a channel that is not among them. A channel that was removed leaves endpoints, too, so
/// nobody knows before the channels are read again.
pub fn may_lack_a_channel(user: Option<&UserRecord>, configured: &[ConfiguredChannel], channel: Channel) -> bool {
    let Some(UserRecord::Present(user)) = user else { return false };
    let is_known = |id: &String| configured.iter().any(|channel| channel.id == *id);
    through(configured, channel).is_empty() || !user.endpoints.keys().all(is_known)
}

fn through(configured: &[ConfiguredChannel], channel: Channel) -> Vec<&ConfiguredChannel> {
    configured.iter().filter(|configured| configured.channel() == Some(channel)).collect()
}

/// The end of a decision without a plan.
enum Stop {
    Hold(Hold),
    Skip(Reason),
}

fn plan(input: DecisionInput<'_>, channel: Channel, now: Timestamp, trace: &mut Vec<Step>) -> Result<Plan, Stop> {
    let DecisionInput { user, configured, categories, pauses, notification, looked_up } = input;
    ask(trace, rules::not_expired(notification, now), Reason::Expired)?;
    ask(trace, rules::not_cancelled(notification), Reason::Cancelled)?;
    let send_at = notification.send_at.unwrap_or(now);
    ask_when(trace, rules::due(notification, now), Reason::NotYetDue, send_at)?;
    let erased = matches!(user, Some(UserRecord::Erased));
    ask(trace, rules::user_exists(user, notification), if erased { Reason::UserErased } else { Reason::UserNotFound })?;
    let Some(UserRecord::Present(user)) = user else { return Err(Stop::Skip(Reason::UserNotFound)) };
    if let Some(step) = rules::left_topic(notification) {
        ask(trace, step, Reason::NotSubscribed)?;
    }
    ask(trace, rules::channel_on(user, notification, channel), Reason::ChannelOff)?;
    ask(trace, rules::group_in(user, notification, categories.of(notification), channel), Reason::GroupOptedOut)?;
    if let Some((step, hold)) = paused::stops(pauses, notification, channel, now) {
        trace.push(step);
        return Err(hold.map_or(Stop::Skip(Reason::Paused), Stop::Hold));
    }
    let through = through(configured, channel);
    ask(trace, rules::provider(&through), Reason::NoProvider)?;
    let found = addresses::find(user, &through, looked_up);
    let reason = match &found {
        Found { suppressed: 1.., .. } => Reason::AddressSuppressed,
        Found { handed_on: 1.., .. } => Reason::DeviceHandedOn,
        Found { .. } => Reason::NoAddress,
    };
    ask(trace, rules::address(&found), reason)?;
    let quiet_until = user.quiet_until(now);
    let step = rules::not_quiet(quiet_until, notification);
    ask_when(trace, step, Reason::QuietHours, quiet_until.unwrap_or(now))?;
    Ok(Plan::of(found.routes))
}

/// Adds a step to the trace. The error ends the decision, if the step's rule said stop.
fn ask(trace: &mut Vec<Step>, step: Step, reason: Reason) -> Result<(), Stop> {
    let stop = step.said == Said::Stop;
    trace.push(step);
    if stop { Err(Stop::Skip(reason)) } else { Ok(()) }
}

/// Like [`ask`], for a rule that holds the delivery instead of ending it.
fn ask_when(trace: &mut Vec<Step>, step: Step, reason: Reason, until: Timestamp) -> Result<(), Stop> {
    ask(trace, step, reason).map_err(|_| Stop::Hold(Hold::until(until, reason)))
}
