//! Instructions, counted by callgrind. They do not depend on the load of the machine.

use bytes::Bytes;
use serde_json::json;

use crate::fixture::{Fixture, Recipients, Typical};
use crate::process::{Callgrind, Launch, slope};
use crate::section::{Aim, Fault, Section};
use crate::statistics::thousands;
use crate::table::Table;
use crate::tls::TlsFront;

/// The number of requests in the shorter one of two runs. The difference between the runs is measured.
const FEW: usize = 20;
/// The number of requests in the longer run.
const MANY: usize = 120;
/// The number of batches in the shorter run.
const FEW_BATCHES: usize = 4;
/// The number of batches in the longer run.
const MANY_BATCHES: usize = 14;
/// The numbers of decisions in the two runs.
const DECISIONS: (u64, u64) = (1_000, 11_000);
/// Deliveries in a batch.
const BATCH: usize = 10;
/// The goal for a preference change, as a multiple of a function that does nothing.
const MAX_TIMES: f64 = 3.3;
/// The goal for a start, in instructions.
const MAX_TO_START: u64 = 12_000_000;

static CHANGE: Aim =
    Aim { what: "Instructions of a preference change, beside a function that does nothing", goal: "≤ 3.3 times" };
static START: Aim =
    Aim { what: "Instructions from process start to DynamoDB's first answer over HTTPS", goal: "≤ 12 M" };
/// The goals.
pub static AIMS: &[&Aim] = &[&CHANGE, &START];

const SAYS: &str = "Instructions that callgrind counts (`Ir`) in the function's process, user space only. Each figure of the \
    first table is the slope between two runs of different length, so that a start is no part of it. The function that does \
    nothing is `lambda_http`'s loop with an empty answer, built in the same profile: what every request costs before anything \
    is done for it, parsing its event among it.";
const SHA: &str = "valgrind emulates a processor without SHA extensions: what is hashed (requests are signed by SHA-256) counts \
    for more here than it costs on the processors that Lambda has, in every row but the one that does nothing.";

/// Runs the section.
pub async fn run() -> Result<Section, Fault> {
    // Callgrind is looked for first, so that no stack is started without need.
    let scratch = local::stack::binaries::workspace().join("target/bench");
    let callgrind = Callgrind::find(&scratch)?;
    let fixture = Fixture::start(false).await?;
    let section = measure(&fixture, &callgrind).await;
    fixture.world.shutdown().await;
    section
}

async fn measure(fixture: &Fixture, callgrind: &Callgrind) -> Result<Section, Fault> {
    let mut section = Section::new(SAYS);
    section.say(SHA);
    let mut table = Table::new("Instructions a request", &["what", "instructions", "beside the no-op"]);
    let noop = Launch {
        environment: fixture.own("preferences")?.environment,
        ..Launch::of(fixture.binary("noop")?, [].into())
    };
    let nothing = per_event(callgrind, &noop, fixture.changes(MANY).await?.events, FEW).await?;
    table.row(["nothing".to_owned(), thousands(nothing), "1.0".to_owned()]);
    let mut row = |what: &str, instructions: f64| {
        table.row([what.to_owned(), thousands(instructions), format!("{:.1}", instructions / nothing)]);
    };
    let requests = [
        ("preferences", fixture.changes(MANY).await?),
        ("channel-settings", fixture.upserts(MANY).await?),
        ("preferences", fixture.merges(MANY).await?),
    ];
    for (function, Typical { what, events }) in requests {
        let instructions = per_event(callgrind, &fixture.own(function)?, events, FEW).await?;
        row(what, instructions);
        if what.starts_with("a preference change") {
            let times = instructions / nothing;
            let figure = format!("{times:.1} times ({} to {})", thousands(instructions), thousands(nothing));
            section.measured(&CHANGE, figure, times <= MAX_TIMES);
        }
    }
    let batches = Recipients::create(fixture, BATCH).await?;
    let events = batches.batches(FEW_BATCHES + MANY_BATCHES).await?;
    let batch = per_batch(callgrind, &fixture.own("dispatch")?, events).await?;
    row("a batch of 10 deliveries", batch);
    row("a decision, with its words and its trace", decision(fixture, callgrind).await?);
    section.tables.push(table);
    start(fixture, callgrind, &mut section).await?;
    Ok(section)
}

/// The instructions of one event. An event can be used more than once.
async fn per_event(callgrind: &Callgrind, launch: &Launch, events: Vec<Bytes>, few: usize) -> Result<f64, Fault> {
    let less = callgrind.of_invocations(launch, &events[..few.min(events.len())]).await?;
    let more = callgrind.of_invocations(launch, &events).await?;
    Ok(slope((u64::try_from(few)?, less), (u64::try_from(events.len())?, more)))
}

/// The instructions of one batch. A batch can be delivered only once.
async fn per_batch(callgrind: &Callgrind, launch: &Launch, mut events: Vec<Bytes>) -> Result<f64, Fault> {
    let many = events.split_off(FEW_BATCHES);
    let less = callgrind.of_invocations(launch, &events).await?;
    let more = callgrind.of_invocations(launch, &many).await?;
    Ok(slope((u64::try_from(events.len())?, less), (u64::try_from(many.len())?, more)))
}

async fn decision(fixture: &Fixture, callgrind: &Callgrind) -> Result<f64, Fault> {
    let launch = Launch::of(fixture.binary("decisions")?, [].into());
    let (few, many) = DECISIONS;
    let times = |times: u64| Launch { arguments: vec![times.to_string().into()], ..launch.clone() };
    let less = callgrind.of_program(&times(few)).await?;
    let more = callgrind.of_program(&times(many)).await?;
    Ok(slope((few, less), (many, more)))
}

/// Counts from the start of a process to its end right after its first answer, with DynamoDB behind TLS and without
/// TLS.
async fn start(fixture: &Fixture, callgrind: &Callgrind, section: &mut Section) -> Result<(), Fault> {
    let plain = fixture.own("preferences")?;
    let inner = fixture.world.stack.emulators().dynamodb_endpoint().trim_start_matches("http://").to_owned();
    let front = TlsFront::before(&inner).await?;
    let authority = fixture.folder().join("authority.pem");
    front.write_authority(&authority)?;
    let trusting = plain.clone().with("AWS_CA_BUNDLE", authority.display().to_string());
    let secured = trusting.with("AWS_ENDPOINT_URL_DYNAMODB", front.url());
    let user = fixture.world.new_user(&json!({})).await?;
    let change = fixture.change(&user, &json!({"preferences": {"email": false}}))?;

    let columns = ["what", "instructions"];
    let mut table = Table::new("From the start of a process to its first answer, a preference change", &columns);
    let count = callgrind.of_invocations(&plain, std::slice::from_ref(&change)).await?;
    table.row(["DynamoDB over plain HTTP".to_owned(), thousands(as_figure(count))]);
    match callgrind.of_invocations(&secured, std::slice::from_ref(&change)).await {
        Ok(count) => {
            table.row(["DynamoDB over HTTPS (TLS 1.3, ECDSA on P-256)".to_owned(), thousands(as_figure(count))]);
            let figure = format!("{:.1} M", as_figure(count) / 1e6);
            section.measured(&START, figure, count <= MAX_TO_START);
        }
        Err(error) => section.not_measured(&START, format!("no answer over HTTPS: {error}")),
    }
    section.tables.push(
        table.note("The end of the process and the work on the answer are in the figure: it is never too small."),
    );
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn as_figure(count: u64) -> f64 {
    count as f64
}
