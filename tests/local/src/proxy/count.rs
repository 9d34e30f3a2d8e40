//! Calls, units and overlap.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::Service;

/// Capacity units that a call consumed.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Units {
    pub(super) read: f64,
    pub(super) write: f64,
}

/// The counts since the start or the last reset.
#[derive(Debug)]
pub(super) struct Counts {
    service: Service,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Which reset the counts are since: a call that began before it adds nothing after it.
    generation: u64,
    total: u64,
    in_flight: u64,
    max_in_flight: u64,
    operations: BTreeMap<String, Operation>,
    /// Calls by the app id of who made them.
    callers: BTreeMap<String, u64>,
}

#[derive(Debug, Default)]
struct Operation {
    calls: u64,
    units: Units,
    throttled: u64,
}

/// A call under way; it ends when it is dropped, whatever became of it.
#[derive(Debug)]
pub(super) struct Call<'a> {
    counts: &'a Counts,
    operation: String,
    generation: u64,
}

impl Counts {
    pub(super) fn new(service: Service) -> Self {
        Self { service, state: Mutex::default() }
    }

    /// Counts a call that begins, and for whom, where the caller has a name.
    pub(super) fn begin(&self, operation: &str, caller: Option<&str>) -> Call<'_> {
        let mut state = self.lock();
        state.total += 1;
        state.in_flight += 1;
        state.max_in_flight = state.max_in_flight.max(state.in_flight);
        state.operations.entry(operation.to_owned()).or_default().calls += 1;
        if let Some(caller) = caller {
            *state.callers.entry(caller.to_owned()).or_default() += 1;
        }
        Call { counts: self, operation: operation.to_owned(), generation: state.generation }
    }

    pub(super) fn reset(&self) {
        let mut state = self.lock();
        *state = State {
            generation: state.generation + 1,
            in_flight: state.in_flight,
            max_in_flight: state.in_flight,
            ..State::default()
        };
    }

    pub(super) fn report(&self) -> Value {
        let state = self.lock();
        let operation = |operation: &Operation| match self.service {
            Service::DynamoDb => json!({
                "calls": operation.calls,
                "units": operation.units.read + operation.units.write,
                "read_units": operation.units.read,
                "write_units": operation.units.write,
                "throttled": operation.throttled,
            }),
            Service::Sqs => json!({"calls": operation.calls, "throttled": operation.throttled}),
        };
        let operations = state.operations.iter().map(|(name, counts)| (name.clone(), operation(counts)));
        json!({
            "total": state.total,
            "max_in_flight": state.max_in_flight,
            "operations": operations.collect::<serde_json::Map<_, _>>(),
            "callers": state.callers,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Call<'_> {
    /// Adds what the call consumed.
    pub(super) fn consumed(&self, units: Units) {
        self.note(|operation| {
            operation.units.read += units.read;
            operation.units.write += units.write;
        });
    }

    /// Notes that the call was throttled.
    pub(super) fn throttled(&self) {
        self.note(|operation| operation.throttled += 1);
    }

    fn note(&self, note: impl FnOnce(&mut Operation)) {
        let mut state = self.counts.lock();
        if state.generation == self.generation
            && let Some(operation) = state.operations.get_mut(&self.operation)
        {
            note(operation);
        }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.counts.lock().in_flight -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlap_is_the_most_at_once_since_the_last_reset() {
        let counts = Counts::new(Service::Sqs);
        let first = counts.begin("SendMessage", Some("dispatch-0"));
        drop(counts.begin("SendMessage", Some("dispatch-1")));
        drop(counts.begin("SendMessageBatch", None));
        assert_eq!(
            counts.report(),
            json!({"total": 3, "max_in_flight": 2, "operations": {
                "SendMessage": {"calls": 2, "throttled": 0},
                "SendMessageBatch": {"calls": 1, "throttled": 0},
            }, "callers": {"dispatch-0": 1, "dispatch-1": 1}})
        );
        counts.reset();
        assert_eq!(counts.report()["max_in_flight"], 1);
        drop(first);
        counts.reset();
        assert_eq!(counts.report(), json!({"total": 0, "max_in_flight": 0, "operations": {}, "callers": {}}));
    }

    #[test]
    fn a_call_from_before_a_reset_adds_nothing_after_it() {
        let counts = Counts::new(Service::DynamoDb);
        let old = counts.begin("UpdateItem", None);
        counts.reset();
        let new = counts.begin("UpdateItem", None);
        old.consumed(Units { read: 0.0, write: 5.0 });
        new.consumed(Units { read: 0.0, write: 1.0 });
        new.throttled();
        assert_eq!(
            counts.report()["operations"]["UpdateItem"],
            json!({"calls": 1, "units": 1.0, "read_units": 0.0, "write_units": 1.0, "throttled": 1})
        );
    }
}
