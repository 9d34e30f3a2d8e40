//! Counts calls, units and simultaneous calls.

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
    /// The number of the last reset. A call that began before the reset adds nothing after it.
    generation: u64,
    total: u64,
    in_flight: u64,
    max_in_flight: u64,
    operations: Operations,
    /// The same counts by the caller's app id.
    callers: BTreeMap<String, Operations>,
}

type Operations = BTreeMap<String, Operation>;

#[derive(Debug, Default)]
struct Operation {
    calls: u64,
    units: Units,
    throttled: u64,
    /// Bytes of the bodies of requests and answers.
    sent: usize,
    answered: usize,
}

/// A running call. It ends when this value is dropped.
#[derive(Debug)]
pub(super) struct Call<'a> {
    counts: &'a Counts,
    operation: String,
    caller: Option<String>,
    generation: u64,
}

impl Counts {
    pub(super) fn new(service: Service) -> Self {
        Self { service, state: Mutex::default() }
    }

    /// Counts a call that begins, in total and for its caller, if the caller has an app id.
    pub(super) fn begin(&self, operation: &str, caller: Option<&str>) -> Call<'_> {
        let mut state = self.lock();
        state.total += 1;
        state.in_flight += 1;
        state.max_in_flight = state.max_in_flight.max(state.in_flight);
        state.operations.entry(operation.to_owned()).or_default().calls += 1;
        if let Some(caller) = caller {
            let operations = state.callers.entry(caller.to_owned()).or_default();
            operations.entry(operation.to_owned()).or_default().calls += 1;
        }
        let caller = caller.map(str::to_owned);
        Call { counts: self, operation: operation.to_owned(), caller, generation: state.generation }
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
        let with_bytes = |counts: &Operation| {
            let mut report = operation(counts);
            report["bytes_sent"] = counts.sent.into();
            report["bytes_answered"] = counts.answered.into();
            report
        };
        let named = |operations: &Operations, report: &dyn Fn(&Operation) -> Value| -> Value {
            operations.iter().map(|(name, counts)| (name.clone(), report(counts))).collect()
        };
        let calls = |own: &Operations| -> u64 { own.values().map(|operation| operation.calls).sum() };
        let callers = state.callers.iter();
        json!({
            "total": state.total,
            "max_in_flight": state.max_in_flight,
            "operations": named(&state.operations, &operation),
            "callers": callers.clone().map(|(caller, own)| (caller.clone(), json!(calls(own)))).collect::<Value>(),
            "by_caller": callers.map(|(caller, own)| (caller.clone(), named(own, &with_bytes))).collect::<Value>(),
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

    /// Adds the bytes of the bodies of the request and of the answer.
    pub(super) fn carried(&self, sent: usize, answered: usize) {
        self.note(|operation| {
            operation.sent += sent;
            operation.answered += answered;
        });
    }

    /// Notes that the call was throttled.
    pub(super) fn throttled(&self) {
        self.note(|operation| operation.throttled += 1);
    }

    fn note(&self, note: impl Fn(&mut Operation)) {
        let mut state = self.counts.lock();
        if state.generation != self.generation {
            return;
        }
        if let Some(operation) = state.operations.get_mut(&self.operation) {
            note(operation);
        }
        let own = self.caller.as_ref().and_then(|caller| state.callers.get_mut(caller));
        if let Some(operation) = own.and_then(|operations| operations.get_mut(&self.operation)) {
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
        let calls = |calls: u64| json!({"calls": calls, "throttled": 0});
        let own = json!({"SendMessage": {"calls": 1, "throttled": 0, "bytes_sent": 0, "bytes_answered": 0}});
        assert_eq!(
            counts.report(),
            json!({
                "total": 3, "max_in_flight": 2,
                "operations": {"SendMessage": calls(2), "SendMessageBatch": calls(1)},
                "callers": {"dispatch-0": 1, "dispatch-1": 1},
                "by_caller": {"dispatch-0": own, "dispatch-1": own},
            })
        );
        counts.reset();
        assert_eq!(counts.report()["max_in_flight"], 1);
        drop(first);
        counts.reset();
        let nothing = json!({"total": 0, "max_in_flight": 0, "operations": {}, "callers": {}, "by_caller": {}});
        assert_eq!(counts.report(), nothing);
    }

    #[test]
    fn a_call_from_before_a_reset_adds_nothing_after_it() {
        let counts = Counts::new(Service::DynamoDb);
        let old = counts.begin("UpdateItem", Some("users-0"));
        counts.reset();
        let new = counts.begin("UpdateItem", Some("users-0"));
        old.consumed(Units { read: 0.0, write: 5.0 });
        old.carried(10, 10);
        new.consumed(Units { read: 0.0, write: 1.0 });
        new.carried(3, 4);
        new.throttled();
        let report = counts.report();
        let mut expected = json!({"calls": 1, "units": 1.0, "read_units": 0.0, "write_units": 1.0, "throttled": 1});
        assert_eq!(report["operations"]["UpdateItem"], expected);
        expected["bytes_sent"] = json!(3);
        expected["bytes_answered"] = json!(4);
        assert_eq!(report["by_caller"]["users-0"]["UpdateItem"], expected);
    }
}
