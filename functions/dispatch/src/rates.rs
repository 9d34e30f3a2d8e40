//! The providers' rates: which messages of a group are sent now, and when the others come back.
//!
//! The messages that will be sent reserve their slots together, before any of them is claimed. A message whose slot does not
//! come soon is sent anew, with a delay and with its turn: it uses up no attempt and no receive, and nobody waits for it.

use std::{collections::BTreeMap, time::Duration};

use shared::{
    domain::{
        Plan, Rate,
        decide::{Rule, Said, Step},
        rate::{EARLY, Instant, LATE, SOON, Slots, Who, firm},
    },
    queue::{Outbound, Turn},
    store::{Granted, StoreError},
    telemetry,
};

use crate::{
    App,
    verdict::{Verdict, after},
    work::Work,
};

/// A message with a place in the line comes back when this share of its wait is over. So up to a tenth of the places may stay
/// unused, and those who come take the slots of those who do not.
const SHARE_OF_WAIT: f64 = 0.9;
/// The longest time that is added to the wait of a message whose place has passed.
const MAX_LATENESS: Duration = Duration::from_secs(300);

/// The slots of a message, by the id of the configured channel.
pub type SlotsOf = BTreeMap<String, Slots>;

/// When a message is sent.
pub enum Go {
    /// Now, in these slots.
    Now(SlotsOf),
    /// So much later that its delivery is held.
    Held(InLine),
    /// Later: the verdict says what becomes of the message.
    Later(Verdict),
}

/// A delivery that is held for its provider's rate.
pub struct InLine {
    /// When its message is sent.
    pub until: Instant,
    /// Its place.
    pub place: Instant,
    /// The step for the trace.
    pub step: Step,
}

/// The slots that a message needs of one channel.
struct Need<'a> {
    channel: &'a str,
    rate: Rate,
    count: u32,
}

/// The slots for the first route of each platform, on the channels that have a rate. The record is not known yet, so a repeated
/// attempt takes slots for all addresses, also for those that have got the message: that wastes some and exceeds nothing.
fn needs(plan: &Plan) -> Vec<Need<'_>> {
    let first = plan.platforms.iter().filter_map(|platform| platform.routes.first());
    let need = first.filter_map(|route| {
        let rate = route.through.rate_per_second?;
        let count = u32::try_from(route.addresses.len()).unwrap_or(u32::MAX).min(rate.at_once());
        Some(Need { channel: &route.through.id, rate, count })
    });
    need.collect()
}

/// The step of the trace: the channels that have a rate, and about when the message's turn comes. Only a delivery that is held has
/// it: each trace would be longer by a tenth, and the record of a mail is just below 1 KiB, which is one write unit.
fn step(needs: &[Need<'_>], place: Instant) -> Step {
    let rates = needs.iter().map(|need| format!("{} takes {} a second", need.channel, need.rate));
    let rates = rates.collect::<Vec<_>>().join(", ");
    let saw = format!("{rates}: its turn comes about {}", place.timestamp());
    Step::new(Rule::WithinRate, saw, Said::Stop)
}

/// What was asked for a message, and what it was given.
struct Asked<'a> {
    work: &'a Work,
    needs: Vec<Need<'a>>,
    who: Who,
    slots: SlotsOf,
    /// The latest place that it was given, or that it had.
    place: Option<Instant>,
    /// All slots are taken that are given at present. The next one is given at this time.
    room: Option<Instant>,
    failed: Option<Verdict>,
    /// It does not get all slots that it needs.
    has_to_wait: bool,
}

/// Decides for messages that will be sent when they are. The answers have the order of the messages.
pub async fn ask(app: &App, messages: &[(&Work, &Plan)]) -> Vec<Go> {
    let now = Instant::from(app.clock.now());
    let mut asked: Vec<_> = messages.iter().map(|(work, plan)| Asked::new(work, needs(plan), now)).collect();
    // Who had a place goes first.
    for who in [Who::Returning, Who::New] {
        for (channel, rate) in channels(&asked) {
            let group = group(&asked, who, &channel);
            if group.is_empty() {
                continue;
            }
            let count = group.iter().map(|(_, count)| count).sum();
            match app.rates.reserve(&channel, rate, who, count).await {
                Ok(granted) => share(&mut asked, (&channel, rate), &group, granted),
                Err(error) => fail(app, &mut asked, &channel, &group, &error),
            }
        }
    }
    let now = Instant::from(app.clock.now());
    let (mut goes, mut later) = (Vec::with_capacity(asked.len()), Vec::new());
    for one in asked {
        goes.push(match one.outcome(now, app.random.fraction()) {
            Outcome::Go(go) => go,
            Outcome::Later(pause, message) => {
                later.push((goes.len(), message));
                Go::Later(Verdict::after(pause, app.clock.now()))
            }
        });
    }
    send_later(app, later, &mut goes).await;
    goes
}

/// Sends messages anew. Those that are sent are done with; if SQS does not take them, they come back as the verdict says.
async fn send_later(app: &App, later: Vec<(usize, Outbound)>, goes: &mut [Go]) {
    let (numbers, messages): (Vec<_>, Vec<_>) = later.into_iter().unzip();
    if messages.is_empty() {
        return;
    }
    match app.queue.send(&messages).await {
        Ok(()) => {
            for number in numbers {
                if let Some(go) = goes.get_mut(number) {
                    *go = Go::Later(Verdict::Done);
                }
            }
        }
        Err(error) => tracing::warn!(error = telemetry::chain(&error), "messages that wait for their turn lose it"),
    }
}

/// The channels that the messages need, the slowest first: its slots are the scarcest.
fn channels(asked: &[Asked<'_>]) -> Vec<(String, Rate)> {
    let needs = asked.iter().flat_map(|one| &one.needs);
    let rates: BTreeMap<_, _> = needs.map(|need| (need.channel, need.rate)).collect();
    let mut channels: Vec<_> = rates.into_iter().map(|(channel, rate)| (channel.to_owned(), rate)).collect();
    channels.sort_by(|(_, one), (_, other)| one.per_second().total_cmp(&other.per_second()));
    channels
}

/// The messages that ask for slots of a channel, and how many. A message that got no slot of an earlier channel does not ask: its
/// slots here would pass unused.
fn group(asked: &[Asked<'_>], who: Who, channel: &str) -> Vec<(usize, u32)> {
    let asking = asked.iter().enumerate().filter(|(_, one)| one.who == who && !one.has_to_wait);
    let need = |one: &Asked<'_>| one.needs.iter().find(|need| need.channel == channel).map(|need| need.count);
    asking.filter(|(_, one)| !one.slots.contains_key(channel)).filter_map(|(n, one)| Some((n, need(one)?))).collect()
}

/// Gives each message of a group its part of what the group was given.
fn share(asked: &mut [Asked<'_>], (channel, rate): (&str, Rate), group: &[(usize, u32)], granted: Granted) {
    let mut before = 0;
    for (number, count) in group {
        let Some(one) = asked.get_mut(*number) else { continue };
        match granted {
            Granted::Slots(first) => {
                let first = first.plus(rate.time_of(before));
                one.slots.insert(channel.to_owned(), Slots { first, count: *count });
            }
            Granted::Places(first) => one.place = one.place.max(Some(first.plus(rate.time_of(before)))),
            Granted::NoRoom(next) => one.room = one.room.max(Some(next.minus(firm(rate)))),
        }
        one.has_to_wait = !matches!(granted, Granted::Slots(_));
        before += count;
    }
}

/// The table did not give any slots: nothing is sent without one.
fn fail(app: &App, asked: &mut [Asked<'_>], channel: &str, group: &[(usize, u32)], error: &StoreError) {
    tracing::error!(channel_id = channel, error = telemetry::chain(error), "nothing is sent without a slot");
    for (number, _) in group {
        let Some(one) = asked.get_mut(*number) else { continue };
        one.failed = Some(after(app, error, one.work.due.unwrap_or(app.clock.now())));
        one.has_to_wait = true;
    }
}

enum Outcome {
    Go(Go),
    Later(Duration, Outbound),
}

impl<'a> Asked<'a> {
    fn new(work: &'a Work, needs: Vec<Need<'a>>, now: Instant) -> Self {
        let (who, slots) = (Who::New, SlotsOf::new());
        let mut one = Self { work, needs, who, slots, place: None, room: None, failed: None, has_to_wait: false };
        match &work.turn {
            None => {}
            Some(Turn::Place(place)) => (one.who, one.place) = (Who::Returning, Some(*place)),
            Some(Turn::Slots(slots)) => {
                one.who = Who::Returning;
                let latest = slots.values().map(|slots| slots.first).max();
                if latest.is_some_and(|latest| now <= latest.plus(LATE)) {
                    one.slots.clone_from(slots);
                } else {
                    one.place = latest;
                }
            }
        }
        one
    }

    /// The time of its last slot, if it has all slots that it needs.
    fn turn(&self) -> Option<Instant> {
        let firsts = self.needs.iter().map(|need| self.slots.get(need.channel).map(|slots| slots.first));
        firsts.collect::<Option<Vec<_>>>()?.into_iter().max()
    }

    fn outcome(self, now: Instant, random: f64) -> Outcome {
        if self.needs.is_empty() {
            return Outcome::Go(Go::Now(SlotsOf::new()));
        }
        if let Some(verdict) = self.failed {
            return Outcome::Go(Go::Later(verdict));
        }
        if let Some(turn) = self.turn() {
            // A message that comes back for its slot is a little early, since delays are whole seconds.
            let soon = if self.work.turn.is_some() { EARLY } else { SOON };
            let wait = turn.after(now);
            return if wait <= soon {
                Outcome::Go(Go::Now(self.slots))
            } else {
                let message = self.message(wait, turn, Turn::Slots(self.slots.clone()));
                Outcome::Later(whole_seconds(wait), message)
            };
        }
        let place = self.place.unwrap_or(now);
        let wait = wait(place, self.room, now, random);
        if wait > Outbound::LONGEST_DELAY {
            let until = now.plus(wait);
            return Outcome::Go(Go::Held(InLine { until, place, step: step(&self.needs, place) }));
        }
        let message = self.message(wait, now.plus(wait), Turn::Place(place));
        Outcome::Later(whole_seconds(wait), message)
    }

    /// The message anew. Its work is due when its turn comes, so it is not late before.
    fn message(&self, wait: Duration, due: Instant, turn: Turn) -> Outbound {
        let anew = Outbound::delayed(&self.work.message(), whole_seconds(wait)).due(due.timestamp());
        let anew = anew.in_turn(turn).in_doubt(self.work.is_in_doubt);
        // Workers may have died of this message when they had its slot. That is not forgotten.
        anew.received(self.work.receive.saturating_sub(1))
    }
}

/// How long a message waits that has no slot: a share of the time until its place. If its place has passed, or nearly, it waits
/// until there is room, and longer the later it is already. So each time it waits twice as long, and messages that have
/// fallen behind do not all come back every second.
fn wait(place: Instant, room: Option<Instant>, now: Instant, random: f64) -> Duration {
    let until_place = place.after(now).mul_f64(SHARE_OF_WAIT);
    let until_room = room.map_or(Duration::ZERO, |room| room.after(now));
    if until_place >= Duration::from_secs(1) {
        return until_place.max(until_room);
    }
    let lateness = now.after(place).min(MAX_LATENESS);
    until_room + Duration::from_secs(1).mul_f64(1.0 + random) + lateness.mul_f64(0.5 + random / 2.0)
}

/// SQS's delays are whole seconds. Without a delay the message would be back at once.
fn whole_seconds(wait: Duration) -> Duration {
    Duration::from_secs(wait.as_secs().max(1))
}

/// The slots in which the addresses of one route are sent to.
pub struct Pace {
    early: Duration,
    rate: Option<(Rate, Slots)>,
    /// How long an address without a slot waits at least.
    wait: Duration,
}

impl Pace {
    /// The pace of a channel without a rate.
    pub const FREE: Self = Self { early: Duration::ZERO, rate: None, wait: Duration::ZERO };

    /// The pace of a route through a channel of this rate, with so many addresses. `slots` are those that its message has. If it
    /// has none, since the route stands in for another one, slots are reserved that come at once, or none.
    pub async fn of(app: &App, channel: &str, rate: Rate, slots: Option<Slots>, addresses: usize) -> Self {
        let none = Slots { first: Instant::default(), count: 0 };
        let (slots, wait) = match slots {
            Some(slots) => (slots, rate.time_of(1).max(Duration::from_secs(1))),
            None => {
                let count = u32::try_from(addresses).unwrap_or(u32::MAX).min(rate.at_once());
                match app.rates.reserve(channel, rate, Who::AtOnce, count).await {
                    Ok(Granted::Slots(first)) => (Slots { first, count }, rate.time_of(1)),
                    Ok(Granted::Places(next) | Granted::NoRoom(next)) => {
                        let jitter = Duration::from_secs(1).mul_f64(app.random.fraction());
                        (none, next.after(app.clock.now().into()) + jitter)
                    }
                    Err(error) => {
                        tracing::error!(channel_id = channel, error = telemetry::chain(&error), "no slot");
                        (none, Duration::from_secs(1))
                    }
                }
            }
        };
        Self { early: rate.early(), rate: Some((rate, slots)), wait }
    }

    /// How long the address of this number waits for its slot. The error says how long to wait at least for another attempt: it
    /// has no slot, or none within `limit`.
    pub fn wait(&self, number: usize, now: Instant, limit: Duration) -> Result<Duration, Duration> {
        let Some((rate, slots)) = self.rate else { return Ok(Duration::ZERO) };
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        if number >= slots.count {
            return Err(self.wait);
        }
        let wait = slots.first.plus(rate.time_of(number)).minus(self.early).after(now);
        if wait <= limit { Ok(wait) } else { Err(wait) }
    }
}

#[cfg(test)]
mod tests;
