//! Idempotency keys: a request that is repeated under the same key is done once, and gets the same answer.

mod bound;
mod dialects;
mod failures;
mod kept;
mod replays;

use api::{Answer, Client};
use reqwest::Method;
use serde_json::Value;
use uuid::Uuid;

pub async fn send(client: &Client, method: Method, path: &str, token: &str, key: (&str, &str), body: &Value) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json"), key];
    client.send(method, path, &headers, Some(body.to_string().into_bytes())).await
}

pub async fn patch(client: &Client, path: &str, token: &str, key: &str, body: &Value) -> Answer {
    send(client, Method::PATCH, path, token, ("x-idempotency-key", key), body).await
}

pub fn key() -> String {
    Uuid::new_v4().to_string()
}

#[track_caller]
pub fn is_replay(again: &Answer, first: &Answer) {
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    for header in ["content-type", "etag"] {
        assert_eq!(again.header(header), first.header(header));
    }
    assert_eq!((first.header("x-idempotency-replayed"), again.header("x-idempotency-replayed")), ("", "true"));
    assert!(!again.header("x-request-id").is_empty() && again.header("x-request-id") != first.header("x-request-id"));
}

pub async fn faults(client: &Client, faults: Value) {
    let set = client.json(Method::PUT, "/_local/faults", "", &faults).await;
    assert!(set.status.is_success(), "{}", set.text);
}
