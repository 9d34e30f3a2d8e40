//! The world of one simulation: its time, its services, its processes, and the weather that they work in.

use std::{
    collections::BTreeMap,
    fmt, io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use dispatch::Share;
use dynoxide::Database;
use futures::future::AbortHandle;
use shared::{clock::Clock, domain::Timestamp};

use crate::{
    boundaries::{Cuts, Plan},
    bucket::Bucket,
    counts::Counts,
    dice::Dice,
    history::History,
    ledger::{Call, Invocation},
    net::Late,
    sqs::Sqs,
    time::{SkewedTime, Time},
    weather::Weather,
};

/// How wrong a wall clock may be, in milliseconds. So two of them are up to 2 s apart.
const SKEW: u64 = 1000;

/// Whether messages come once more just when that matters, and people act just then: in a third of the stories.
fn has_copies(seed: u64) -> bool {
    seed.is_multiple_of(3)
}

/// The world of one simulation.
pub struct World {
    /// The seed.
    pub seed: u64,
    /// The number of the simulation in this process. A test may simulate a seed more than once.
    pub run: u64,
    /// The true time.
    pub time: Time,
    /// The true time of day when the simulation begins.
    pub begin: Timestamp,
    /// The table.
    pub database: Database,
    state: Mutex<State>,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("seed", &self.seed).finish_non_exhaustive()
    }
}

/// What changes.
#[derive(Debug)]
pub struct State {
    /// What the seed decides next.
    pub dice: Dice,
    /// What has happened.
    pub history: History,
    /// The queues.
    pub sqs: Sqs,
    /// How much fails.
    pub weather: Weather,
    /// Every process that was ever started.
    pub processes: Vec<Process>,
    /// Every invocation of the worker.
    pub invocations: Vec<Invocation>,
    /// Every call of a provider.
    pub calls: Vec<Call>,
    /// The lines of metrics.
    pub metrics: String,
    /// The addresses that the worker said it has suppressed, and when.
    pub suppressed: BTreeMap<String, Duration>,
    /// What does not hold.
    pub broken: Vec<String>,
    /// Whether a process was killed.
    pub is_anybody_killed: bool,
    /// The weather at the beginning.
    pub first_weather: Weather,
    /// The requests of dead processes that have not arrived yet.
    pub late: Vec<Late>,
    /// When which requests of dead processes arrived that write entries of inboxes.
    pub late_entries: Vec<(Timestamp, String)>,
    /// The dead letters that were ever written.
    pub letters: usize,
    /// When somebody asked for a redrive.
    pub redrives: Vec<Duration>,
    /// What was counted, for the summary.
    pub counts: Counts,
    /// Where runs were cut.
    pub cuts: Cuts,
    /// The cut that is made on purpose.
    pub plan: Option<Plan>,
    /// Whether any request has ever put something into the list of held deliveries.
    pub is_held_seen: bool,
    /// Whether the schedule wants held deliveries to be released.
    pub is_release_due: bool,
    /// The runs of the release that the schedule has begun, and that no worker has taken yet.
    pub shares: Vec<Share>,
    /// The most invocations for one queue at once: `MaximumConcurrency` of an event source.
    pub concurrency: usize,
    /// Whether all channels have one queue, as they had before: only to see what that does.
    pub is_one_queue: bool,
    /// The ids of notifications whose lateness is measured, and when they were due.
    pub due: Vec<(String, Duration)>,
    /// The counts of providers that take only so many messages a second.
    pub buckets: BTreeMap<&'static str, Bucket>,
    /// When which provider refused a message because of its count.
    pub throttled: Vec<(&'static str, Duration)>,
    /// When the weather cleared.
    pub cleared: Option<Duration>,
    /// Whether wall clocks are wrong.
    pub is_skewed: bool,
    /// Whether a worker gets as many messages as it may.
    pub are_batches_full: bool,
    /// Whether everybody shall stop.
    pub is_over: bool,
}

/// A process of a function.
#[derive(Debug)]
pub struct Process {
    /// Its name in the history.
    pub name: String,
    /// Whether it lives.
    pub is_alive: bool,
    /// Whether nothing may happen to it.
    pub is_safe: bool,
    /// Stops what it is doing.
    pub abort: Option<AbortHandle>,
    /// What it is doing.
    pub invocation: Option<usize>,
    /// What its wall clock shows when the simulation begins.
    pub begin: Timestamp,
}

/// One process, as its clients know it.
#[derive(Clone, Debug)]
pub struct Who {
    /// The world.
    pub world: Arc<World>,
    /// Its number.
    pub process: usize,
}

impl World {
    /// An empty world, of this seed.
    pub fn new(seed: u64, database: Database) -> Arc<Self> {
        let mut dice = Dice::new(seed);
        let mut weather = Weather::of(&mut dice);
        let has_copies = has_copies(seed);
        if has_copies {
            // So that somebody can change something while a worker waits for a provider.
            weather.lingers = 300;
        }
        if seed % 5 == 1 {
            weather.late_entries = 80;
        }
        // A time of day of its own, so that quiet hours are near in some seeds.
        let begin = Timestamp::parse("2026-03-02T00:00:00Z").expect("a time").plus(dice.millis(0, 86_400_000));
        let state = State {
            sqs: Sqs::unruly(has_copies),
            dice,
            history: History::default(),
            weather,
            processes: Vec::new(),
            invocations: Vec::new(),
            calls: Vec::new(),
            metrics: String::new(),
            suppressed: BTreeMap::new(),
            broken: Vec::new(),
            is_anybody_killed: false,
            late: Vec::new(),
            late_entries: Vec::new(),
            letters: 0,
            redrives: Vec::new(),
            first_weather: weather,
            counts: Counts::default(),
            cuts: Cuts::default(),
            plan: None,
            is_held_seen: false,
            is_release_due: false,
            shares: Vec::new(),
            concurrency: 2,
            is_one_queue: false,
            due: Vec::new(),
            buckets: BTreeMap::new(),
            throttled: Vec::new(),
            cleared: None,
            is_skewed: true,
            are_batches_full: false,
            is_over: false,
        };
        static RUNS: AtomicU64 = AtomicU64::new(0);
        let run = RUNS.fetch_add(1, Ordering::Relaxed);
        Arc::new(Self { seed, run, time: Time::default(), begin, database, state: Mutex::new(state) })
    }

    /// Whether messages come once more just when that matters, and people act just then.
    pub fn has_copies(&self) -> bool {
        has_copies(self.seed)
    }

    /// What changes. Nobody may wait while having this.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The true time of day.
    pub fn wall(&self) -> Timestamp {
        self.begin.plus(self.time.now())
    }

    /// Starts a process. Nothing happens to a safe one, and its clock is right.
    pub fn start(self: &Arc<Self>, name: &str, is_safe: bool) -> Who {
        let mut state = self.state();
        let skew =
            if is_safe || !state.is_skewed { Duration::from_millis(SKEW) } else { state.dice.millis(0, 2 * SKEW) };
        let begin = self.begin.minus(Duration::from_millis(SKEW)).plus(skew);
        let process = state.processes.len();
        let name = format!("{name}.{process}");
        state.processes.push(Process { name, is_alive: true, is_safe, abort: None, invocation: None, begin });
        drop(state);
        Who { world: self.clone(), process }
    }
}

impl State {
    /// The name of a process.
    pub fn name(&self, process: usize) -> String {
        self.processes[process].name.clone()
    }

    /// How many living processes work on messages of a queue.
    pub fn busy(&self, queue: &str) -> usize {
        let at_work = self.processes.iter().filter(|process| process.is_alive).filter_map(|process| process.invocation);
        at_work.filter(|invocation| self.invocations[*invocation].queue == Some(queue)).count()
    }

    /// Kills a process: what it was doing is dropped, and nothing is told to anybody.
    pub fn kill(&mut self, process: usize, now: Duration) {
        if !self.processes[process].is_alive {
            return;
        }
        self.processes[process].is_alive = false;
        self.is_anybody_killed = true;
        let name = self.name(process);
        self.history.add(now, &name, "dies");
        if let Some(invocation) = self.processes[process].invocation.take() {
            self.invocations[invocation].ended = Some(now);
            self.invocations[invocation].died = true;
        }
        for call in self.calls.iter_mut().filter(|call| call.process == process && call.ended.is_none()) {
            call.ended = Some(now);
        }
        if let Some(abort) = self.processes[process].abort.take() {
            abort.abort();
        }
    }

    /// A call of the process's present invocation failed.
    pub fn disturb(&mut self, process: usize) {
        if let Some(invocation) = self.processes[process].invocation {
            self.invocations[invocation].disturbed = true;
        }
    }
}

impl Who {
    /// Its clock.
    pub fn clock(&self) -> Clock {
        let begin = self.world.state().processes[self.process].begin;
        Clock::of(Arc::new(SkewedTime { time: self.world.time.clone(), begin }))
    }

    /// Whether it lives.
    pub fn is_alive(&self) -> bool {
        self.world.state().processes[self.process].is_alive
    }
}

/// Keeps the lines of metrics that a living process writes.
#[derive(Debug)]
pub struct MetricLines(pub Who);

impl io::Write for MetricLines {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let mut state = self.0.world.state();
        if state.processes[self.0.process].is_alive {
            state.metrics.push_str(&String::from_utf8_lossy(lines));
        }
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
