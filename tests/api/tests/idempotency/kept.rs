//! The calls that a key costs, and the answers that are kept under it after its user is erased.

use api::{dynamodb, options, own};
use local::stack::Options;
use reqwest::Method;
use serde_json::{Value, json};

use super::{key, patch};
use crate::{contract4, counts::calls};

#[tokio::test]
async fn a_key_costs_two_writes_more_and_a_replay_a_refused_put_and_a_read() {
    let (stack, client) = own(Options { concurrency: 1, ..options(&[]) }).await;
    let (id, path) = contract4::user(&client).await;
    let (token, key, body) = (contract4::own(&id), key(), json!({"theme": "dark"}));
    let first = calls(&client, async || drop(patch(&client, &path, &token, &key, &body).await)).await;
    assert_eq!((&first["PutItem"][0], &first["UpdateItem"][0], first.len()), (&json!(1), &json!(2), 2), "{first:?}");
    let again = calls(&client, async || drop(patch(&client, &path, &token, &key, &body).await)).await;
    // The read makes sure that an answer about an erased user is not replayed.
    let expected = (&json!(1), &json!([1, 1.0]), 2);
    assert_eq!((&again["PutItem"][0], &again["GetItem"], again.len()), expected, "{again:?}");
    stack.shutdown().await;
}

/// The index lags behind the table, so erasure may miss an answer that was kept just before.
#[tokio::test]
async fn an_answer_that_erasure_missed_is_not_replayed() {
    let (stack, client) = own(options(&[])).await;
    let admin = client.token("admin").await;
    let (id, path) = contract4::user(&client).await;
    let (key, body) = (key(), json!({"theme": "dark"}));
    let first = patch(&client, &path, &admin, &key, &body).await;
    assert_eq!(first.status.as_u16(), 200, "{}", first.text);
    let replayed = patch(&client, &path, &admin, &key, &body).await;
    assert_eq!((replayed.header("x-idempotency-replayed"), &replayed.text), ("true", &first.text));

    let kept = json!({
        "FilterExpression": "begins_with(pk, :kept)", "ExpressionAttributeValues": {":kept": {"S": "IDEMPOTENCY#"}},
    });
    let found = async || dynamodb(&stack, "Scan", kept.clone()).await["Items"].as_array().unwrap().clone();
    let missed = found().await;
    assert_eq!(missed.len(), 1, "{missed:?}");
    client.json(Method::DELETE, &format!("/api/v1/users/{id}"), &admin, &Value::Null).await;
    let left = found().await;
    assert!(left.len() == 1 && left[0].get("answer").is_none(), "erasure removes what it sees: {left:?}");
    dynamodb(&stack, "PutItem", json!({"Item": missed[0]})).await;
    contract4::refused(&patch(&client, &path, &admin, &key, &body).await, "idempotency_key_conflict", &json!([]));
    stack.shutdown().await;
}
