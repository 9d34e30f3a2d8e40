//! Faults: which calls they apply to, how many times, and in which order.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;

use super::Service;

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The service's throttling error.
    Throttle,
    /// The service's internal error, status 500.
    Error,
    /// Only the delay.
    Delay,
    /// The connection is closed without an answer.
    Reset,
    /// A part of a batch is done, and the rest is reported as not done. It applies to batch operations only.
    Partial,
    /// Another transaction uses the item. It applies to DynamoDB's writes and transactions only.
    Conflict,
    /// The calling process is killed and gets no answer. It applies to calls of the functions' processes only. If it
    /// applies to several simultaneous calls of one process, the process is killed once, and the next process is not
    /// killed.
    Kill,
}

/// A fault to inject.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The operation that it applies to; all operations if absent.
    pub operation: Option<String>,
    /// The start of the caller's app id (`{function}-{process, from 0}`): `dispatch` for all processes of that
    /// function, `dispatch-0` for one of them. If absent, the fault applies to all callers.
    pub caller: Option<String>,
    /// Texts that must all occur in the body of the call. The body is JSON; JSON in a string has escaped quotes.
    #[serde(default)]
    pub containing: Vec<String>,
    /// Texts that must not occur in the body.
    #[serde(default)]
    pub lacking: Vec<String>,
    /// What happens.
    pub kind: Kind,
    /// How long the call is delayed first, in milliseconds.
    #[serde(default)]
    pub delay_ms: u64,
    /// How many times the fault is applied; without limit if absent.
    pub times: Option<u64>,
    /// How many of a hundred calls the fault applies to; all calls if absent.
    pub percent: Option<u8>,
    /// The seed for `percent`. With the same seed, the fault applies to the same calls.
    #[serde(default)]
    pub seed: u64,
    /// For a reset or a kill: whether the service does the call, so that only its answer is lost.
    #[serde(default)]
    pub applied: bool,
}

impl Fault {
    /// How long the call is delayed first.
    pub(super) fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }

    fn meets(&self, asked: &Call<'_>) -> bool {
        let operation = asked.operation;
        let possible = match (self.kind, asked.service) {
            (Kind::Partial, _) => super::partial::is_batch(operation),
            (Kind::Conflict, Service::Sqs) => false,
            (Kind::Conflict, Service::DynamoDb) => {
                matches!(operation, "DeleteItem" | "PutItem" | "UpdateItem" | "TransactGetItems" | "TransactWriteItems")
            }
            (Kind::Kill, _) => asked.caller.is_some(),
            (Kind::Throttle | Kind::Error | Kind::Delay | Kind::Reset, _) => true,
        };
        possible
            && self.operation.as_deref().is_none_or(|wanted| wanted == operation)
            && self.caller.as_deref().is_none_or(|wanted| asked.caller.is_some_and(|caller| caller.starts_with(wanted)))
            && self.suits(asked.body)
    }

    fn suits(&self, body: &[u8]) -> bool {
        if self.containing.is_empty() && self.lacking.is_empty() {
            return true;
        }
        let body = String::from_utf8_lossy(body);
        self.containing.iter().all(|text| body.contains(text)) && !self.lacking.iter().any(|text| body.contains(text))
    }
}

/// The parts of a call that faults check.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) service: Service,
    pub(super) operation: &'a str,
    /// The app id of the calling process, if it has one.
    pub(super) caller: Option<&'a str>,
    pub(super) body: &'a [u8],
}

/// The active faults.
#[derive(Debug, Default)]
pub(super) struct Faults(Mutex<Vec<Armed>>);

#[derive(Debug)]
struct Armed {
    fault: Fault,
    applied: u64,
    draws: u64,
}

impl Faults {
    pub(super) fn set(&self, faults: Vec<Fault>) {
        let armed = faults.into_iter().map(|fault| Armed { draws: fault.seed, fault, applied: 0 });
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = armed.collect();
    }

    /// How many times the faults that have a number of times will be applied yet.
    pub(super) fn left(&self) -> u64 {
        let armed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        armed.iter().filter_map(|armed| Some(armed.fault.times?.saturating_sub(armed.applied))).sum()
    }

    /// The first fault that applies to this call, if there is one.
    pub(super) fn next(&self, asked: &Call<'_>) -> Option<Fault> {
        let mut armed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hit = armed.iter_mut().find_map(|armed| {
            let spent = armed.fault.times.is_some_and(|times| armed.applied >= times);
            (!spent && armed.fault.meets(asked) && armed.draw()).then_some(armed)
        })?;
        hit.applied += 1;
        Some(hit.fault.clone())
    }
}

impl Armed {
    fn draw(&mut self) -> bool {
        let Some(percent) = self.fault.percent else {
            return true;
        };
        // SplitMix64 is small, has a seed, and gives the same numbers on every machine.
        self.draws = self.draws.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.draws;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % 100 < u64::from(percent)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn faults(list: Value) -> Faults {
        let faults = Faults::default();
        faults.set(serde_json::from_value(list).expect("faults"));
        faults
    }

    fn asked(service: Service, operation: &str) -> Call<'_> {
        Call { service, operation, caller: None, body: b"{}" }
    }

    fn hits(faults: &Faults, calls: usize) -> Vec<bool> {
        (0..calls).map(|_| faults.next(&asked(Service::DynamoDb, "UpdateItem")).is_some()).collect()
    }

    #[test]
    fn a_fault_is_spent_after_its_times() {
        let faults = faults(json!([{"operation": "UpdateItem", "kind": "throttle", "times": 2}]));
        assert!(faults.next(&asked(Service::DynamoDb, "GetItem")).is_none());
        assert_eq!(hits(&faults, 3), [true, true, false]);
    }

    #[test]
    fn a_percentage_is_about_right_and_the_same_for_the_same_seed() {
        let a = faults(json!([{"kind": "error", "percent": 30, "seed": 7}]));
        let b = faults(json!([{"kind": "error", "percent": 30, "seed": 7}]));
        let c = faults(json!([{"kind": "error", "percent": 30, "seed": 8}]));
        let (a, b, c) = (hits(&a, 1000), hits(&b, 1000), hits(&c, 1000));
        assert_eq!(a, b);
        assert_ne!(a, c);
        let count = a.iter().filter(|hit| **hit).count();
        assert!((250..350).contains(&count), "{count} of 1000");
    }

    #[test]
    fn a_kind_meets_only_where_the_service_has_it() {
        let faults = faults(json!([{"kind": "partial"}, {"kind": "conflict"}]));
        assert_eq!(faults.next(&asked(Service::DynamoDb, "BatchGetItem")).map(|f| f.kind), Some(Kind::Partial));
        assert_eq!(faults.next(&asked(Service::DynamoDb, "UpdateItem")).map(|f| f.kind), Some(Kind::Conflict));
        assert!(faults.next(&asked(Service::DynamoDb, "Query")).is_none());
        assert!(faults.next(&asked(Service::Sqs, "SendMessage")).is_none());
    }

    #[test]
    fn a_fault_looks_at_the_caller_and_at_the_body() {
        let faults =
            faults(json!([{"kind": "error", "caller": "dispatch", "containing": ["a", "b"], "lacking": ["c"]}]));
        let hit = |caller, body: &str| {
            let call = asked(Service::DynamoDb, "PutItem");
            faults.next(&Call { caller, body: body.as_bytes(), ..call }).is_some()
        };
        assert!(hit(Some("dispatch-0"), "b and a"));
        assert!(!hit(Some("users-0"), "b and a"), "another function");
        assert!(!hit(None, "b and a"), "nobody's process");
        assert!(!hit(Some("dispatch-0"), "a"), "not all of it");
        assert!(!hit(Some("dispatch-0"), "a b c"), "what must not be there");
    }

    #[test]
    fn only_a_process_can_be_killed() {
        let faults = faults(json!([{"kind": "kill"}]));
        let call = asked(Service::Sqs, "SendMessage");
        assert!(faults.next(&call).is_none());
        assert!(faults.next(&Call { caller: Some("dispatch-1"), ..call }).is_some());
    }

    #[test]
    fn an_unknown_field_is_refused() {
        let fault = serde_json::from_value::<Fault>(json!({"kind": "delay", "delay": 5}));
        assert!(fault.is_err());
    }
}
