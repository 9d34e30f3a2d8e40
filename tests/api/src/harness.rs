//! Stacks. Most tests share one; a test that counts calls, makes services fail or sets parameters has its own.

use std::{collections::BTreeMap, sync::LazyLock};

use futures::{StreamExt, stream};
use local::stack::{Options, SharedStack, Stack};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::Client;

/// Options with short time-outs, so that a test which waits for a time-out does not wait long. Schedules fire only when
/// a test fires them: a tick in the middle of a test would be counted with its calls.
pub fn options(parameters: &[(&str, &str)]) -> Options {
    let defaults = [("DispatchTimeout", "2"), ("RetryBaseSeconds", "1")];
    let parameters: BTreeMap<_, _> =
        defaults.iter().chain(parameters).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Options { concurrency: 2, parameters, schedules: false, ..Options::default() }
}

/// The stack that most tests share. A test must change nothing there that another test could notice.
pub fn shared() -> Client {
    static STACK: LazyLock<SharedStack> = LazyLock::new(|| {
        SharedStack::start(options(&[])).unwrap_or_else(|error| panic!("the stack does not start: {error}"))
    });
    Client::new(STACK.url())
}

/// The namespace from which the stack derives ids.
pub fn namespace(stack: &Stack) -> Uuid {
    let functions = &stack.template().functions;
    let notifications = functions.iter().find(|function| function.binary == "notifications");
    let namespace = notifications.and_then(|function| function.environment.get("USER_NAMESPACE"));
    namespace.and_then(|namespace| namespace.parse().ok()).expect("a namespace in the template")
}

/// Sends one call about the stack's table directly to the emulated DynamoDB. The call goes through neither the product
/// nor the proxy.
pub async fn dynamodb(stack: &Stack, operation: &str, request: Value) -> Value {
    call_dynamodb(stack.dynamodb_proxy().direct_endpoint(), &stack.template().table.name, operation, request).await
}

/// Sends one call about `table` to the DynamoDB at `endpoint`. For `BatchWriteItem`, `request` is the list of the
/// table's requests.
pub async fn call_dynamodb(endpoint: &str, table: &str, operation: &str, mut request: Value) -> Value {
    match &mut request {
        Value::Object(request) => drop(request.insert("TableName".to_owned(), json!(table))),
        requests => request = json!({"RequestItems": {table: requests}}),
    }
    let call = reqwest::Client::new()
        .post(endpoint)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .header("authorization", "AWS4-HMAC-SHA256 Credential=local/20240101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
        .header("x-amz-date", "20240101T000000Z")
        .body(request.to_string());
    let answer = call.send().await.expect("an answer");
    let (status, text) = (answer.status(), answer.text().await.expect("a body"));
    assert!(status.is_success(), "{operation}: {text}");
    serde_json::from_str(&text).expect("JSON")
}

/// Puts many items into the stack's table, past the product and the proxy.
pub async fn put_all(stack: &Stack, items: &[Value]) {
    const AT_ONCE: usize = 4;
    let (endpoint, table) = (stack.dynamodb_proxy().direct_endpoint(), &stack.template().table.name);
    let put = |items: &[Value]| {
        let requests = items.iter().map(|item| json!({"PutRequest": {"Item": item}}));
        json!(requests.collect::<Vec<_>>())
    };
    let puts = items.chunks(25).map(async |items| call_dynamodb(endpoint, table, "BatchWriteItem", put(items)).await);
    stream::iter(puts).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
}

/// Starts a stack that only the calling test uses.
pub async fn own(options: Options) -> (Stack, Client) {
    let stack = Stack::start(options).await.unwrap_or_else(|error| panic!("the stack does not start: {error}"));
    let client = Client::new(stack.url());
    (stack, client)
}
