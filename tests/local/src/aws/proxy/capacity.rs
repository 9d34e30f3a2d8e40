//! The capacity that a DynamoDB call consumes. If the caller did not ask for it, the proxy asks for it, and removes it
//! from the answer.

use bytes::Bytes;
use serde_json::{Value, json};

use super::count::Units;
use crate::net::loopback::{Reply, Request};

/// The request with `ReturnConsumedCapacity`, and whether it was added here.
pub(super) fn ask(mut request: Request) -> (Request, bool) {
    let Ok(Value::Object(mut body)) = serde_json::from_slice(&request.body) else {
        return (request, false);
    };
    let asked = body.get("ReturnConsumedCapacity").and_then(Value::as_str).unwrap_or("NONE");
    if asked != "NONE" {
        return (request, false);
    }
    body.insert("ReturnConsumedCapacity".to_owned(), json!("TOTAL"));
    request.body = Value::Object(body).to_string().into();
    (request, true)
}

/// How many items a transaction names; 0 for other operations.
pub(super) fn transaction_items(operation: &str, request: &[u8]) -> usize {
    if !operation.starts_with("Transact") {
        return 0;
    }
    let body = serde_json::from_slice::<Value>(request).unwrap_or_default();
    body["TransactItems"].as_array().map_or(0, Vec::len)
}

/// The units that the answer reports, as the sum of all tables and indexes.
pub(super) fn consumed(operation: &str, transaction_items: usize, reply: &Reply) -> Units {
    let Reply::Answer(status, _, body) = reply else {
        return Units::default();
    };
    let body = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let reported = match &body["ConsumedCapacity"] {
        Value::Array(tables) => tables.iter().filter_map(|table| table["CapacityUnits"].as_f64()).sum(),
        one => one["CapacityUnits"].as_f64().unwrap_or_default(),
    };
    let units = match reported {
        0.0 if !status.is_success() => refused(&body, transaction_items),
        // A batch that did nothing reports no units. A batch that did something also reports the units of its failed
        // statements.
        0.0 => refused_statements(&body),
        _ => reported,
    };
    match operation {
        "GetItem" | "BatchGetItem" | "Query" | "Scan" | "TransactGetItems" => Units { read: units, write: 0.0 },
        _ => Units { read: 0.0, write: units },
    }
}

/// The units of a write whose condition failed. AWS charges it by the size of the stored item, but no answer tells the
/// size. So the item is counted as 1 KB or less: one unit, or two units for each item of a transaction.
fn refused(body: &Value, transaction_items: usize) -> f64 {
    let kind = body["__type"].as_str().and_then(|kind| kind.rsplit('#').next()).unwrap_or_default();
    let by_condition = body["CancellationReasons"]
        .as_array()
        .is_some_and(|reasons| reasons.iter().any(|reason| reason["Code"] == "ConditionalCheckFailed"));
    match kind {
        "ConditionalCheckFailedException" => 1.0,
        "TransactionCanceledException" if by_condition => 2.0 * transaction_items as f64,
        _ => 0.0,
    }
}

/// The units of a batch whose statements all failed.
fn refused_statements(body: &Value) -> f64 {
    let responses = body["Responses"].as_array().into_iter().flatten();
    let by_condition = |code: &Value| code == "DuplicateItem" || code == "ConditionalCheckFailed";
    responses.filter(|response| by_condition(&response["Error"]["Code"])).count() as f64
}

/// Removes `ConsumedCapacity` from an answer, if the caller did not ask for it.
pub(super) fn take_out(reply: &mut Reply) {
    change(reply, |body| {
        if let Some(body) = body.as_object_mut() {
            body.remove("ConsumedCapacity");
        }
    });
}

/// Changes an answer's JSON, and removes the headers that described the old bytes.
pub(super) fn change(reply: &mut Reply, change: impl FnOnce(&mut Value)) {
    let Reply::Answer(_, headers, bytes) = reply else {
        return;
    };
    let Ok(mut body) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    change(&mut body);
    headers.remove("content-length");
    headers.remove("x-amz-crc32");
    *bytes = Bytes::from(body.to_string());
}
