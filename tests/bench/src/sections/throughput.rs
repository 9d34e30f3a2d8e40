//! The throughput of one core: preference changes and deliveries by the processor time of the function's process, for
//! the product and the peers.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use local::providers::Answer;
use serde_json::json;

use crate::fit::median;
use crate::fixture::{Fixture, Function, Recipients, Subject};
use crate::plot::{Axis, Plot, Shape};
use crate::process::{Sandbox, cpu, good};
use crate::section::{Aim, Fault, Section};
use crate::statistics::{part_of, thousands};
use crate::table::Table;

/// The number of rounds. Each subject has one turn in a round.
const ROUNDS: usize = 5;
/// Changes in a turn (2,500 in all rounds).
const CHANGES: usize = 500;
/// Batches in a turn, with a provider that answers at once.
const BATCHES: usize = 30;
/// Batches in a turn, with a slow provider.
const SLOW_BATCHES: usize = 5;
/// Deliveries in a batch.
const BATCH: usize = 10;
/// How long the slow provider takes.
const SLOW: Duration = Duration::from_millis(100);
/// The goal: an eighth of a peer's time.
const GOAL: f64 = 0.125;

static NODE: Aim = Aim { what: "CPU time of a preference change, beside Node.js", goal: "≤ 1/8" };
static PYTHON: Aim = Aim { what: "CPU time of a preference change, beside Python", goal: "≤ 1/8" };
/// The goals.
pub static AIMS: &[&Aim] = &[&NODE, &PYTHON];

const SAYS: &str = "CPU time is what the kernel says that the threads of the function's process were on a core \
    (`/proc/PID/task/*/schedstat`, in nanoseconds), system calls included, and not what the emulators or this suite used. Each \
    process is warmed up by as many requests as a turn has; then all take turns. Figures are medians of the turns.";

/// The work of a turn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    Changes,
    Deliveries { slow: bool },
}

impl Work {
    const ALL: [Self; 3] = [Self::Changes, Self::Deliveries { slow: false }, Self::Deliveries { slow: true }];

    fn title(self) -> String {
        match self {
            Self::Changes => format!("Preference changes: {} of each in {ROUNDS} turns", CHANGES * ROUNDS),
            Self::Deliveries { slow } => {
                let (after, batches) = if slow { (SLOW.as_millis(), SLOW_BATCHES) } else { (0, BATCHES) };
                let all = batches * ROUNDS;
                format!("Deliveries by a provider that answers after {after} ms: {all} batches of {BATCH} of each")
            }
        }
    }

    /// How many changes or deliveries one event has.
    fn per_event(self) -> usize {
        if self == Self::Changes { 1 } else { BATCH }
    }

    fn function(self) -> Function {
        if self == Self::Changes { Function::Preferences } else { Function::Dispatch }
    }
}

/// The cost of a turn.
struct Turn {
    /// Processor time for each change or delivery, in microseconds.
    cpu: f64,
    /// The time from each event to its answer, in milliseconds.
    walls: Vec<f64>,
}

/// Runs the section.
pub async fn run() -> Result<Section, Fault> {
    let fixture = Fixture::start(true).await?;
    let section = measure(&fixture).await;
    fixture.world.shutdown().await;
    section
}

async fn measure(fixture: &Fixture) -> Result<Section, Fault> {
    let (present, absent) = fixture.present()?;
    let compared = fixture.agree(&present).await?;
    let mut section = Section::new(SAYS);
    section.say(format!("Before anything was timed, {compared} answers and items of each were compared."));
    for work in Work::ALL {
        let turns = turns(fixture, &present, work).await?;
        let medians = turns.iter().map(|(subject, turns)| {
            let cpu: Vec<_> = turns.iter().map(|turn| turn.cpu).collect();
            let walls: Vec<_> = turns.iter().flat_map(|turn| turn.walls.clone()).collect();
            (*subject, (median(&cpu), median(&walls)))
        });
        let medians: BTreeMap<_, _> = medians.collect();
        section.tables.push(table(work, &medians));
        if work == Work::Changes {
            section.plots.push(plot(&medians));
            let ours = medians[&Subject::Tidings].0;
            for (subject, aim) in [(Subject::Node, &NODE), (Subject::Python, &PYTHON)] {
                match medians.get(&subject) {
                    Some((theirs, _)) => {
                        let figure = format!("{} ({ours:.0} µs to {theirs:.0} µs)", part_of(ours, *theirs));
                        section.measured(aim, figure, ours <= theirs * GOAL);
                    }
                    None => section.not_measured(aim, &absent[&subject]),
                }
            }
        }
    }
    Ok(section)
}

fn table(work: Work, medians: &BTreeMap<Subject, (f64, f64)>) -> Table {
    let one = if work == Work::Changes { "a change" } else { "a delivery" };
    let cpu = format!("CPU µs {one}");
    let wall = if work == Work::Changes { "ms from event to answer" } else { "ms a batch, from event to answer" };
    let mut table = Table::new(work.title(), &["who", &cpu, "a CPU-second", wall, "our CPU time"]);
    let ours = medians[&Subject::Tidings].0;
    for (subject, (cpu, wall)) in medians {
        let part = if *subject == Subject::Tidings { String::new() } else { part_of(ours, *cpu) };
        let rate = thousands(1e6 / cpu.max(f64::MIN_POSITIVE));
        table.row([subject.name().to_owned(), format!("{cpu:.0}"), rate, format!("{wall:.2}"), part]);
    }
    table
}

fn plot(medians: &BTreeMap<Subject, (f64, f64)>) -> Plot {
    let bars = medians.iter().map(|(subject, (cpu, _))| (subject.name().to_owned(), *cpu)).collect();
    let (file, title) = ("cpu".to_owned(), "CPU time of a preference change".to_owned());
    Plot { file, title, shape: Shape::Bars { x: Axis::new("CPU time", "µs"), bars } }
}

async fn turns(fixture: &Fixture, subjects: &[Subject], work: Work) -> Result<BTreeMap<Subject, Vec<Turn>>, Fault> {
    let slow = work == Work::Deliveries { slow: true };
    let delay_ms = if slow { u64::try_from(SLOW.as_millis())? } else { 0 };
    let answer = Answer { delay_ms, always: true, ..Answer::default() };
    fixture.world.stack.providers().set_answers("slack", vec![answer])?;
    let mut processes = Vec::new();
    for subject in subjects {
        let launch = fixture.launch(*subject, work.function())?;
        let name = format!("throughput-{}", subject.name());
        processes.push((*subject, fixture.start_process(&launch, &name).await?, Supply::new(fixture, work).await?));
    }
    let mut turns = BTreeMap::<_, Vec<_>>::new();
    // The first round only warms up.
    for round in 0..=ROUNDS {
        for (subject, sandbox, supply) in &mut processes {
            let events = supply.events(fixture).await?;
            let turn = turn(sandbox, &events, work).await?;
            if round > 0 {
                turns.entry(*subject).or_default().push(turn);
            }
        }
        fixture.world.stack.providers().clear_deliveries();
    }
    for (_, sandbox, _) in processes {
        sandbox.kill().await?;
    }
    fixture.world.stack.providers().set_answers("slack", Vec::new())?;
    Ok(turns)
}

async fn turn(sandbox: &mut Sandbox, events: &[Bytes], work: Work) -> Result<Turn, Fault> {
    // The work of the process after an answer is part of the cost, for example asking for the next event.
    sandbox.settle().await?;
    let pid = sandbox.pid()?;
    let before = cpu(pid)?;
    let mut walls = Vec::with_capacity(events.len());
    for event in events {
        let answered = sandbox.invoke(event).await?;
        good(&answered.body)?;
        walls.push(answered.took.as_secs_f64() * 1e3);
    }
    sandbox.settle().await?;
    let spent = cpu(pid)?.saturating_sub(before);
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let done = (events.len() * work.per_event()) as f64;
    Ok(Turn { cpu: spent.as_secs_f64() * 1e6 / done, walls })
}

/// Events for one process.
enum Supply {
    Changes { user: String },
    Deliveries { recipients: Box<Recipients>, batches: usize },
}

impl Supply {
    async fn new(fixture: &Fixture, work: Work) -> Result<Self, Fault> {
        Ok(match work {
            Work::Changes => Self::Changes { user: fixture.world.new_user(&json!({})).await? },
            Work::Deliveries { slow } => {
                let batches = if slow { SLOW_BATCHES } else { BATCHES };
                Self::Deliveries { recipients: Box::new(Recipients::create(fixture, BATCH).await?), batches }
            }
        })
    }

    /// The events of one turn.
    async fn events(&self, fixture: &Fixture) -> Result<Vec<Bytes>, Fault> {
        match self {
            Self::Changes { user } => {
                let event = |email: bool| fixture.change(user, &json!({"preferences": {"email": email, "push": true}}));
                let both = [event(true)?, event(false)?];
                Ok(both.into_iter().cycle().take(CHANGES).collect())
            }
            Self::Deliveries { recipients, batches } => recipients.batches(*batches).await,
        }
    }
}
