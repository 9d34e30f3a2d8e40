//! Cold starts of the product and the peers: the time from the start of a process to its first answer.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::json;

use crate::fit::median;
use crate::fixture::{Fixture, Function, Recipients, Subject};
use crate::plot::{Axis, Plot, Shape};
use crate::process::good;
use crate::section::{Aim, Fault, Section};
use crate::statistics::{part_of, quantile};
use crate::table::Table;

/// Starts of each subject.
const ROUNDS: usize = 40;
/// The goals: these parts of a peer's time.
const OF_NODE: f64 = 1.0 / 20.0;
const OF_PYTHON: f64 = 1.0 / 50.0;

static NODE: Aim = Aim { what: "Cold start to the first answer, beside Node.js", goal: "≤ 1/20" };
static PYTHON: Aim = Aim { what: "Cold start to the first answer, beside Python", goal: "≤ 1/50" };
/// The goals.
pub static AIMS: &[&Aim] = &[&NODE, &PYTHON];

const SAYS: &str = "From the start of a process (`spawn`) to the moment when the answer to its first event has been posted, \
    against a Runtime API and an emulated DynamoDB on this machine: loading, initialising, connecting, the work, the answer. All \
    take the same event, one after another in turns. What Lambda itself adds (fetching the code, starting the micro-VM) is the \
    same for all and not in it. Calls go over plain HTTP; what TLS adds is in the section about instructions.";
const PEERS: &str = "Node.js runs a bundled and minified file on a plain loop over the Runtime API, which does less than AWS's \
    own client and so flatters it; Python runs AWS's own `awslambdaric`. Both make their clients while they start, as one \
    should. Before anything was timed, the answers of all were compared, and the items they left in the table.";

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
    section.say(format!("{PEERS} ({compared} answers and items of each.)"));
    let mut table = Table::new(
        format!("{ROUNDS} cold starts of each"),
        &["what", "who", "median ms", "95 % ms", "least ms", "ours"],
    );
    let user = fixture.world.new_user(&json!({})).await?;
    let change = fixture.change(&user, &json!({"preferences": {"email": false, "push": true}}))?;
    let recipients = Recipients::create(fixture, 1).await?;
    for (function, what) in
        [(Function::Preferences, "a preference change"), (Function::Dispatch, "a batch of one delivery")]
    {
        let mut samples = BTreeMap::<Subject, Vec<f64>>::new();
        for _ in 0..ROUNDS {
            for subject in &present {
                let event = match function {
                    Function::Preferences => change.clone(),
                    Function::Dispatch => recipients.batch().await?,
                };
                let took = start(fixture, *subject, function, &event).await?;
                samples.entry(*subject).or_default().push(took);
            }
        }
        let ours = median(&samples[&Subject::Tidings]);
        for (subject, samples) in &samples {
            let theirs = median(samples);
            let (most, least) = (quantile(samples, 0.95), quantile(samples, 0.0));
            let part = if *subject == Subject::Tidings { String::new() } else { part_of(ours, theirs) };
            let figures = [theirs, most, least].map(|milliseconds| format!("{milliseconds:.1}"));
            table.row([what.to_owned(), subject.name().to_owned()].into_iter().chain(figures).chain([part]));
        }
        if function == Function::Preferences {
            section.plots.push(plot(&samples));
        }
        for (subject, aim, goal) in [(Subject::Node, &NODE, OF_NODE), (Subject::Python, &PYTHON, OF_PYTHON)] {
            match samples.get(&subject) {
                Some(samples) => {
                    let theirs = median(samples);
                    let part = part_of(ours, theirs);
                    let figure = format!("{part} ({ours:.1} ms to {theirs:.1} ms: {what})");
                    section.measured(aim, figure, ours <= theirs * goal);
                }
                None => section.not_measured(aim, &absent[&subject]),
            }
        }
    }
    section.tables.push(table);
    Ok(section)
}

fn plot(samples: &BTreeMap<Subject, Vec<f64>>) -> Plot {
    let bars = samples.iter().map(|(subject, samples)| (subject.name().to_owned(), median(samples))).collect();
    let (file, title) =
        ("cold-start".to_owned(), "From process start to the first answer, a preference change".to_owned());
    Plot { file, title, shape: Shape::Bars { x: Axis::new("median", "ms"), bars } }
}

/// Starts a process once. Returns the milliseconds to the first answer, which must be a success.
async fn start(fixture: &Fixture, subject: Subject, function: Function, event: &Bytes) -> Result<f64, Fault> {
    let launch = fixture.launch(subject, function)?;
    let mut sandbox = fixture.start_process(&launch, "cold-start").await?;
    let answered = sandbox.invoke(event).await?;
    sandbox.kill().await?;
    good(&answered.body)?;
    Ok(answered.since_start.as_secs_f64() * 1e3)
}
