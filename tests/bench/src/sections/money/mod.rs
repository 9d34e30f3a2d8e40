//! Costs in dollars for a million: list prices times counts.

mod cast;
mod measure;
mod page;
mod runs;
mod tables;

pub use page::renew as renew_costs;

use crate::costs::logs::LogFormat;
use crate::costs::{Assumed, Kind, Measured, Prices};
use crate::section::{Aim, Fault, Section};

const CHANGE: Aim = Aim { what: "a million preference changes, without logs", goal: "≤ $1.85" };
const DELIVERY: Aim = Aim {
    what: "a million deliveries by mail in batches of 10, with the look-up of suppressed addresses and with logs",
    goal: "≤ $1.80",
};

const NAMED: Aim =
    Aim { what: "a million recipients of a run of 1,000, by Slack or SMS, from the request on", goal: "≤ $3.50" };
const NAMED_PUSH: Aim = Aim { what: "the same by push", goal: "≤ $3.50" };
const NAMED_MAIL: Aim = Aim { what: "the same by mail", goal: "≤ $3.65" };
const NAMED_INBOX: Aim = Aim { what: "the same to the inbox", goal: "≤ $3.50" };
const TOPIC: Aim =
    Aim { what: "a million subscribers of a topic of 10,000, by Slack or SMS, from the request on", goal: "≤ $3.50" };
const TOPIC_PUSH: Aim = Aim { what: "the same to a topic by push", goal: "≤ $3.50" };
const TOPIC_MAIL: Aim = Aim { what: "the same to a topic by mail", goal: "≤ $3.65" };
const TOPIC_INBOX: Aim = Aim { what: "the same to a topic by the inbox", goal: "≤ $3.50" };

/// The goals of runs, in the order of [`tables::RUNS`], and their dollars.
const RUNS: [(&Aim, f64); 8] = [
    (&NAMED, 3.5),
    (&NAMED_PUSH, 3.5),
    (&NAMED_MAIL, 3.65),
    (&NAMED_INBOX, 3.5),
    (&TOPIC, 3.5),
    (&TOPIC_PUSH, 3.5),
    (&TOPIC_MAIL, 3.65),
    (&TOPIC_INBOX, 3.5),
];

/// The goals of this section.
pub const AIMS: &[&Aim] = &[
    &CHANGE,
    &DELIVERY,
    &NAMED,
    &NAMED_PUSH,
    &NAMED_MAIL,
    &NAMED_INBOX,
    &TOPIC,
    &TOPIC_PUSH,
    &TOPIC_MAIL,
    &TOPIC_INBOX,
];

/// The time of a provider's answer, in milliseconds.
const PROVIDER_MS: f64 = 100.0;

/// The assumptions for all figures, unless a table says otherwise. Parameters are the template's defaults.
pub fn usual() -> Assumed {
    let log_format = match crate::template::default("LogFormat").as_str() {
        "JSON" => LogFormat::Json,
        _ => LogFormat::Text,
    };
    Assumed { call_ms: 5.0, slower: 1.0, log_format, kept_days: crate::template::number("NotificationRetentionDays") }
}

/// Runs the section: measures, multiplies by the prices and adds up.
pub async fn run() -> Result<Section, Fault> {
    let measured = measure::all(PROVIDER_MS).await?;
    measured.keep();
    let mut section = shown(&Prices::read()?, &measured)?;
    section.files.push(measured.file()?);
    Ok(section)
}

/// The section for these figures.
fn shown(prices: &Prices, measured: &Measured) -> Result<Section, Fault> {
    let mut section = Section::new(
        "Dollars for a million of each, by list prices. Units, requests and bytes are counted. What Lambda bills is put together: the \
         processor time of the function's process here, as much slower as its `MemorySize` in `template.yaml` is less than \
         1,769 MB, which is one processor, and the waits. How many calls wait for each other is measured, by holding every call up for the same time; \
         how long one takes on AWS is assumed, 5 ms, and a provider's answer 100 ms.",
    );
    section.say(
        "The parameters are the template's defaults: without traces, with AWS's own keys. The processor here is not Graviton, and \
         nothing of Lambda's own runtime is in it. What the provider takes and what a deployment costs a month without any traffic \
         are not in it either: the page of costs lists both. `prices.json` has the prices and `measured.json` the figures that \
         they are multiplied by; the section about scale reads the same two.",
    );
    section.say(format!("Measured {}.", measured.of));
    if !measured.release {
        section.say("**This is a debug build: its processor time is many times that of what is deployed.**");
    }
    section.tables.push(tables::bills(prices, measured)?);
    section.tables.push(tables::runs(prices, measured)?);
    section.tables.push(tables::beside(prices, measured)?);
    section.tables.push(tables::inputs(measured)?);
    section.tables.push(tables::assumptions(prices, measured)?);
    section.tables.push(prices.table());
    let change = prices.bill(&measured.of(Kind::Change)?.of_a_million(&usual()));
    let delivery = prices.bill(&measured.of(Kind::MailTen)?.of_a_million(&usual()));
    let change = change.without_storage() - change.logs;
    let mut figures: Vec<(&'static Aim, f64, f64)> =
        vec![(&CHANGE, change, 1.85), (&DELIVERY, delivery.without_storage(), 1.80)];
    for (run, (aim, most)) in tables::RUNS.into_iter().zip(RUNS) {
        figures.push((aim, prices.bill(&run.usage(measured)?).without_storage(), most));
    }
    for (aim, dollars, most) in figures {
        if measured.release {
            section.measured(aim, format!("${dollars:.3}"), dollars <= most);
        } else {
            let why = format!("this is a debug build, whose processor time says nothing (${dollars:.3} here)");
            section.not_measured(aim, why);
        }
    }
    Ok(section)
}
