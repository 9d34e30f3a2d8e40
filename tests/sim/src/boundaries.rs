//! Where a run can be cut: every call of its acceptance, its expansion and its sending has a name. In most seeds of the story of runs one
//! of these calls is cut on purpose, so that each is cut in each way, however seldom it comes by itself.

use std::{collections::BTreeMap, fmt, ops::AddAssign};

use crate::{service::Service, weather::Fate};

/// A call at which a run can be cut, and what it is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// Its name.
    pub name: &'static str,
    /// Whether it changes something.
    is_write: bool,
    /// Whether it may be done in part.
    is_batch: bool,
}

const fn read(name: &'static str) -> Boundary {
    Boundary { name, is_write: false, is_batch: false }
}

const fn reads(name: &'static str) -> Boundary {
    Boundary { name, is_write: false, is_batch: true }
}

const fn write(name: &'static str) -> Boundary {
    Boundary { name, is_write: true, is_batch: false }
}

const fn writes(name: &'static str) -> Boundary {
    Boundary { name, is_write: true, is_batch: true }
}

/// All of them, in the order in which a run comes by.
pub const BOUNDARIES: [Boundary; 24] = [
    read("accept: read the topic"),
    writes("accept: write the pages of recipients"),
    write("accept: write the run"),
    writes("accept: send its messages"),
    write("cancel: write the state"),
    read("expand: read the run"),
    writes("expand: send a message for each part"),
    writes("expand: send those of further parts"),
    reads("expand: read the page and the state"),
    read("expand: read the topic"),
    read("expand: find subscribers"),
    write("expand: write the page of subscribers"),
    writes("expand: send the message of the next page"),
    reads("expand: read the recipients"),
    reads("expand: look who has a notification already"),
    writes("expand: insert notifications"),
    writes("expand: insert further ones"),
    writes("expand: send messages"),
    writes("expand: send further ones"),
    write("expand: note that the page is done"),
    reads("send: read states and subscriptions"),
    writes("send: claim deliveries"),
    write("send: record the end"),
    writes("give up: record the page"),
];

/// How often each boundary was cut in each way, and how often other things happened.
#[derive(Clone, Debug, Default)]
pub struct Cuts(BTreeMap<(&'static str, &'static str), usize>);

/// The ways in which a call is cut.
const WAYS: [&str; 6] = ["refused", "in part", "answer lost", "dies before", "dies after", "done late"];
/// How things are counted that are no cuts.
const EVENT: &str = "";

/// The name of a way to be cut. `None` if it is none.
fn way(fate: Fate) -> Option<&'static str> {
    match fate {
        Fate::Fine => None,
        Fate::NoConnection | Fate::Fails | Fate::Throttles | Fate::Outage => Some("refused"),
        Fate::Partial => Some("in part"),
        Fate::Lost | Fate::FailsDone | Fate::HangsDone | Fate::Hangs => Some("answer lost"),
        Fate::DiesBefore => Some("dies before"),
        Fate::DiesAfter => Some("dies after"),
        Fate::DiesLate => Some("done late"),
    }
}

impl Cuts {
    /// Counts a cut.
    pub fn note(&mut self, boundary: &'static str, fate: Fate) {
        if let Some(way) = way(fate) {
            *self.0.entry((boundary, way)).or_default() += 1;
        }
    }

    /// Counts something else that happened.
    pub fn event(&mut self, what: &'static str) {
        *self.0.entry((what, EVENT)).or_default() += 1;
    }

    /// How often this boundary was cut in this way.
    fn of(&self, boundary: &str, way: &str) -> usize {
        self.0.iter().find(|((of, how), _)| *of == boundary && *how == way).map_or(0, |(_, times)| *times)
    }

    /// What happened less often than `least` times: cuts that are made on purpose, and `events`.
    pub fn rare(&self, least: usize, events: &[&'static str]) -> Vec<String> {
        let cuts = BOUNDARIES.iter().flat_map(|boundary| fates(boundary).map(|fate| (boundary.name, fate)));
        let cuts = cuts.filter_map(|(name, fate)| Some((name, way(fate)?)));
        let all = cuts.chain(events.iter().map(|event| (*event, EVENT)));
        let rare = all.map(|(what, how)| (what, how, self.of(what, how))).filter(|(.., times)| *times < least);
        rare.map(|(what, how, times)| format!("{what} {how}: {times}")).collect()
    }
}

impl AddAssign for Cuts {
    fn add_assign(&mut self, other: Self) {
        other.0.into_iter().for_each(|(key, times)| *self.0.entry(key).or_default() += times);
    }
}

/// A table, as the README has it.
impl fmt::Display for Cuts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| where | {} |\n|---{}|", WAYS.join(" | "), "|--:".repeat(WAYS.len()))?;
        for boundary in BOUNDARIES {
            let times = WAYS.map(|way| self.of(boundary.name, way).to_string());
            writeln!(f, "| {} | {} |", boundary.name, times.join(" | "))?;
        }
        let mut events = self.0.iter().filter(|((_, how), _)| *how == EVENT);
        events.try_for_each(|((what, _), times)| writeln!(f, "{times:>10} {what}"))
    }
}

/// The cut that a seed makes on purpose: at the boundary's call of this number.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    boundary: &'static str,
    fate: Fate,
    after: usize,
}

/// The ways in which a boundary is cut on purpose. The others come by themselves.
fn fates(boundary: &Boundary) -> impl Iterator<Item = Fate> + use<> {
    let late = boundary.is_write.then_some(Fate::DiesLate);
    let part = boundary.is_batch.then_some(Fate::Partial);
    [Fate::DiesBefore, Fate::DiesAfter, Fate::Lost].into_iter().chain(late).chain(part)
}

impl Plan {
    /// The plan of a seed. Seeds that follow each other have other boundaries.
    pub fn of(seed: usize, after: usize) -> Self {
        let all: Vec<_> =
            BOUNDARIES.iter().flat_map(|boundary| fates(boundary).map(|fate| (boundary.name, fate))).collect();
        // A number of steps that has no divisor in common with theirs comes by all of them.
        let (boundary, fate) = all[seed * 41 % all.len()];
        Self { boundary, fate, after }
    }

    /// The same at the first call.
    pub fn at_once(self) -> Self {
        Self { after: 0, ..self }
    }

    /// Whether it is at this boundary.
    pub fn is_at(&self, boundary: &str) -> bool {
        self.boundary == boundary
    }

    /// What happens to this call, if it is the one. Else it is one fewer until then.
    pub fn meets(&mut self, boundary: &str) -> Option<Fate> {
        if self.boundary != boundary {
            return None;
        }
        let is_it = self.after == 0;
        self.after = self.after.wrapping_sub(1);
        is_it.then_some(self.fate)
    }
}

/// The name of the boundary that a call is. `is_worker` tells the worker's calls from those of requests. A call like one that the same
/// invocation has made `before` has a name of its own.
pub fn of(service: &Service, body: &str, is_worker: bool, before: impl Fn(&str) -> bool) -> Option<&'static str> {
    let has = |text: &str| body.contains(text);
    let again = |first: &'static str, further: &'static str| if before(first) { further } else { first };
    match service {
        Service::Dynamo(operation) => match (operation.as_str(), is_worker) {
            ("GetItem", false) if has("\"TOPIC#") => Some("accept: read the topic"),
            ("BatchWriteItem", false) if has("\"PAGE#") => Some("accept: write the pages of recipients"),
            ("PutItem", false) if has("\"S\":\"RUN\"") => Some("accept: write the run"),
            ("PutItem", false) if has("\"S\":\"STATE\"") => Some("cancel: write the state"),
            ("GetItem", true) if has("\"S\":\"RUN\"") => Some("expand: read the run"),
            ("GetItem", true) if has("\"TOPIC#") => Some("expand: read the topic"),
            ("BatchGetItem", true) if has("\"DONE#") => Some("expand: read the page and the state"),
            ("BatchGetItem", true) if has("\"S\":\"STATE\"") => Some("send: read states and subscriptions"),
            ("BatchGetItem", true) if has("\"S\":\"USER\"") && !has("\"NOTIFICATION#") => {
                Some("expand: read the recipients")
            }
            ("BatchGetItem", true) if has("\"NOTIFICATION#") && !has("\"S\":\"USER\"") => {
                Some("expand: look who has a notification already")
            }
            ("Query", true) if has("\"SUBSCRIBERS#") => Some("expand: find subscribers"),
            ("PutItem", true) if has("\"PAGE#") => Some("expand: write the page of subscribers"),
            ("PutItem", true) if has("\"DONE#") => Some("expand: note that the page is done"),
            ("PutItem", true) if has("\"DEADLETTER#") && has("expand.v1") => Some("give up: record the page"),
            ("BatchExecuteStatement", true) if has("of_run") => {
                Some(again("expand: insert notifications", "expand: insert further ones"))
            }
            ("BatchExecuteStatement", true) if has("\"DELIVERY#") => Some("send: claim deliveries"),
            ("UpdateItem", true) if has("\"DELIVERY#") => Some("send: record the end"),
            _ => None,
        },
        // What is put off has a time when it was due.
        Service::Sqs(operation) if operation.starts_with("SendMessage") && !has("\"MessageAttributes\"") => {
            match (has("expand.v1"), is_worker) {
                (true, false) => Some("accept: send its messages"),
                (true, true) if has("\\\"number\\\":0") => {
                    Some(again("expand: send a message for each part", "expand: send those of further parts"))
                }
                (true, true) if has("\\\"after\\\":") => Some("expand: send the message of the next page"),
                (false, true) if has("deliver.v1") => Some(again("expand: send messages", "expand: send further ones")),
                _ => None,
            }
        }
        _ => None,
    }
}
