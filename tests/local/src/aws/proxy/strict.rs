//! What DynamoDB refuses and the emulator does not: writes that meet, and writes to full partitions. It also sends the queries of
//! an index to where indexes are late.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::conflicts::{AtWork, Conflicts, TRANSACTION};
use super::forward::Upstream;
use super::writes::{Form, Part, parts, without};
use super::{capacity, failure};
use crate::aws::emulators::Emulators;
use crate::aws::late_index::LateIndex;
use crate::aws::partitions::Partitions;
use crate::aws::schema::{Key, Schema};
use crate::fidelity::{Behaviour, Fidelity};
use crate::net::loopback::{Reply, Request};

/// The rules of one table.
#[derive(Debug)]
pub struct Strict {
    schema: Schema,
    conflicts: Option<Conflicts>,
    partitions: Option<Mutex<Partitions>>,
    index: Option<Arc<LateIndex>>,
    /// Where indexes are read, if they are late.
    indexes: Option<Upstream>,
}

/// Why a part of a call is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    Conflict,
    Full,
}

/// What becomes of a call.
pub(super) enum Verdict {
    /// It is refused as a whole.
    Refused { reply: Reply, is_throttled: bool },
    /// It goes to the table, without the parts that are refused.
    Admitted(Admitted),
}

/// A call that goes to the table.
pub(super) struct Admitted {
    /// How long a transaction takes before the table does it.
    pub(super) takes: Duration,
    form: Form,
    written: Vec<Key>,
    /// The refused parts of a batch, by their places.
    refused: Vec<(usize, Refusal, Value)>,
    index: Option<Arc<LateIndex>>,
    _at_work: Option<AtWork>,
}

impl Drop for Admitted {
    /// Also a call whose caller has gone may have been done.
    fn drop(&mut self) {
        if let Some(index) = &self.index {
            index.wrote(std::mem::take(&mut self.written));
        }
    }
}

impl Strict {
    /// The rules for the table with this schema, as far as they are on. The emulators have the table.
    pub fn new(
        schema: Schema,
        fidelity: &Fidelity,
        emulators: &Emulators,
        index: Option<Arc<LateIndex>>,
    ) -> Result<Self, reqwest::Error> {
        let indexes = emulators.indexes_endpoint().filter(|_| fidelity.has(Behaviour::LateIndex));
        Ok(Self {
            schema,
            conflicts: fidelity.has(Behaviour::TransactionConflicts).then(Conflicts::default),
            partitions: fidelity.has(Behaviour::PartitionLimits).then(Mutex::default),
            index,
            indexes: indexes.map(Upstream::new).transpose()?,
        })
    }

    /// Where the call goes, if not to the table.
    pub(super) fn elsewhere(&self, operation: &str, body: &[u8]) -> Option<&Upstream> {
        let indexes = self.indexes.as_ref()?;
        let reads = ["Query", "Scan"].contains(&operation);
        let body: Value = serde_json::from_slice(body).ok().filter(|_| reads)?;
        body["IndexName"].is_string().then_some(indexes)
    }

    /// The keys that a call may write, for the indexes.
    pub(super) fn written(&self, operation: &str, body: &[u8]) -> Vec<Key> {
        let body = serde_json::from_slice(body).unwrap_or_default();
        let parts = parts(operation, &body, &self.schema).map(|(_, parts)| parts).unwrap_or_default();
        parts.into_iter().filter(|part| part.writes).filter_map(|part| part.key).collect()
    }

    /// Waits until the indexes have everything that was written before.
    pub(super) async fn index_catches_up(&self) {
        if let Some(index) = &self.index {
            index.catches_up().await;
        }
    }

    /// Items were written past these rules.
    pub(super) fn wrote(&self, keys: Vec<Key>) {
        if let Some(index) = &self.index {
            index.wrote(keys);
        }
    }

    /// Decides about a call. Takes the refused parts of a batch out of the request.
    pub(super) fn admit(&self, operation: &str, request: &mut Request) -> Verdict {
        let none = || Admitted {
            takes: Duration::ZERO,
            form: Form::Single,
            written: Vec::new(),
            refused: Vec::new(),
            index: None,
            _at_work: None,
        };
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let Some((form, parts)) = parts(operation, &body, &self.schema) else { return Verdict::Admitted(none()) };
        let mut refused: Vec<(usize, Refusal)> = Vec::new();
        let now = Instant::now();
        let full = parts.iter().enumerate().filter(|(_, part)| part.writes && self.is_full(part, now));
        refused.extend(full.map(|(place, _)| (place, Refusal::Full)));
        let keys = parts
            .iter()
            .enumerate()
            .map(|(place, part)| part.key.clone().filter(|_| !refused.iter().any(|(refused, _)| *refused == place)));
        let keys: Vec<_> = keys.collect();
        let mut at_work = None;
        let is_cancelled = form == Form::Transaction && !refused.is_empty();
        if let Some(conflicts) = self.conflicts.as_ref().filter(|_| !is_cancelled) {
            let (begun, taken) = conflicts.begin(form, &keys, operation == "TransactGetItems");
            refused.extend(taken.into_iter().map(|place| (place, Refusal::Conflict)));
            at_work = Some(begun);
        }
        refused.sort_unstable_by_key(|(place, _)| *place);
        if !refused.is_empty() && (matches!(form, Form::Single | Form::Transaction) || refused.len() == parts.len()) {
            return refuse(operation, form, &parts, &refused, &request.body);
        }
        if !refused.is_empty() {
            let places: Vec<_> = refused.iter().map(|(place, _)| *place).collect();
            request.body = without(form, &body, &places).to_string().into();
        }
        let goes = |place: usize| !refused.iter().any(|(refused, _)| *refused == place);
        let written = parts.iter().enumerate().filter(|(place, part)| part.writes && goes(*place));
        let written = written.filter_map(|(_, part)| part.key.clone()).collect();
        let is_transaction = form == Form::Transaction && self.conflicts.is_some();
        let refused = refused.into_iter().map(|(place, why)| (place, why, parts[place].request.clone())).collect();
        let takes = if is_transaction { TRANSACTION } else { Duration::ZERO };
        Verdict::Admitted(Admitted { takes, form, written, refused, index: self.index.clone(), _at_work: at_work })
    }

    fn is_full(&self, part: &Part, now: Instant) -> bool {
        let Some(partitions) = &self.partitions else { return false };
        let partitions = partitions.lock().unwrap_or_else(PoisonError::into_inner);
        part.key.as_ref().is_some_and(|(hash, _)| partitions.is_full(hash, now))
            || self.index.as_ref().is_some_and(|index| index.holds_back(&part.request))
    }

    /// Ends a call that the table has answered, and that has used so many write units. Reports what was refused.
    pub(super) fn done(&self, admitted: &Admitted, operation: &str, units: f64, reply: &mut Reply) {
        if let Some(partitions) = &self.partitions {
            let mut partitions = partitions.lock().unwrap_or_else(PoisonError::into_inner);
            let (each, now) = (units / admitted.written.len().max(1) as f64, Instant::now());
            admitted.written.iter().for_each(|(hash, _)| partitions.charge(hash, each, now));
        }
        let is_success = matches!(reply, Reply::Answer(status, _, _) if status.is_success());
        if admitted.refused.is_empty() || !is_success {
            return;
        }
        capacity::change(reply, |body| match admitted.form {
            Form::Statements => {
                if let Some(responses) = body["Responses"].as_array_mut() {
                    for (place, why, _) in &admitted.refused {
                        responses.insert((*place).min(responses.len()), statement_error(*why));
                    }
                }
            }
            Form::Batch => add_unprocessed(body, &self.schema.table, &admitted.refused),
            Form::Single | Form::Transaction => debug_assert!(false, "{operation} is refused as a whole"),
        });
    }
}

/// Adds the refused parts to a batch's `UnprocessedItems`.
fn add_unprocessed(body: &mut Value, table: &str, refused: &[(usize, Refusal, Value)]) {
    let again = refused.iter().map(|(_, _, part)| {
        let kind = if part.get("Item").is_some() { "PutRequest" } else { "DeleteRequest" };
        json!({kind: part})
    });
    match body["UnprocessedItems"][table].as_array_mut() {
        Some(there) => there.extend(again),
        None => body["UnprocessedItems"][table] = again.collect(),
    }
}

fn refuse(operation: &str, form: Form, parts: &[Part], refused: &[(usize, Refusal)], request: &[u8]) -> Verdict {
    let why = |place: usize| refused.iter().find(|(refused, _)| *refused == place).map(|(_, why)| *why);
    let is_throttled = refused.iter().any(|(_, why)| *why == Refusal::Full);
    let reply = match form {
        Form::Transaction => {
            let code = |place| match why(place) {
                Some(Refusal::Conflict) => "TransactionConflict",
                Some(Refusal::Full) => "ThrottlingError",
                None => "None",
            };
            failure::cancelled(&(0..parts.len()).map(code).collect::<Vec<_>>())
        }
        Form::Statements => {
            let errors: Vec<_> = refused.iter().map(|(_, why)| statement_error(*why)).collect();
            failure::answer(200, &json!({"Responses": errors}))
        }
        Form::Single if !is_throttled => failure::conflict(operation, request),
        Form::Single | Form::Batch => failure::throttle(super::Service::DynamoDb),
    };
    Verdict::Refused { reply, is_throttled }
}

/// What `BatchExecuteStatement` says about one statement
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchStatementError.html>).
fn statement_error(why: Refusal) -> Value {
    match why {
        Refusal::Conflict => json!({"Error": {"Code": "TransactionConflict", "Message": failure::CONFLICT}}),
        Refusal::Full => json!({"Error": {"Code": "ThrottlingError", "Message": "Request is throttled."}}),
    }
}
