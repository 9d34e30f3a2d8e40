//! Counts the results of the batches that the functions got.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::{Value, json};

/// Counts by function, for all its queues. All pollers of a stack share one value.
#[derive(Debug, Clone, Default)]
pub struct Batches(Arc<Mutex<BTreeMap<String, Tally>>>);

#[derive(Debug, Default, Serialize)]
struct Tally {
    /// Finished batches, with any result.
    invocations: u64,
    /// The records of finished batches.
    records: u64,
    /// The batches that failed as a whole: there was no answer, a function error, or a malformed answer.
    crashed: u64,
    /// The batches that the function was not invoked with, because it had no concurrency left.
    throttled: u64,
    /// How many times each message was reported as failed.
    reported: BTreeMap<String, u64>,
}

impl Batches {
    /// `{function: {invocations, records, crashed, throttled, reported: {message id: times}}}` since the start or the last reset.
    pub fn report(&self) -> Value {
        json!(*self.lock())
    }

    /// Sets all counts to zero.
    pub fn reset(&self) {
        self.lock().values_mut().for_each(|tally| *tally = Tally::default());
    }

    /// Adds a function that will get batches.
    pub(super) fn add(&self, function: &str) {
        self.lock().entry(function.to_owned()).or_default();
    }

    /// Counts a batch that failed as a whole.
    pub(super) fn came_back(&self, function: &str, records: usize) {
        self.note(function, records, |tally| tally.crashed += 1);
    }

    /// Counts a batch that was turned away.
    pub(super) fn throttled(&self, function: &str) {
        self.lock().entry(function.to_owned()).or_default().throttled += 1;
    }

    /// Counts a batch of which all records except `failed` are done.
    pub(super) fn done_except(&self, function: &str, records: usize, failed: &BTreeSet<String>) {
        self.note(function, records, |tally| {
            for id in failed {
                *tally.reported.entry(id.clone()).or_default() += 1;
            }
        });
    }

    fn note(&self, function: &str, records: usize, note: impl FnOnce(&mut Tally)) {
        let mut tallies = self.lock();
        let tally = tallies.entry(function.to_owned()).or_default();
        tally.invocations += 1;
        tally.records += records as u64;
        note(tally);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Tally>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_add_up_by_message_until_the_reset() {
        let batches = Batches::default();
        batches.add("dispatch");
        for failed in [["a", "b"].as_slice(), &["a"]] {
            batches.done_except("dispatch", 3, &failed.iter().map(|id| (*id).to_owned()).collect());
        }
        batches.came_back("dispatch", 2);
        batches.throttled("dispatch");
        let reported = json!({"a": 2, "b": 1});
        let counts = json!({"invocations": 3, "records": 8, "crashed": 1, "throttled": 1, "reported": reported});
        assert_eq!(batches.report(), json!({"dispatch": counts}));
        batches.reset();
        let none = json!({"invocations": 0, "records": 0, "crashed": 0, "throttled": 0, "reported": {}});
        assert_eq!(batches.report(), json!({"dispatch": none}));
    }
}
