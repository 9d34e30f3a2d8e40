//! Pauses: `/api/v1/pauses`, and what they do to deliveries.

mod costs;
mod effects;
mod races;
mod requests;

use std::time::Duration;

use api::{Answer, Client, dynamodb, options, own};
use local::stack::{Options, Stack};
use reqwest::Method;
use serde_json::{Value, json};
use shared::{clock::Clock, domain::Timestamp};

use crate::faults::Recipient;

const PAUSES: &str = "/api/v1/pauses";

/// A stack with one process per function.
async fn stack() -> (Stack, Client) {
    own(Options { concurrency: 1, ..options(&[("DispatchTimeout", "10")]) }).await
}

async fn somebody(client: &Client) -> Recipient {
    Recipient::new(client, &client.token("admin").await, "push").await
}

fn path(what: &str) -> String {
    format!("{PAUSES}/{what}")
}

async fn by_admin(client: &Client, method: Method, what: &str, body: Value) -> Answer {
    client.json(method, &path(what), &client.token("admin").await, &body).await
}

/// Pauses something that is not paused, and lets the worker know it at once: its process is replaced, so that it has no pauses that
/// are up to a minute old.
async fn pause(stack: &Stack, client: &Client, what: &str, body: Value) {
    let answer = by_admin(client, Method::PUT, what, body).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text);
    forget(stack).await;
}

/// Resumes something, and lets the worker know it at once.
async fn resume(stack: &Stack, client: &Client, what: &str) {
    let answer = by_admin(client, Method::DELETE, what, Value::Null).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
    forget(stack).await;
}

async fn forget(stack: &Stack) {
    stack.function("dispatch").expect("the worker").replace().await;
}

fn ahead(duration: Duration) -> Timestamp {
    Clock::system().now().plus(duration)
}

/// Fires the schedule. Returns the number of deliveries that it released.
async fn tick(client: &Client) -> u64 {
    client.tick().await
}

/// Waits until a pause holds the notification's only delivery. Returns the delivery.
async fn paused(client: &Client, id: &str) -> Value {
    let is_held = |data: &Value| data["deliveries"][0]["status"] == "held";
    let delivery = client.notification_when(id, is_held).await["deliveries"][0].clone();
    assert_eq!((&delivery["reason"], &delivery["attempts"]), (&json!("paused"), &json!(0)), "{delivery}");
    delivery
}

/// What the trace of a delivery says last.
fn said(delivery: &Value) -> Value {
    delivery["trace"].as_array().expect("a trace").last().expect("a step").clone()
}

#[track_caller]
fn is(data: &Value, status: &str, reason: Value) {
    let delivery = &data["deliveries"][0];
    assert_eq!((&delivery["status"], &delivery["reason"]), (&json!(status), &reason), "{data}");
}

/// The stored record of the notification's delivery by push.
async fn record(stack: &Stack, id: &str) -> Value {
    let key = json!({"pk": {"S": format!("NOTIFICATION#{id}")}, "sk": {"S": "DELIVERY#push"}});
    dynamodb(stack, "GetItem", json!({"Key": key})).await["Item"].clone()
}
