//! Counts the calls of every operation of the API, in a new process and in a warm one.

use reqwest::Method;
use serde_json::Value;

use super::cast::Cast;
use super::{CHANGE, EVERY, requests};
use crate::harness::{Counts, Request};
use crate::section::{Fault, Section};
use crate::table::Table;

/// An operation of the API's document.
struct Operation {
    id: String,
    method: String,
    path: String,
}

/// Adds the table of all operations.
pub async fn count(section: &mut Section) -> Result<(), Fault> {
    let cast = Cast::new().await?;
    let operations = operations(&cast).await?;
    let mut table = Table::new(
        "Every operation of the API",
        &["operation", "DynamoDB", "read units", "write units", "SQS", "bytes to the table", "first in a process"],
    );
    let mut uncounted = Vec::new();
    for operation in &operations {
        let request = format!("`{} {}`", operation.method.to_uppercase(), operation.path);
        let counts = both(&cast, &operation.id).await.map_err(|error| format!("{}: {error}", operation.id))?;
        let Some((first, warm)) = counts else {
            uncounted.push(operation.id.clone());
            continue;
        };
        if operation.id == "setChannelPreferences" {
            let total = warm.table();
            let figure = format!("{} call, {} write unit, {} read", total.calls, total.write, total.read);
            section.measured(&CHANGE, figure, (total.calls, total.write, total.read) == (1, 1.0, 0.0));
        }
        table.row(row(request, &first, &warm));
    }
    let counted = operations.len() - uncounted.len();
    let figure = match uncounted.as_slice() {
        [] => format!("{counted} of {}", operations.len()),
        missing => format!("{counted} of {}; not {}", operations.len(), missing.join(", ")),
    };
    section.measured(&EVERY, figure, uncounted.is_empty() && counted > 0);
    section.tables.push(table.note(
        "Warm: the process has answered the same request before. The last column is what a process calls whose caches \
         are empty, where that is something else: keys, channels and templates are kept for a minute, security settings \
         for five. A new user of contract 1 is a transaction, since it claims the address.",
    ));
    cast.world.shutdown().await;
    Ok(())
}

/// All operations of the running stack's document, so that none is forgotten.
async fn operations(cast: &Cast) -> Result<Vec<Operation>, Fault> {
    let document = cast.world.expect(200, Request::new(Method::GET, "/openapi.json")).await?.json();
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            if let Some(id) = operation["operationId"].as_str() {
                found.push(Operation { id: id.to_owned(), method: method.clone(), path: path.clone() });
            }
        }
    }
    Ok(found)
}

/// The counts in a new process and in a warm one; `None` if the benchmarks have no request for the operation.
async fn both(cast: &Cast, operation: &str) -> Result<Option<(Counts, Counts)>, Fault> {
    let Some((function, request)) = requests::of(cast, operation).await? else { return Ok(None) };
    let pool = cast.world.stack.function(function).ok_or_else(|| format!("there is no function {function}"))?;
    pool.kill().await;
    let first = once(cast, function, request).await?;
    // This prepares the data again, because deleted data cannot be deleted a second time.
    let Some((_, request)) = requests::of(cast, operation).await? else { return Ok(None) };
    let warm = once(cast, function, request).await?;
    Ok(Some((first, warm)))
}

async fn once(cast: &Cast, function: &str, request: Request) -> Result<Counts, Fault> {
    let what = format!("{request:?}");
    let (answer, counts) = cast.world.counted(function, async || cast.world.send(request).await).await?;
    if !answer.status.is_success() {
        return Err(format!("{what} was answered {}: {}", answer.status, answer.text).into());
    }
    Ok(counts)
}

fn row(request: String, first: &Counts, warm: &Counts) -> Vec<String> {
    let total = warm.table();
    let sqs = warm.queue().calls;
    let mut dynamodb = warm.clone();
    dynamodb.sqs.clear();
    let opening = if calls(first) == calls(warm) {
        String::new()
    } else {
        let total = first.table();
        format!("{}: {} read, {} write units", first.in_words(), units(total.read), units(total.write))
    };
    vec![
        request,
        dynamodb.in_words(),
        units(total.read),
        units(total.write),
        sqs.to_string(),
        total.sent.to_string(),
        opening,
    ]
}

/// The counts that are equal for equal requests. Bytes are left out, because numbers and dates differ in length.
fn calls(counts: &Counts) -> Vec<(&String, u64, String)> {
    let table = counts.dynamodb.iter().chain(&counts.sqs);
    table.map(|(name, one)| (name, one.calls, format!("{} {}", one.read, one.write))).collect()
}

/// Units as text, without a decimal place that is zero.
pub fn units(units: f64) -> String {
    format!("{units}")
}

/// A member of a JSON object that must be a text.
pub fn text(value: &Value, name: &str) -> Result<String, Fault> {
    value[name].as_str().map(str::to_owned).ok_or_else(|| format!("there is no {name} in an answer").into())
}
