//! What happened in simulations, for the summary. A test fails if something of it never happens: a fault that never occurs
//! tests nothing.

use std::{collections::BTreeMap, fmt, ops::AddAssign};

/// How often each thing happened, by its name.
#[derive(Clone, Debug, Default)]
pub struct Counts(BTreeMap<&'static str, usize>);

/// What a simulation of many seeds must contain.
pub const EXPECTED: [&str; 29] = [
    "calls",
    "calls without a connection",
    "calls that failed",
    "calls that failed and were done",
    "calls that were throttled",
    "calls whose answer was lost",
    "calls that were never answered",
    "calls that were done and never answered",
    "calls that were done in part",
    "calls during an outage of AWS",
    "calls that took long",
    "kills before a call",
    "kills after a call",
    "kills whose call was done later",
    "entries of inboxes that came late",
    "messages",
    "messages that came late",
    "messages that came twice",
    "messages that came once more",
    "receives",
    "repeated receives",
    "batches whose answer was lost",
    "invocations",
    "deliveries",
    "deliveries sent",
    "deliveries sent perhaps twice",
    "deliveries given up when the weather cleared",
    "redrives",
    "releases",
];

impl Counts {
    /// Counts something that happened once.
    pub fn note(&mut self, what: &'static str) {
        self.add(what, 1);
    }

    /// Counts something that happened so many times.
    pub fn add(&mut self, what: &'static str, times: usize) {
        debug_assert!(EXPECTED.contains(&what), "{what}");
        if times > 0 {
            *self.0.entry(what).or_default() += times;
        }
    }

    /// How often this happened.
    pub fn of(&self, what: &str) -> usize {
        self.0.get(what).copied().unwrap_or_default()
    }

    /// What should have happened and did not.
    pub fn missing(&self) -> Vec<&'static str> {
        EXPECTED.into_iter().filter(|what| !self.0.contains_key(what)).collect()
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        other.0.into_iter().for_each(|(what, times)| self.add(what, times));
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for what in EXPECTED {
            writeln!(f, "{:>10} {what}", self.of(what))?;
        }
        Ok(())
    }
}
