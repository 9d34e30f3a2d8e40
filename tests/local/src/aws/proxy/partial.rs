//! Batches that are done in part. The first half goes to the service, and the rest is reported as not done, in the form
//! of the service.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::capacity;
use crate::net::loopback::Reply;

/// The parts of a batch.
#[derive(Debug, PartialEq)]
pub(super) enum Split {
    /// No entry goes to the service. The answer says so.
    Nothing {
        /// The complete answer.
        answer: Value,
    },
    /// No entry goes to the service. The answer is the throttling error.
    Refused,
    /// Some entries go to the service.
    Part {
        /// The request with the entries that go to the service.
        body: Bytes,
        /// The entries that are reported as not done, in the form of the answer.
        held_back: Value,
    },
}

/// Whether an operation can be done in part.
pub(super) fn is_batch(operation: &str) -> bool {
    matches!(operation, "BatchExecuteStatement" | "BatchGetItem" | "BatchWriteItem")
        || (operation.ends_with("MessageBatch"))
        || operation == "ChangeMessageVisibilityBatch"
}

/// Splits a batch request; `None` if it is not a well-formed batch.
pub(super) fn split(operation: &str, request: &[u8]) -> Option<Split> {
    let body: Value = serde_json::from_slice(request).ok()?;
    match operation {
        "BatchExecuteStatement" => split_statements(body),
        "BatchGetItem" | "BatchWriteItem" => split_tables(body),
        _ => split_entries(body),
    }
}

fn split_entries(mut body: Value) -> Option<Split> {
    let entries = body["Entries"].as_array_mut()?;
    let held_back = entries.split_off(entries.len() / 2);
    let failed = |entry: &Value| {
        json!({
            "Id": entry["Id"],
            "SenderFault": false,
            "Code": "InternalError",
            "Message": "We encountered an internal error. Please try again.",
        })
    };
    let failed = Value::Array(held_back.iter().map(failed).collect());
    Some(if entries.is_empty() {
        Split::Nothing { answer: json!({"Successful": [], "Failed": failed}) }
    } else {
        Split::Part { body: body.to_string().into(), held_back: failed }
    })
}

/// Splits statements. Each statement has its own answer, in the order of the statements.
fn split_statements(mut body: Value) -> Option<Split> {
    let statements = body["Statements"].as_array_mut()?;
    let held_back = statements.split_off(statements.len() / 2);
    let failed = |_| json!({"Error": {"Code": "ThrottlingError", "Message": "Request is throttled."}});
    let failed = Value::Array(held_back.iter().map(failed).collect());
    Some(if statements.is_empty() {
        Split::Nothing { answer: json!({"Responses": failed}) }
    } else {
        Split::Part { body: body.to_string().into(), held_back: failed }
    })
}

/// Splits keys or requests by table. If DynamoDB would do no entry of a batch, it gives the throttling error instead.
fn split_tables(mut body: Value) -> Option<Split> {
    let tables = body["RequestItems"].as_object_mut()?;
    let total: usize = tables.values().filter_map(requests).map(Vec::len).sum();
    if total < 2 {
        return Some(Split::Refused);
    }
    let mut left = total / 2;
    let mut held_back = Map::new();
    for (name, table) in tables.iter_mut() {
        let mut rest = table.clone();
        let here = requests(table).map_or(0, Vec::len).min(left);
        left -= here;
        requests_mut(table)?.truncate(here);
        requests_mut(&mut rest)?.drain(..here);
        if requests(&rest).is_some_and(|rest| !rest.is_empty()) {
            held_back.insert(name.clone(), rest);
        }
    }
    tables.retain(|_, table| requests(table).is_some_and(|requests| !requests.is_empty()));
    Some(Split::Part { body: body.to_string().into(), held_back: Value::Object(held_back) })
}

/// A table's keys (`BatchGetItem`) or requests (`BatchWriteItem`).
fn requests(table: &Value) -> Option<&Vec<Value>> {
    table.get("Keys").unwrap_or(table).as_array()
}

fn requests_mut(table: &mut Value) -> Option<&mut Vec<Value>> {
    match table {
        Value::Object(table) => table.get_mut("Keys")?.as_array_mut(),
        other => other.as_array_mut(),
    }
}

/// Adds the entries that were not done to the answer about the others.
pub(super) fn report(operation: &str, held_back: Value, reply: &mut Reply) {
    if !matches!(reply, Reply::Answer(status, _, _) if status.is_success()) {
        return;
    }
    let field = match operation {
        "BatchExecuteStatement" => "Responses",
        "BatchGetItem" => "UnprocessedKeys",
        "BatchWriteItem" => "UnprocessedItems",
        _ => "Failed",
    };
    capacity::change(reply, |body| match (&mut body[field], held_back) {
        (Value::Array(failed), Value::Array(more)) => failed.extend(more),
        (Value::Object(tables), Value::Object(more)) => {
            for (name, mut table) in more {
                match (tables.get_mut(&name).and_then(requests_mut), requests_mut(&mut table)) {
                    (Some(already), Some(more)) => already.append(more),
                    _ => drop(tables.insert(name, table)),
                }
            }
        }
        (absent, held_back) => *absent = held_back,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_entry_fails_and_nothing_goes_on() {
        let request = json!({"QueueUrl": "q", "Entries": [{"Id": "a", "MessageBody": "x"}]}).to_string();
        let Some(Split::Nothing { answer }) = split("SendMessageBatch", request.as_bytes()) else {
            panic!("something went on");
        };
        assert_eq!(answer["Failed"][0]["Id"], "a");
        assert_eq!(answer["Failed"][0]["SenderFault"], false);
        assert_eq!(answer["Successful"], json!([]));
    }

    #[test]
    fn half_of_the_keys_over_all_tables_go_on() {
        let key = |n: u8| json!({"pk": {"S": n.to_string()}});
        let request = json!({"RequestItems": {
            "a": {"Keys": [key(1), key(2), key(3)], "ConsistentRead": true},
            "b": {"Keys": [key(4)]},
        }});
        let Some(Split::Part { body, held_back }) = split("BatchGetItem", request.to_string().as_bytes()) else {
            panic!("no part");
        };
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(body, json!({"RequestItems": {"a": {"Keys": [key(1), key(2)], "ConsistentRead": true}}}));
        assert_eq!(held_back, json!({"a": {"Keys": [key(3)], "ConsistentRead": true}, "b": {"Keys": [key(4)]}}));
    }

    #[test]
    fn half_of_the_statements_go_on() {
        let request = |statements: &[&str]| {
            let statements: Vec<_> = statements.iter().map(|text| json!({"Statement": text})).collect();
            json!({"Statements": statements}).to_string()
        };
        let failed = json!({"Error": {"Code": "ThrottlingError", "Message": "Request is throttled."}});
        let part = split("BatchExecuteStatement", request(&["a", "b", "c"]).as_bytes());
        assert_eq!(part, Some(Split::Part { body: request(&["a"]).into(), held_back: json!([failed, failed]) }));
        let nothing = split("BatchExecuteStatement", request(&["a"]).as_bytes());
        assert_eq!(nothing, Some(Split::Nothing { answer: json!({"Responses": [failed]}) }));
    }

    #[test]
    fn a_single_write_is_throttled() {
        let request = json!({"RequestItems": {"a": [{"PutRequest": {}}]}}).to_string();
        assert_eq!(split("BatchWriteItem", request.as_bytes()), Some(Split::Refused));
    }
}
