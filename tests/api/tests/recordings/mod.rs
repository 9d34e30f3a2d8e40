//! Compares the answers of each operation, its calls to DynamoDB and SQS, and the items that it leaves in the table
//! with a recording in `tests/api/recordings`. `UPDATE_RECORDINGS=1` writes the recordings again.

mod exchange;
mod expression;
mod golden;
mod normal;
pub mod operations;
mod refusals;
pub mod requests;
mod runs;
pub mod stage;

use std::collections::BTreeSet;

use serde_json::json;

use exchange::Recording;
pub use golden::updates;
use operations::Operation;
use requests::Body;
use stage::Stage;

#[tokio::test]
async fn every_operation_does_what_was_recorded() {
    let stage = Stage::start().await;
    let mut differences = Vec::new();
    for operation in operations::all() {
        differences.extend(golden::compare(&operation.id, &record(&stage, &operation).await));
    }
    for run in runs::ALL {
        differences.extend(golden::compare(&format!("dispatch/{run}"), &runs::record(&stage, run).await));
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
    stage.stack.shutdown().await;
}

#[test]
fn there_is_a_recording_of_every_operation_and_no_other() {
    let operations = operations::all().into_iter().map(|operation| operation.id);
    let wanted: BTreeSet<_> = operations.chain(runs::ALL.map(|run| format!("dispatch/{run}"))).collect();
    // With `UPDATE_RECORDINGS=1` the files are being written at this moment.
    if !updates() {
        assert_eq!(golden::names(), wanted);
    }
    assert_eq!(wanted.len(), 132 + runs::ALL.len());
}

/// Records an operation: one success in a process that has just started, then all refusals, then requests under an
/// idempotency key.
async fn record(stage: &Stage, operation: &Operation) -> Vec<serde_json::Value> {
    let function = operation.function(&stage.stack);
    let mut recording = Recording::begin(stage, &operation.id, &function);
    let good = requests::good(stage, &operation.id).await;
    let spare = requests::good(stage, &operation.id).await;
    let keyed = requests::good(stage, &operation.id).await;
    let request = good.request(stage, operation).await;
    let refusals = refusals::all(stage, operation, &spare).await;
    let under_key = keyed.request(stage, operation).await;
    // The caches of a new process are empty, so the calls are the same in each run.
    stage.forget(&function).await;
    let answer = recording.exchange("success", &request).await;
    assert!(answer.status.as_u16() < 400, "{}: {} {}", operation.id, answer.status, answer.text);
    if operation.takes("IfNoneMatch") {
        let tag = answer.header("etag");
        recording.exchange("what is known already", &request.clone().header("if-none-match", tag)).await;
    }
    for (name, refusal) in refusals {
        recording.exchange(&name, &refusal).await;
    }
    if operation.takes("IdempotencyKey") {
        let first = under_key.header("idempotency-key", format!("\"key-{}\"", operation.id));
        recording.exchange("the first under a key", &first).await;
        recording.exchange("the same again", &first).await;
        let another = match keyed.body {
            Body::Json(mut body) => {
                body["unknown_field"] = json!(2);
                first.json(&body)
            }
            _ => first.bytes("text/plain", "another body"),
        };
        recording.exchange("another under the same key", &another).await;
    }
    stage.forget_keys().await;
    recording.exchanges()
}
