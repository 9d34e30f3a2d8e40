//! Clocks that differ: `updated_at` never goes backwards, even if the process that wrote last has a fast clock.

use std::time::Duration;

use api::{Client, dynamodb, options, own};
use local::stack::Stack;
use reqwest::Method;
use serde_json::{Value, json};
use shared::{clock::Clock, domain::Timestamp};

/// A stack whose demo user was changed an hour in the future, as if by a process with a fast clock; that time, and the
/// user's path.
async fn ahead() -> (Stack, Client, Timestamp, String) {
    let (stack, client) = own(options(&[])).await;
    let id = client.demo().await["users"]["user"].as_str().unwrap().to_owned();
    let future = Clock::system().now().plus(Duration::from_secs(3600));
    let change = json!({
        "Key": {"pk": {"S": format!("USER#{id}")}, "sk": {"S": "USER"}},
        "UpdateExpression": "SET updated_at = :future ADD version :one",
        "ConditionExpression": "version = :one AND attribute_exists(updated_at)",
        "ExpressionAttributeValues": {":future": {"N": future.millis().to_string()}, ":one": {"N": "1"}},
    });
    dynamodb(&stack, "UpdateItem", change).await;
    client.json(Method::DELETE, "/_local/calls", "", &Value::Null).await;
    (stack, client, future, format!("/api/v1/users/{id}"))
}

#[tokio::test]
async fn updated_at_stays_with_the_faster_clock_and_costs_one_more_call() {
    let (stack, client, future, path) = ahead().await;
    let body = json!({"preferences": {"email": false}});
    let answer = client.json(Method::PUT, &format!("{path}/preferences"), "", &body).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    assert_eq!(answer.json()["updated_at"], future.to_string());
    assert_eq!((answer.version(), &answer.json()["preferences"]["email"]), (3, &json!(false)));
    let calls = client.get("/_local/calls", "").await.json();
    assert_eq!(calls["dynamodb"]["total"], 2, "{calls}");
    stack.shutdown().await;
}

#[tokio::test]
async fn an_address_moves_behind_a_faster_clock_too() {
    let (stack, client, future, path) = ahead().await;
    let admin = client.token("admin").await;
    let email = api::unique_email();
    let answer = client.json(Method::PUT, &path, &admin, &json!({"email": email})).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    assert_eq!((&answer.json()["email"], &answer.json()["updated_at"]), (&json!(email), &json!(future.to_string())));
    client.get(&path, &admin).await.is(200, answer.json());
    stack.shutdown().await;
}

#[tokio::test]
async fn channel_settings_are_never_older_than_what_was_there() {
    let (stack, client, future, _) = ahead().await;
    let demo = client.demo().await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let path =
        format!("/admin/users/{}/channel-settings/{}", text(&demo["users"]["user"]), text(&demo["channels"]["fcm"]));
    let (key, secret) = (text(&demo["notiflows"]["api_key"]), text(&demo["notiflows"]["secret_key"]));
    let keys = [("x-notiflows-api-key", key.as_str()), ("x-notiflows-secret-key", secret.as_str())];
    let body = br#"{"settings":{"device_tokens":["a"]}}"#.to_vec();
    let answer = client.send(Method::PUT, &path, &keys, Some(body)).await;
    assert_eq!(answer.json()["updated_at"], future.to_string(), "{}", answer.text);
    stack.shutdown().await;
}
