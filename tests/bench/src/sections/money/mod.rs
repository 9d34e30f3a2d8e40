//! Costs in dollars for a million: list prices times counts.

mod bill;
mod measure;
mod prices;

use self::bill::{Assumed, Bill, Measured};
use self::measure::All;
use self::prices::Prices;
use crate::section::{Aim, Fault, Section};
use crate::table::Table;

const CHANGE: Aim = Aim { what: "a million preference changes", goal: "≤ $1.85" };
const DELIVERY: Aim = Aim { what: "a million deliveries in batches of 10, accepting them apart", goal: "≤ $1.65" };

/// The goals of this section.
pub const AIMS: &[&Aim] = &[&CHANGE, &DELIVERY];

/// The time of a provider's answer, in milliseconds.
const PROVIDER_MS: f64 = 100.0;
/// The assumptions for the goals. The memory is the template's.
const USUAL: Assumed = Assumed { call_ms: 5.0, slower: 1.0 };

/// Runs the section: measures, multiplies by the prices and adds up.
pub async fn run() -> Result<Section, Fault> {
    let prices = Prices::read()?;
    let all = measure::all(PROVIDER_MS).await?;
    let mut section = Section::new(
        "Dollars for a million of each, by list prices. Units and requests are counted. What Lambda bills is put together: the \
         processor time of the function's process here, as much slower as its `MemorySize` in `template.yaml` is less than \
         1,769 MB, which is one processor, and the waits. How many calls wait for each other is measured, by holding every call up for the same time; \
         how long one takes on AWS is assumed, 5 ms, and a provider's answer 100 ms.",
    );
    section.say(
        "The processor here is not Graviton, and nothing of Lambda's own runtime is in it. Not in \"together\" are logs, which \
         have a column of their own. The table of assumptions shows what each of them changes. What the provider takes and \
         what a deployment costs a month without any traffic are not in it either: the project's README lists both.",
    );
    if cfg!(debug_assertions) {
        section.say("**This is a debug build: its processor time is many times that of what is deployed.**");
    }
    section.tables.push(bills(&prices, &all));
    section.tables.push(inputs(&all));
    section.tables.push(assumptions(&prices, &all));
    section.tables.push(prices.table());
    for (aim, measured, most) in [(&CHANGE, &all.change, 1.85), (&DELIVERY, &all.ten, 1.65)] {
        let together = measured.bill(&prices, &USUAL).together();
        if cfg!(debug_assertions) {
            let why = format!("this is a debug build, whose processor time says nothing (${together:.3} here)");
            section.not_measured(aim, why);
        } else {
            section.measured(aim, format!("${together:.3}"), together <= most);
        }
    }
    Ok(section)
}

/// The three kinds of invocations, with their names in the tables.
fn each(all: &All) -> [(&'static str, &Measured); 3] {
    [
        ("preference change", &all.change),
        ("notification accepted, one channel", &all.accept),
        ("delivery, in batches of ten", &all.ten),
    ]
}

fn bills(prices: &Prices, all: &All) -> Table {
    let columns =
        ["a million of", "API Gateway", "Lambda requests", "Lambda time", "DynamoDB", "SQS", "together", "and logs"];
    let mut table = Table::new("Dollars for a million", &columns);
    for (name, measured) in each(all) {
        let bill = measured.bill(prices, &USUAL);
        let Bill { api, requests, time, table: units, sqs, logs, .. } = bill;
        let cells = [api, requests, time, units, sqs, bill.together(), logs].map(|dollars| format!("{dollars:.3}"));
        table.row(std::iter::once(name.to_owned()).chain(cells));
    }
    table
}

fn inputs(all: &All) -> Table {
    let columns = [
        "an invocation",
        "memory, MB",
        "write units",
        "read units",
        "SQS requests",
        "CPU here, ms",
        "waits",
        "billed, ms",
        "log bytes",
    ];
    let mut table = Table::new("What an invocation does", &columns);
    for ((name, measured), name_of_batch) in each(all).into_iter().zip([None, None, Some("a batch of ten deliveries")])
    {
        // The billed time does not depend on the prices.
        let billed = measured.billed_ms(&USUAL);
        table.row([
            name_of_batch.unwrap_or(name).to_owned(),
            measured.memory_mb.to_string(),
            measured.write.to_string(),
            measured.read.to_string(),
            measured.sqs.to_string(),
            format!("{:.3}", measured.cpu_ms),
            measured.waits.to_string(),
            billed.to_string(),
            format!("{:.0}", measured.log_bytes),
        ]);
    }
    let memory = all.memory.iter().map(|(name, megabytes)| format!("{name} {megabytes:.0} MB"));
    table.note(format!(
        "CPU is the mean of 100. Two of a batch's requests to SQS are Lambda's own, to receive and to delete. Log bytes are the \
         function's own lines, counted, and the lines of Lambda and API Gateway, by their formats. The most memory that the \
         processes have had here: {}.",
        memory.collect::<Vec<_>>().join(", ")
    ))
}

fn assumptions(prices: &Prices, all: &All) -> Table {
    let mut table = Table::new(
        "What the assumptions change: dollars together",
        &["assumed", "preference change", "notification accepted", "delivery"],
    );
    for (name, assumed, memory_mb) in [
        ("as above: 5 ms a call", USUAL, None),
        ("2 ms a call", Assumed { call_ms: 2.0, ..USUAL }, None),
        ("10 ms a call", Assumed { call_ms: 10.0, ..USUAL }, None),
        ("20 ms a call", Assumed { call_ms: 20.0, ..USUAL }, None),
        ("a processor half as fast", Assumed { slower: 2.0, ..USUAL }, None),
        ("every function at 128 MB", USUAL, Some(128.0)),
        ("every function at 256 MB", USUAL, Some(256.0)),
        ("every function at 512 MB", USUAL, Some(512.0)),
    ] {
        let cells = each(all).map(|(_, measured)| {
            let memory_mb = memory_mb.unwrap_or(measured.memory_mb);
            format!("{:.3}", Measured { memory_mb, ..*measured }.bill(prices, &assumed).together())
        });
        table.row(std::iter::once(name.to_owned()).chain(cells));
    }
    table
}
