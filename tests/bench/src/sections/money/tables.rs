//! The tables of the costs.

use super::usual;
use crate::costs::logs::LogFormat;
use crate::costs::{Assumed, Bill, Kind, Measured, Prices, Usage};
use crate::section::Fault;
use crate::table::Table;

/// The title of the table of dollars. The page's table is made from it.
pub const BILLS: &str = "Dollars for a million";

/// The title of the table of runs.
pub const OF_RUNS: &str = "Dollars for a million recipients and channel of a run";

/// Requests a second at which X-Ray traces, beside the first one each second, a twentieth of the others
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html>).
const TRACED: f64 = 0.05;

/// What each kind costs.
pub fn bills(prices: &Prices, measured: &Measured) -> Result<Table, Fault> {
    let columns = [
        "a million of",
        "API Gateway",
        "Lambda requests",
        "Lambda time",
        "DynamoDB",
        "SQS",
        "logs",
        "together",
        "kept 30 days",
    ];
    let mut table = Table::new(BILLS, &columns);
    for kind in Kind::ALL {
        let bill = prices.bill(&measured.of(kind)?.of_a_million(&usual()));
        let Bill { api, requests, time, table: units, sqs, logs, storage, .. } = bill;
        // A release is a part of one invocation that runs every minute anyway.
        let requests = if kind == Kind::Release { 0.0 } else { requests };
        let together =
            if kind == Kind::Release { bill.without_storage() - bill.requests } else { bill.without_storage() };
        let cells = [api, requests, time, units, sqs, logs, together, storage].map(|dollars| format!("{dollars:.3}"));
        table.row(std::iter::once(kind.name().to_owned()).chain(cells));
    }
    Ok(table.note(format!(
        "\"Kept 30 days\" is what the table and its backup keep of a notification and its delivery until they expire \
         (`NotificationRetentionDays`, {} days), and is not in \"together\". A preference change keeps nothing more than the user.",
        usual().kept_days
    )))
}

/// A run, for each recipient and channel.
#[derive(Clone, Copy)]
pub struct OfRun {
    /// Whom it is for, and the channel.
    pub name: &'static str,
    /// It is accepted, expanded and delivered.
    pub kinds: [Kind; 3],
}

/// All runs that are shown.
pub const RUNS: [OfRun; 8] = [
    OfRun {
        name: "1,000 named recipients, by Slack or SMS",
        kinds: [Kind::AcceptNamed, Kind::ExpandNamed, Kind::NamedSlackTen],
    },
    OfRun {
        name: "1,000 named recipients, by push",
        kinds: [Kind::AcceptNamed, Kind::ExpandNamed, Kind::NamedPushTen],
    },
    OfRun {
        name: "1,000 named recipients, by mail",
        kinds: [Kind::AcceptNamed, Kind::ExpandNamed, Kind::NamedMailTen],
    },
    OfRun {
        name: "1,000 named recipients, to the inbox",
        kinds: [Kind::AcceptNamed, Kind::ExpandNamed, Kind::NamedInAppTen],
    },
    OfRun {
        name: "a topic of 10,000, by Slack or SMS",
        kinds: [Kind::AcceptTopic, Kind::ExpandTopic, Kind::TopicSlackTen],
    },
    OfRun { name: "a topic of 10,000, by push", kinds: [Kind::AcceptTopic, Kind::ExpandTopic, Kind::TopicPushTen] },
    OfRun { name: "a topic of 10,000, by mail", kinds: [Kind::AcceptTopic, Kind::ExpandTopic, Kind::TopicMailTen] },
    OfRun {
        name: "a topic of 10,000, by the inbox",
        kinds: [Kind::AcceptTopic, Kind::ExpandTopic, Kind::TopicInAppTen],
    },
];

impl OfRun {
    /// What AWS counts for a million recipients.
    pub fn usage(self, measured: &Measured) -> Result<Usage, Fault> {
        self.kinds
            .into_iter()
            .try_fold(Usage::default(), |all, kind| Ok(all.plus(&measured.of(kind)?.of_a_million(&usual()))))
    }
}

/// What a run costs, for each recipient and channel.
pub fn runs(prices: &Prices, measured: &Measured) -> Result<Table, Fault> {
    let columns = [
        "a million recipients of",
        "write units each",
        "read units each",
        "SQS requests each",
        "accepted",
        "expanded",
        "delivered",
        "together",
        "kept 30 days",
    ];
    let mut table = Table::new(OF_RUNS, &columns);
    for run in RUNS {
        let usage = run.usage(measured)?;
        let each = |count: f64| format!("{:.3}", count / 1e6);
        let mut cells = vec![run.name.to_owned(), each(usage.write), each(usage.read), each(usage.sqs)];
        for kind in run.kinds {
            let bill = prices.bill(&measured.of(kind)?.of_a_million(&usual()));
            cells.push(format!("{:.3}", bill.without_storage()));
        }
        let bill = prices.bill(&usage);
        cells.extend([bill.without_storage(), bill.storage].map(|dollars| format!("{dollars:.3}")));
        table.row(cells);
    }
    Ok(table.note(
        "Each recipient has a notification of its own and a delivery. A run is accepted once, so that is shared by all; a page of 100 or at \
         most 200 recipients is expanded by one invocation at worst; ten deliveries are a batch. Further channels of the same run cost a \
         delivery and a message more each.",
    ))
}

/// What is off by default, and what else can be chosen.
pub fn beside(prices: &Prices, measured: &Measured) -> Result<Table, Fault> {
    let mut table = Table::new(
        "Dollars for a million more, or less, by what is chosen",
        &["chosen", "preference change", "notification accepted", "delivery by mail"],
    );
    let kinds = [Kind::Change, Kind::Accept, Kind::MailTen];
    let usual = usual();
    let cost = |usage: Usage| prices.bill(&usage).together();
    let mut row = |name: &str, more: &dyn Fn(Usage, Usage) -> Usage, assumed: &Assumed| -> Result<(), Fault> {
        let mut cells = vec![name.to_owned()];
        for kind in kinds {
            let invocation = measured.of(kind)?;
            let (before, after) = (invocation.of_a_million(&usual), invocation.of_a_million(assumed));
            cells.push(format!("{:+.3}", cost(more(after, before)) - cost(before)));
        }
        table.row(cells);
        Ok(())
    };
    let same = |after: Usage, _: Usage| after;
    row(
        "`Tracing: Active`, at most one request a second",
        &|after, _| Usage { traces: after.invocations, ..after },
        &usual,
    )?;
    row(
        "`Tracing: Active`, 1,000 requests a second",
        &|after, _| Usage { traces: after.invocations * (1.0 + 999.0 * TRACED) / 1000.0, ..after },
        &usual,
    )?;
    // DynamoDB asks KMS once in five minutes for each role that uses the table
    // (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html).
    row("`KeyArn`, a million a day by six roles", &|after, _| Usage { keys: 6.0 * 288.0, ..after }, &usual)?;
    let other = match usual.log_format {
        LogFormat::Text => ("`LogFormat: JSON`", LogFormat::Json),
        LogFormat::Json => ("`LogFormat: Text`", LogFormat::Text),
    };
    row(other.0, &same, &Assumed { log_format: other.1, ..usual })?;
    row("`NotificationRetentionDays: 7`", &same, &Assumed { kept_days: 7.0, ..usual })?;
    row("a Function URL in place of the HTTP API", &|after, _| Usage { http: 0.0, ..after }, &usual)?;
    Ok(table.note(
        "A Function URL has no throttle, no access log and no domain of its own: the template does not make one.",
    ))
}

/// What was measured, as `measured.json` has it.
pub fn inputs(measured: &Measured) -> Result<Table, Fault> {
    let columns = [
        "an invocation",
        "of",
        "memory, MB",
        "write units",
        "read units",
        "calls to DynamoDB",
        "SQS requests",
        "CPU here, ms",
        "waits",
        "billed, ms",
        "own log bytes",
        "kept bytes",
    ];
    let mut table = Table::new("What an invocation does", &columns);
    for kind in Kind::ALL {
        let one = measured.of(kind)?;
        table.row([
            kind.name().to_owned(),
            figure(one.pieces),
            figure(one.memory_mb),
            figure(one.write),
            figure(one.read),
            figure(one.calls),
            figure(one.sqs),
            format!("{:.3}", one.cpu_ms),
            one.waits.to_string(),
            one.billed_ms(&usual()).to_string(),
            format!("{:.0}", one.log_bytes),
            format!("{:.0}", one.kept_bytes),
        ]);
    }
    let memory = measured.memory_mb.iter().map(|(name, megabytes)| format!("{name} {megabytes:.0} MB"));
    Ok(table.note(format!(
        "\"Of\" is how many pieces one invocation works on. CPU is the mean of 100, or of 10 where a run is accepted or expanded. A \
         page of a run is the mean of a whole run's. Two of a batch's requests to SQS are Lambda's own, to \
         receive and to delete. The lines that Lambda and API Gateway write come on top of the function's own. The release is \
         what a run that releases 400 takes more than one that releases none. The most memory that the processes have had here: {}.",
        memory.collect::<Vec<_>>().join(", ")
    )))
}

/// A number with at most one decimal place.
fn figure(number: f64) -> String {
    ((number * 10.0).round() / 10.0).to_string()
}

/// What other assumptions would change.
pub fn assumptions(prices: &Prices, measured: &Measured) -> Result<Table, Fault> {
    let mut table = Table::new(
        "What the assumptions change: dollars together",
        &["assumed", "preference change", "notification accepted", "delivery by mail"],
    );
    let usual = usual();
    for (name, assumed, memory_mb) in [
        ("as above: 5 ms a call", usual, None),
        ("2 ms a call", Assumed { call_ms: 2.0, ..usual }, None),
        ("10 ms a call", Assumed { call_ms: 10.0, ..usual }, None),
        ("20 ms a call", Assumed { call_ms: 20.0, ..usual }, None),
        ("a processor half as fast", Assumed { slower: 2.0, ..usual }, None),
        ("every function at 128 MB", usual, Some(128.0)),
        ("every function at 256 MB", usual, Some(256.0)),
        ("every function at 512 MB", usual, Some(512.0)),
    ] {
        let mut cells = vec![name.to_owned()];
        for kind in [Kind::Change, Kind::Accept, Kind::MailTen] {
            let mut one = measured.of(kind)?;
            one.memory_mb = memory_mb.unwrap_or(one.memory_mb);
            cells.push(format!("{:.3}", prices.bill(&one.of_a_million(&assumed)).without_storage()));
        }
        table.row(cells);
    }
    Ok(table)
}
