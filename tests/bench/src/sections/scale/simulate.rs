//! The model itself: a fluid that flows second by second, from the callers through the API and the queues to the providers.
//!
//! What is requested passes the API as fast as its limits let it, waits in its channel's queue for a worker, and is sent, or fails
//! and waits for its next attempt, as `functions/dispatch/src/retries.rs` has it. What is due in the morning is held, and released
//! as the schedule does that.

use super::channel::{Line, Portion, Waiting, Work, sum};
use super::day::{CHANNELS, DAY, Day, MORNING, seconds};
use super::lateness::Lateness;
use super::scenario::{Outage, Scenario};
use crate::costs::Usage;

/// The model ends after this time, in seconds, also if something still waits.
const LONGEST: usize = 3 * DAY;

/// One channel of a run.
#[derive(Debug, Clone, Default)]
struct Channel {
    queue: Line,
    waiting: Waiting,
    held: Line,
    dead: Line,
    workers: f64,
    sent: f64,
    lateness: Lateness,
    /// The time for which deliveries stood in the queue, all together.
    stood: f64,
}

/// What one channel did.
#[derive(Debug, Clone, Default)]
pub struct Sent {
    /// What came.
    pub arrived: f64,
    /// What was sent.
    pub sent: f64,
    /// What still waits at the end: in the queue, for an attempt, held, or as a dead letter.
    pub left: f64,
    /// How late it was.
    pub lateness: Lateness,
    /// What waits in the queue and for attempts, the most of each minute.
    pub backlog: Vec<f64>,
    /// How late the latest one was that was sent in each minute, in seconds.
    pub latest: Vec<f64>,
    /// The most dead letters at once.
    pub dead: f64,
    /// The sum of the queue over all seconds.
    pub area: f64,
    /// The sum of how long each stood in the queue.
    pub stood: f64,
}

/// The most of each in one second.
#[derive(Debug, Clone, Copy, Default)]
pub struct Peaks {
    /// Invocations at once, of all functions.
    pub concurrency: f64,
    /// Messages of one queue in flight.
    pub in_flight: f64,
    /// Write units.
    pub write: f64,
    /// Read units.
    pub read: f64,
    /// What waits everywhere.
    pub backlog: f64,
}

/// What a run did.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// What was requested.
    pub requested: f64,
    /// What still waits at its caller, whom the API told to come back.
    pub at_callers: f64,
    /// Channel by channel.
    pub channels: Vec<Sent>,
    /// What AWS counts.
    pub usage: Usage,
    /// The most of each.
    pub peaks: Peaks,
    /// What waited at the end of the day.
    pub at_midnight: f64,
    /// When the last one was released that was due in the morning, in seconds of the day.
    pub released_at: usize,
    /// What had been released when it was due.
    pub released_in_time: f64,
    /// What of the morning's is not sent yet, at the end of each minute.
    pub morning: Vec<f64>,
    /// How late the morning's deliveries were.
    pub morning_lateness: Lateness,
}

/// Runs a scenario until nothing waits any more.
pub fn run(scenario: &Scenario) -> Outcome {
    let day = Day::of(scenario.notifications);
    let mut state = State::new(scenario);
    for second in 0..LONGEST {
        state.step(&day, second);
        if second + 1 >= DAY && state.is_empty() {
            break;
        }
    }
    state.end()
}

struct State<'s> {
    scenario: &'s Scenario,
    callers: Line,
    channels: Vec<Channel>,
    outcome: Outcome,
    morning_left: f64,
    morning_released: f64,
    /// Released before it was due: SQS keeps the messages back until then.
    early: [Line; 5],
}

impl<'s> State<'s> {
    fn new(scenario: &'s Scenario) -> Self {
        let outcome = Outcome { channels: vec![Sent::default(); CHANNELS.len()], ..Outcome::default() };
        Self {
            scenario,
            callers: Line::default(),
            channels: vec![Channel::default(); CHANNELS.len()],
            outcome,
            morning_left: 0.0,
            morning_released: 0.0,
            early: Default::default(),
        }
    }

    fn is_empty(&self) -> bool {
        let waits = |channel: &Channel| {
            channel.queue.amount() + channel.waiting.amount() + channel.held.amount() + channel.dead.amount()
        };
        self.callers.amount() <= 0.0 && self.channels.iter().all(|channel| waits(channel) <= 1e-6)
    }

    fn step(&mut self, day: &Day, second: usize) {
        let accepting = self.accept(day, second);
        self.release(second);
        self.bring_back(second);
        self.work(second, accepting);
        self.note(second);
    }

    /// Accepts what callers ask for. Returns the units and the invocations at once that it takes.
    fn accept(&mut self, day: &Day, second: usize) -> (Usage, f64) {
        let others = &self.scenario.others;
        let (now, later) = (day.now.get(second).copied().unwrap_or(0.0), day.later.get(second).copied().unwrap_or(0.0));
        self.outcome.requested += now + later;
        self.callers.push(Portion::new(second, now));
        let accepted = self.callers.take((self.scenario.limits.requests - later).max(0.0));
        for portion in &accepted {
            for (channel, mix) in CHANNELS.iter().enumerate() {
                let part = Portion { amount: portion.amount * mix.share, ..*portion };
                self.outcome.channels[channel].arrived += part.amount;
                self.channels[channel].queue.push(part);
            }
        }
        for (channel, mix) in CHANNELS.iter().enumerate() {
            let part = Portion { is_morning: true, ..Portion::new(MORNING, later * mix.share) };
            self.outcome.channels[channel].arrived += part.amount;
            self.channels[channel].held.push(part);
        }
        self.morning_left += later;
        let all = sum(&accepted) + later;
        // What is held is worked on once for that, in batches as they come; the batch of ten is near enough.
        let holding = others.hold.usage(&others.assumed).times(later / others.hold.pieces);
        let usage = others.accept.usage(&others.assumed).times(all).plus(&holding);
        self.outcome.usage = self.outcome.usage.plus(&usage);
        (usage, all * others.accept.takes_ms(&others.assumed) / 1000.0)
    }

    /// Releases what is due in the morning, and what a pause has held.
    fn release(&mut self, second: usize) {
        let Scenario { release, limits, outage, others, .. } = self.scenario;
        if second % 60 >= release.works {
            return;
        }
        let is_morning = second + release.ahead >= MORNING && self.morning_released + 1e-6 < self.morning_left;
        let is_over = |outage: &Outage| outage.paused_from.is_some() && second >= outage.until;
        if !is_morning && !outage.as_ref().is_some_and(is_over) {
            return;
        }
        let held: f64 = self.channels.iter().map(|channel| channel.held.amount()).sum();
        let part = (release.rate(limits.partition) / held.max(1e-9)).min(1.0);
        let mut all = 0.0;
        for (channel, early) in self.channels.iter_mut().zip(&mut self.early) {
            for portion in channel.held.take(channel.held.amount() * part) {
                all += portion.amount;
                if portion.is_morning {
                    self.morning_released += portion.amount;
                    self.outcome.released_at = second;
                }
                if portion.due > second { early.push(portion) } else { channel.queue.push(portion) }
            }
        }
        if second < MORNING {
            self.outcome.released_in_time += all;
        }
        let usage = others.release.usage(&others.assumed);
        let computes = others.release.computes_ms(&others.assumed) / 1000.0 * others.release.memory_mb / 1024.0;
        let usage = Usage { invocations: 0.0, log_bytes: 0.0, gb_seconds: computes, ..usage };
        self.outcome.usage = self.outcome.usage.plus(&usage.times(all / others.release.pieces));
    }

    /// What has waited comes back into its queue.
    fn bring_back(&mut self, second: usize) {
        for (channel, early) in self.channels.iter_mut().zip(&mut self.early) {
            if second == MORNING {
                for portion in early.take(f64::INFINITY) {
                    channel.queue.push(portion);
                }
            }
            for portion in channel.waiting.due(second) {
                channel.queue.push(portion);
            }
        }
        let Some(Outage { channel, redriven_from, redrive_rate, .. }) = self.scenario.outage else { return };
        if second >= redriven_from {
            for portion in self.channels[channel].dead.take(redrive_rate) {
                self.channels[channel].queue.push(Portion { failed: 0, ..portion });
            }
        }
    }

    /// The workers take what they can.
    fn work(&mut self, second: usize, (accepting, accepting_at_once): (Usage, f64)) {
        let Scenario { limits, work, .. } = self.scenario;
        let plans: Vec<_> = (0..CHANNELS.len()).map(|channel| self.plan(channel, second)).collect();
        // What all need together must fit into the table's units and the account's invocations.
        let (mut write, mut read, mut at_once) = (0.0, 0.0, 0.0);
        for (plan, work) in plans.iter().zip(work) {
            let usage = work.usage(plan.amount, plan.batch);
            write += usage.write;
            read += usage.read;
            at_once += plan.at_once;
        }
        let fits = |limit: f64, taken: f64, wanted: f64| ((limit - taken).max(0.0) / wanted.max(1e-9)).min(1.0);
        let part = fits(limits.write, accepting.write, write).min(fits(limits.read, accepting.read, read)).min(fits(
            limits.concurrency,
            accepting_at_once,
            at_once,
        ));
        for (channel, plan) in plans.iter().enumerate() {
            self.carry_out(channel, second, &Plan { amount: plan.amount * part, ..*plan });
        }
        let peaks = &mut self.outcome.peaks;
        peaks.write = peaks.write.max(accepting.write + write * part);
        peaks.read = peaks.read.max(accepting.read + read * part);
        peaks.concurrency = peaks.concurrency.max(accepting_at_once + at_once * part);
        for plan in &plans {
            peaks.in_flight = peaks.in_flight.max(plan.at_once * part * plan.batch);
        }
    }

    /// What a channel's workers would do in this second.
    fn plan(&mut self, channel: usize, second: usize) -> Plan {
        let Scenario { limits, work, .. } = self.scenario;
        let mode = self.mode(channel, second);
        let (state, work) = (&mut self.channels[channel], &work[channel]);
        let longer = match mode {
            Mode::Fails(after) => after - work.one.provider_ms / 1000.0,
            Mode::Holds => -work.one.provider_ms / 1000.0,
            Mode::Sends => 0.0,
        };
        let wanted = state.queue.amount();
        let most = limits.channels[channel];
        let busy = wanted / work.most(1.0, longer);
        // An event source begins with a few invocations, and takes more while messages are left.
        let grown = (state.workers + limits.growth).max(limits.start);
        state.workers = busy.ceil().max(limits.start).min(grown).min(most);
        let batch = work.batch(state.workers, wanted, longer);
        let rate = if matches!(mode, Mode::Sends) { limits.providers[channel] } else { f64::INFINITY };
        let amount = wanted.min(state.workers * batch / (work.takes(batch) + longer)).min(rate);
        Plan {
            amount,
            batch,
            at_once: amount / batch * (work.takes(batch) + longer),
            takes: work.takes(batch) + longer,
            mode,
        }
    }

    /// What becomes of a channel's deliveries in this second.
    fn mode(&self, channel: usize, second: usize) -> Mode {
        match self.scenario.outage {
            Some(outage) if outage.channel == channel && (outage.from..outage.until).contains(&second) => {
                let is_paused = outage.paused_from.is_some_and(|from| second >= from);
                if is_paused { Mode::Holds } else { Mode::Fails(outage.fails_after) }
            }
            _ => Mode::Sends,
        }
    }

    fn carry_out(&mut self, channel: usize, second: usize, plan: &Plan) {
        let Scenario { work, others, retries: (base, most, attempts), .. } = self.scenario;
        let (state, sent) = (&mut self.channels[channel], &mut self.outcome.channels[channel]);
        let portions = state.queue.take(plan.amount);
        let usage = match plan.mode {
            Mode::Holds => others.hold.usage(&others.assumed).times(plan.amount / others.hold.pieces),
            Mode::Sends | Mode::Fails(_) => used(&work[channel], plan),
        };
        self.outcome.usage = self.outcome.usage.plus(&usage);
        // A delivery waits until the next of the busy workers is free, at most as long as one batch takes; half of that is the mean.
        let busy = plan.at_once.min(state.workers) / state.workers.max(1.0);
        let waits = plan.takes / state.workers.max(1.0) / 2.0 * busy;
        for portion in portions {
            let stood = seconds(second.saturating_sub(portion.due));
            match plan.mode {
                Mode::Sends => {
                    let late = stood + waits + plan.takes;
                    state.sent += portion.amount;
                    state.stood += stood * portion.amount;
                    state.lateness.add(late, portion.amount);
                    let minute = second / 60;
                    if sent.latest.len() <= minute {
                        sent.latest.resize(minute + 1, 0.0);
                    }
                    sent.latest[minute] = sent.latest[minute].max(late);
                    if portion.is_morning {
                        self.outcome.morning_lateness.add(late, portion.amount);
                        self.morning_left -= portion.amount;
                        self.morning_released -= portion.amount;
                    }
                }
                Mode::Holds => state.held.push(portion),
                Mode::Fails(_) => {
                    let failed = portion.failed + 1;
                    if failed >= *attempts {
                        state.dead.push(Portion { failed, ..portion });
                    } else {
                        let longest = (base * 4_f64.powf(f64::from(failed - 1))).min(*most);
                        state.waiting.spread(second, longest, Portion { failed, ..portion });
                    }
                }
            }
        }
        sent.dead = sent.dead.max(state.dead.amount());
    }

    /// Notes what waits at the end of a second.
    fn note(&mut self, second: usize) {
        let minute = second / 60;
        let mut all = self.callers.amount();
        for (state, sent) in self.channels.iter().zip(&mut self.outcome.channels) {
            let backlog = state.queue.amount() + state.waiting.amount();
            if sent.backlog.len() <= minute {
                sent.backlog.resize(minute + 1, 0.0);
            }
            sent.backlog[minute] = sent.backlog[minute].max(backlog);
            sent.area += state.queue.amount();
            all += backlog;
        }
        self.outcome.peaks.backlog = self.outcome.peaks.backlog.max(all);
        if self.outcome.morning.len() <= minute {
            self.outcome.morning.resize(minute + 1, 0.0);
        }
        self.outcome.morning[minute] = self.morning_left;
        if second + 1 == DAY {
            self.outcome.at_midnight = all + self.channels.iter().map(|channel| channel.dead.amount()).sum::<f64>();
        }
    }

    fn end(mut self) -> Outcome {
        self.outcome.at_callers = self.callers.amount();
        for ((state, sent), early) in self.channels.into_iter().zip(&mut self.outcome.channels).zip(&self.early) {
            sent.sent = state.sent;
            sent.left = state.queue.amount()
                + state.waiting.amount()
                + state.held.amount()
                + state.dead.amount()
                + early.amount();
            sent.lateness = state.lateness;
            sent.stood = state.stood;
        }
        self.outcome
    }
}

/// What becomes of deliveries.
#[derive(Debug, Clone, Copy)]
enum Mode {
    Sends,
    /// Each call fails after so many seconds.
    Fails(f64),
    /// A pause holds them.
    Holds,
}

/// What a channel does in one second.
#[derive(Debug, Clone, Copy)]
struct Plan {
    amount: f64,
    batch: f64,
    at_once: f64,
    takes: f64,
    mode: Mode,
}

/// What a plan uses. A call that hangs is paid for, too.
fn used(work: &Work, plan: &Plan) -> Usage {
    let usage = work.usage(plan.amount, plan.batch);
    let longer = (plan.takes - work.takes(plan.batch)) * plan.amount / plan.batch;
    Usage { gb_seconds: usage.gb_seconds + longer * work.ten.memory_mb / 1024.0, ..usage }
}

impl Outcome {
    /// How late all deliveries were, but those of one channel.
    pub fn lateness_without(&self, channel: Option<usize>) -> Lateness {
        let mut all = Lateness::default();
        for (number, sent) in self.channels.iter().enumerate() {
            if Some(number) != channel {
                all.plus(&sent.lateness);
            }
        }
        all
    }

    /// What was sent.
    pub fn sent(&self) -> f64 {
        self.channels.iter().map(|sent| sent.sent).sum()
    }

    /// What still waits.
    pub fn left(&self) -> f64 {
        self.at_callers + self.channels.iter().map(|sent| sent.left).sum::<f64>()
    }

    /// Whether all that was requested is somewhere, in all and channel by channel, but for the error of adding up.
    pub fn has_lost_nothing(&self) -> bool {
        let is_close = |found: f64, expected: f64| (found - expected).abs() <= 1e-6 * expected.max(1.0);
        let channels = self.channels.iter().all(|sent| is_close(sent.sent + sent.left, sent.arrived));
        channels && is_close(self.sent() + self.left(), self.requested)
    }
}
