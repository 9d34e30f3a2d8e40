//! Concurrent requests under one key, workers that die, and a table that refuses calls. Each test has a stack of its
//! own.

use std::time::Duration;

use api::{options, own};
use futures::future::join_all;
use local::stack::Options;
use reqwest::Method;
use serde_json::{Value, json};

use super::{faults, is_replay, key, patch, send};
use crate::contract4;

#[tokio::test(flavor = "multi_thread")]
async fn twenty_at_once_with_one_key_are_one_write() {
    let (stack, client) = own(Options { concurrency: 4, ..options(&[]) }).await;
    let (id, path) = contract4::user(&client).await;
    let (token, key) = (contract4::own(&id), key());
    let body = json!({"theme": "dark"});
    let answers = join_all((0..20).map(|_| patch(&client, &path, &token, &key, &body))).await;
    let mut done = Vec::new();
    for answer in &answers {
        if answer.status.as_u16() == 409 {
            let error = &answer.json()["error"];
            assert_eq!(error["message"], "The first request with this idempotency key is still running");
            assert_eq!(answer.header("retry-after"), "1");
        } else {
            assert_eq!((answer.status.as_u16(), answer.version()), (200, 2), "{}", answer.text);
            done.push(answer.header("x-idempotency-replayed"));
        }
    }
    assert_eq!(done.iter().filter(|replayed| replayed.is_empty()).count(), 1, "{done:?}");
    assert_eq!(client.get(&path, &token).await.version(), 2);
    stack.shutdown().await;
}

#[tokio::test]
async fn while_the_first_is_running_the_same_key_is_409_with_retry_after() {
    let (stack, client) = own(options(&[])).await;
    let (id, path) = contract4::user(&client).await;
    let (token, key, body) = (contract4::own(&id), key(), json!({"theme": "dark"}));
    faults(&client, json!({"dynamodb": [{"operation": "UpdateItem", "kind": "delay", "delay_ms": 1500, "times": 1}]}))
        .await;
    let first = patch(&client, &path, &token, &key, &body);
    let second = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        patch(&client, &path, &token, &key, &body).await
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (200, 409), "{}", second.text);
    assert_eq!(
        (second.header("retry-after"), &second.json()["error"]["code"]),
        ("1", &json!("idempotency_key_conflict"))
    );
    is_replay(&patch(&client, &path, &token, &key, &body).await, &first);
    stack.shutdown().await;
}

#[tokio::test]
async fn a_worker_that_dies_leaves_a_key_that_frees_itself() {
    let (stack, client) = own(options(&[("HttpTimeout", "2")])).await;
    let (id, path) = contract4::user(&client).await;
    let (token, key, body) = (contract4::own(&id), key(), json!({"theme": "dark"}));
    faults(&client, json!({"dynamodb": [{"operation": "UpdateItem", "kind": "delay", "delay_ms": 1500, "times": 1}]}))
        .await;
    let kill = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        client.json(Method::POST, "/_local/functions/preferences/kill", "", &Value::Null).await
    };
    let (died, killed) = tokio::join!(patch(&client, &path, &token, &key, &body), kill);
    assert!(died.status.is_server_error(), "{}", died.text);
    assert!(!killed.json()["killed"].as_array().unwrap().is_empty(), "{}", killed.text);
    faults(&client, json!({})).await;

    let held = patch(&client, &path, &token, &key, &body).await;
    assert_eq!((held.status.as_u16(), held.header("retry-after")), (409, "1"), "{}", held.text);
    let freed = api::eventually(async || {
        let answer = patch(&client, &path, &token, &key, &body).await;
        Some(answer).filter(|answer| answer.status.as_u16() != 409)
    })
    .await;
    freed.is(200, contract4::with(json!({"theme": "dark"})));
    assert_eq!(freed.header("x-idempotency-replayed"), "");
    is_replay(&patch(&client, &path, &token, &key, &body).await, &freed);
    stack.shutdown().await;
}

#[tokio::test]
async fn what_the_table_refuses_frees_the_key_too() {
    let (stack, client) = own(options(&[])).await;
    let (id, path) = contract4::user(&client).await;
    let (token, key, body) = (contract4::own(&id), key(), json!({"theme": "dark"}));
    // More refusals than the SDK has retries.
    faults(&client, json!({"dynamodb": [{"operation": "UpdateItem", "kind": "throttle", "times": 3}]})).await;
    let refused = patch(&client, &path, &token, &key, &body).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (503, "1"), "{}", refused.text);
    assert_eq!(refused.json()["error"]["code"], "service_unavailable");
    let again = patch(&client, &path, &token, &key, &body).await;
    assert_eq!((again.status.as_u16(), again.version()), (200, 2), "{}", again.text);
    stack.shutdown().await;
}

#[tokio::test]
async fn a_notification_whose_acceptance_died_before_its_answer_was_kept_is_sent_once() {
    let (stack, client) = own(options(&[("HttpTimeout", "2"), ("DispatchTimeout", "5")])).await;
    let user = client.new_user(json!({})).await;
    let (service, key) = (client.token("service").await, key());
    let body = json!({"notification_type": "email", "user_id": user["id"], "content": {"body": "x"}});
    let post =
        async || send(&client, Method::POST, "/api/v1/notifications", &service, ("idempotency-key", &key), &body).await;
    // The request has done its work except to keep the answer. That write is delayed, and the worker dies during it.
    faults(&client, json!({"dynamodb": [{"operation": "UpdateItem", "kind": "delay", "delay_ms": 1000}]})).await;
    let kill = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        client.json(Method::POST, "/_local/functions/notifications/kill", "", &Value::Null).await
    };
    let (died, _) = tokio::join!(post(), kill);
    assert!(died.status.is_server_error(), "{}", died.text);
    faults(&client, json!({})).await;
    let email = user["email"].as_str().unwrap();
    api::eventually(async || (client.deliveries_to(email).await.len() == 1).then_some(())).await;

    let again = api::eventually(async || Some(post().await).filter(|answer| answer.status.as_u16() != 409)).await;
    assert_eq!(again.status.as_u16(), 202, "{}", again.text);
    client.settled(again.json()["data"]["notification_id"].as_str().unwrap()).await;
    client.is_drained().await;
    assert_eq!(client.deliveries_to(email).await.len(), 1);
    stack.shutdown().await;
}

/// Without its key, nobody could tell the user of a request that came twice from two users.
#[tokio::test]
async fn a_creation_whose_answer_was_not_kept_has_made_one_user_who_is_the_answer_to_the_same_request() {
    let (stack, client) = own(options(&[("HttpTimeout", "2")])).await;
    let (service, key, email) = (client.token("service").await, key(), api::unique_email());
    let body = json!({"name": "A User", "email": email});
    let post = async || send(&client, Method::POST, "/api/v1/users", &service, ("idempotency-key", &key), &body).await;
    faults(&client, json!({"dynamodb": [{"operation": "UpdateItem", "caller": "users", "kind": "throttle"}]})).await;
    let first = post().await;
    assert_eq!(first.status.as_u16(), 201, "{}", first.text);
    faults(&client, json!({})).await;
    let held = post().await;
    assert_eq!((held.status.as_u16(), held.header("retry-after")), (409, "1"), "{}", held.text);
    let freed =
        async || api::eventually(async || Some(post().await).filter(|it| it.header("retry-after") != "1")).await;
    let again = freed().await;
    assert_eq!((again.status.as_u16(), again.json()), (201, first.json()), "{}", again.text);
    is_replay(&post().await, &again);

    // Nobody who was erased is made anew by it.
    let (key, email) = (self::key(), api::unique_email());
    let body = json!({"name": "A User", "email": email});
    let post = async || send(&client, Method::POST, "/api/v1/users", &service, ("idempotency-key", &key), &body).await;
    faults(&client, json!({"dynamodb": [{"operation": "UpdateItem", "caller": "users", "kind": "throttle"}]})).await;
    let made = post().await.json();
    faults(&client, json!({})).await;
    let path = format!("/api/v1/users/{}", made["id"].as_str().unwrap());
    let erased = client.json(Method::DELETE, &path, &client.token("admin").await, &Value::Null).await;
    assert_eq!(erased.status.as_u16(), 204, "{}", erased.text);
    let again = api::eventually(async || Some(post().await).filter(|it| it.header("retry-after") != "1")).await;
    let message = "The user whom the first request with this Idempotency-Key has made was erased";
    again.is(409, json!({"statusCode": 409, "message": message}));
    stack.shutdown().await;
}
