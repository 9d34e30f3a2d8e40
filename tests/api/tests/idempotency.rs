//! Idempotency keys: the same request under the same key is done once and answered alike.

use std::time::Duration;

use api::{Answer, Client, options, own, shared, unique_email};
use futures::future::join_all;
use local::{demo, stack::Options};
use reqwest::Method;
use serde_json::{Value, json};
use shared::{
    domain::{Timestamp, UserId},
    hash::sha256_hex,
    store::{Reservation, Reserved, SavedAnswer, Store},
};
use uuid::Uuid;

use crate::{contract4, counts::calls};

async fn send(client: &Client, method: Method, path: &str, token: &str, key: (&str, &str), body: &Value) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json"), key];
    client.send(method, path, &headers, Some(body.to_string().into_bytes())).await
}

async fn patch(client: &Client, path: &str, token: &str, key: &str, body: &Value) -> Answer {
    send(client, Method::PATCH, path, token, ("x-idempotency-key", key), body).await
}

fn key() -> String {
    Uuid::new_v4().to_string()
}

#[track_caller]
fn is_replay(again: &Answer, first: &Answer) {
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    for header in ["content-type", "etag"] {
        assert_eq!(again.header(header), first.header(header));
    }
    assert_eq!((first.header("x-idempotency-replayed"), again.header("x-idempotency-replayed")), ("", "true"));
    assert!(!again.header("x-request-id").is_empty() && again.header("x-request-id") != first.header("x-request-id"));
}

#[tokio::test]
async fn the_same_key_and_body_replays_the_first_answer_without_a_second_write() {
    let client = shared();
    let (id, path) = contract4::user(&client).await;
    let token = contract4::own(&id);
    for key in [key(), "01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned()] {
        let body = json!({"theme": "dark", "language": "de-at"});
        let first = patch(&client, &path, &token, &key, &body).await;
        first.is(200, contract4::with(json!({"theme": "dark", "language": "de-AT"})));
        // What came between is not undone by the replay, and not shown by it.
        contract4::patch(&client, &path, &token, &json!({"theme": "light"})).await;
        is_replay(&patch(&client, &path, &token, &key, &body).await, &first);
        is_replay(&patch(&client, &path, &token, &key.to_lowercase(), &body).await, &first);
        let read = client.get(&path, &token).await;
        assert_eq!((read.version(), &read.json()["theme"]), (first.version() + 1, &json!("light")));
    }
}

#[tokio::test]
async fn the_same_key_with_another_body_is_409_and_writes_nothing() {
    let client = shared();
    let (id, path) = contract4::user(&client).await;
    let (token, key) = (contract4::own(&id), key());
    patch(&client, &path, &token, &key, &json!({"theme": "dark"})).await;
    let answer = patch(&client, &path, &token, &key, &json!({"theme": "light"})).await;
    contract4::refused(&answer, "idempotency_key_conflict", &json!([]));
    let read = client.get(&path, &token).await;
    assert_eq!((read.version(), &read.json()["theme"]), (2, &json!("dark")));
}

#[tokio::test]
async fn a_key_is_one_caller_s_on_one_route() {
    let client = shared();
    let (id, path) = contract4::user(&client).await;
    let (_, other) = contract4::user(&client).await;
    let (admin, key, body) = (client.token("admin").await, key(), json!({"theme": "dark"}));
    assert_eq!(patch(&client, &path, &contract4::own(&id), &key, &body).await.version(), 2);
    assert_eq!(patch(&client, &path, &admin, &key, &body).await.version(), 3);
    let elsewhere = patch(&client, &other, &admin, &key, &json!({"theme": "light"})).await;
    assert_eq!((elsewhere.status.as_u16(), elsewhere.version()), (200, 2));
    // Nobody gets an answer of a key that was another's.
    let stranger = contract4::token("someone", &["user"], &[]);
    contract4::refused(&patch(&client, &path, &stranger, &key, &body).await, "role_forbidden", &json!([]));
}

#[tokio::test]
async fn a_refused_request_frees_its_key() {
    let client = shared();
    let (id, path) = contract4::user(&client).await;
    let (token, key) = (contract4::own(&id), key());
    let wrong = patch(&client, &path, &token, &key, &json!({"theme": "blue"})).await;
    assert_eq!(wrong.status.as_u16(), 400);
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("x-idempotency-key", &key), ("if-match", "\"9\"")];
    let stale = client.send(Method::PATCH, &path, &headers, Some(br#"{"theme":"light"}"#.to_vec())).await;
    contract4::refused(&stale, "precondition_failed", &json!([]));
    let good = patch(&client, &path, &token, &key, &json!({"theme": "dark"})).await;
    assert_eq!((good.status.as_u16(), good.header("x-idempotency-replayed"), good.version()), (200, "", 2));
}

#[tokio::test]
async fn a_header_that_holds_no_key_is_told() {
    let client = shared();
    let (id, path) = contract4::user(&client).await;
    let (token, body) = (contract4::own(&id), json!({"theme": "dark"}));
    let message = "X-Idempotency-Key must be a UUID or a ULID";
    for bad in ["", "1", "not-a-uuid", "{123e4567-e89b-12d3-a456-426614174000}", "81ARZ3NDEKTSV4RRFFQ69G5FAV"] {
        let answer = patch(&client, &path, &token, bad, &body).await;
        contract4::refused(&answer, "validation_error", &json!([{"field": "X-Idempotency-Key", "message": message}]));
    }
    let message = "Idempotency-Key must be one key of 1 to 255 visible characters, bare or in double quotes";
    let long = "x".repeat(256);
    for bad in ["", "\"", "a b", "a,b", &long] {
        let answer = send(&client, Method::PATCH, &path, &token, ("idempotency-key", bad), &body).await;
        contract4::refused(&answer, "validation_error", &json!([{"field": "Idempotency-Key", "message": message}]));
        let answer =
            send(&client, Method::PUT, &path, &token, ("idempotency-key", bad), &json!({"preferences": {}})).await;
        answer.is(400, json!({"statusCode": 400, "message": "Validation failed", "errors": [message]}));
    }
    client.get(&path, &token).await.is(200, contract4::defaults());
}

#[tokio::test]
async fn contract_1_s_writes_take_a_key_quoted_or_bare() {
    let client = shared();
    let admin = client.token("admin").await;
    let bare = key();
    let quoted = format!("\"{bare}\"");
    let (bare, quoted) = (("idempotency-key", bare.as_str()), ("idempotency-key", quoted.as_str()));

    let body = json!({"name": "Once", "email": unique_email()});
    let first = send(&client, Method::POST, "/api/v1/users", &admin, bare, &body).await;
    assert_eq!(first.status.as_u16(), 201, "{}", first.text);
    is_replay(&send(&client, Method::POST, "/api/v1/users", &admin, quoted, &body).await, &first);
    let path = format!("/api/v1/users/{}", first.json()["id"].as_str().unwrap());

    let preferences = format!("{path}/preferences");
    for (path, one, other) in [
        (&path, json!({"name": "New"}), json!({"name": "Newer"})),
        (&preferences, json!({"preferences": {"email": false}}), json!({"preferences": {"email": true}})),
    ] {
        let first = send(&client, Method::PUT, path, &admin, quoted, &one).await;
        assert_eq!(first.status.as_u16(), 200, "{}", first.text);
        is_replay(&send(&client, Method::PUT, path, &admin, bare, &one).await, &first);
        let conflict = send(&client, Method::PUT, path, &admin, bare, &other).await;
        let message = "This idempotency key was used for another request";
        conflict.is(409, json!({"statusCode": 409, "message": message}));
    }
    let read = client.get(&path, &admin).await;
    assert_eq!((read.version(), &read.json()["name"]), (3, &json!("New")));

    let body = json!({"notification_type": "email", "user_id": first.json()["id"], "content": {"body": "x"}});
    let first = send(&client, Method::POST, "/api/v1/notifications", &admin, bare, &body).await;
    assert_eq!(first.status.as_u16(), 202, "{}", first.text);
    is_replay(&send(&client, Method::POST, "/api/v1/notifications", &admin, bare, &body).await, &first);

    let first = send(&client, Method::DELETE, &path, &admin, bare, &Value::Null).await;
    assert_eq!(first.status.as_u16(), 204);
    let again = send(&client, Method::DELETE, &path, &admin, bare, &Value::Null).await;
    assert_eq!((again.status.as_u16(), again.header("x-idempotency-replayed")), (204, "true"));
}

#[tokio::test]
async fn a_caller_without_a_token_has_keys_too() {
    let client = shared();
    let (_, path) = contract4::user(&client).await;
    let key = key();
    let headers = [("idempotency-key", key.as_str())];
    let put =
        async || client.send(Method::PUT, &path, &headers, Some(br#"{"preferences":{"sms":true}}"#.to_vec())).await;
    let first = put().await;
    assert_eq!((first.status.as_u16(), first.version()), (200, 2));
    is_replay(&put().await, &first);
}

#[tokio::test]
async fn erasure_leaves_nothing_to_replay() {
    let client = shared();
    let admin = client.token("admin").await;
    let key = key();
    let body = json!({"name": "Gone", "email": unique_email()});
    let created = send(&client, Method::POST, "/api/v1/users", &admin, ("idempotency-key", &key), &body).await;
    let id = created.json()["id"].as_str().unwrap().to_owned();
    let path = contract4::path(&id);
    let changed = patch(&client, &path, &admin, &key, &json!({"theme": "dark"})).await;
    assert_eq!((created.status.as_u16(), changed.status.as_u16()), (201, 200));

    client.json(Method::DELETE, &format!("/api/v1/users/{id}"), &admin, &Value::Null).await;
    let answer = patch(&client, &path, &admin, &key, &json!({"theme": "dark"})).await;
    contract4::refused(&answer, "user_not_found", &json!([]));
    let answer = patch(&client, &path, &contract4::own(&id), &key, &json!({"theme": "dark"})).await;
    contract4::refused(&answer, "auth_required", &json!([]));
    // The address is free again: the same request makes another user, and does not bring the first one's answer back.
    let again = send(&client, Method::POST, "/api/v1/users", &admin, ("idempotency-key", &key), &body).await;
    assert_eq!((again.status.as_u16(), again.header("x-idempotency-replayed")), (201, ""));
    assert_ne!(again.json()["id"], json!(id));
}

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

async fn faults(client: &Client, faults: Value) {
    let set = client.json(Method::PUT, "/_local/faults", "", &faults).await;
    assert!(set.status.is_success(), "{}", set.text);
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
    // Enough refusals to outlast the client's own retries.
    faults(&client, json!({"dynamodb": [{"operation": "UpdateItem", "kind": "throttle", "times": 3}]})).await;
    let refused = patch(&client, &path, &token, &key, &body).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (503, "1"), "{}", refused.text);
    assert_eq!(refused.json()["error"]["code"], "service_unavailable");
    let again = patch(&client, &path, &token, &key, &body).await;
    assert_eq!((again.status.as_u16(), again.version()), (200, 2), "{}", again.text);
    stack.shutdown().await;
}

#[tokio::test]
async fn a_key_costs_two_writes_more_and_a_replay_a_refused_put_and_a_read() {
    let (stack, client) = own(Options { concurrency: 1, ..options(&[]) }).await;
    let (id, path) = contract4::user(&client).await;
    let (token, key, body) = (contract4::own(&id), key(), json!({"theme": "dark"}));
    let first = calls(&client, async || drop(patch(&client, &path, &token, &key, &body).await)).await;
    assert_eq!((&first["PutItem"][0], &first["UpdateItem"][0], first.len()), (&json!(1), &json!(2), 2), "{first:?}");
    let again = calls(&client, async || drop(patch(&client, &path, &token, &key, &body).await)).await;
    // The read makes sure that nothing of an erased user is replayed.
    let expected = (&json!(1), &json!([1, 1.0]), 2);
    assert_eq!((&again["PutItem"][0], &again["GetItem"], again.len()), expected, "{again:?}");
    stack.shutdown().await;
}

#[tokio::test]
async fn an_answer_is_kept_until_its_time_and_a_key_is_free_after_it() {
    let (stack, _) = own(options(&[])).await;
    let store: Store = demo::store(stack.emulators().dynamodb_endpoint(), &stack.template().table.name);
    // Far ahead, so that nothing here has expired by the wall clock.
    let start = Timestamp::now().plus(Duration::from_secs(3600));
    let at = |seconds| start.plus(Duration::from_secs(seconds));
    let asked = |request: &str, until| Reservation::new("a-key".into(), request.into(), None, until);
    let first = asked("one", at(10));
    assert_eq!(store.reserve(&first, at(0)).await.unwrap(), Reserved::Started);
    assert_eq!(store.reserve(&asked("one", at(15)), at(5)).await.unwrap(), Reserved::Running);
    // The lease has run out: another may, and the first can neither keep its answer nor take the key away.
    let second = asked("two", at(30));
    assert_eq!(store.reserve(&second, at(20)).await.unwrap(), Reserved::Started);
    let answer = SavedAnswer { status: 200, headers: vec![("etag".into(), "\"2\"".into())], body: "{}".into() };
    assert!(!store.keep_answer(&first, &answer, at(99)).await.unwrap());
    store.release(&first).await.unwrap();
    assert!(store.keep_answer(&second, &answer, at(1000)).await.unwrap());
    assert_eq!(store.reserve(&asked("two", at(999)), at(999)).await.unwrap(), Reserved::Done(answer));
    assert_eq!(store.reserve(&asked("three", at(999)), at(999)).await.unwrap(), Reserved::Conflict);
    let third = asked("three", at(1010));
    assert_eq!(store.reserve(&third, at(1001)).await.unwrap(), Reserved::Started);
    store.release(&third).await.unwrap();
    assert_eq!(store.reserve(&asked("four", at(1020)), at(1002)).await.unwrap(), Reserved::Started);
    stack.shutdown().await;
}

/// The index lags behind the table: an answer may be kept that erasure did not see.
#[tokio::test]
async fn an_answer_that_erasure_missed_is_not_replayed() {
    let (stack, client) = own(options(&[])).await;
    let store: Store = demo::store(stack.emulators().dynamodb_endpoint(), &stack.template().table.name);
    let admin = client.token("admin").await;
    let (id, path) = contract4::user(&client).await;
    let (key, body) = (key(), json!({"theme": "dark"}));
    let parts = ["demo-admin", "PATCH", path.trim_start_matches('/'), &key].map(|part| sha256_hex(part.as_bytes()));
    let (hash, request) = (sha256_hex(parts.concat().as_bytes()), sha256_hex(body.to_string().as_bytes()));
    let keep = async || {
        let now = Timestamp::now();
        let later = now.plus(Duration::from_secs(60));
        let reservation = Reservation::new(hash.clone(), request.clone(), UserId::parse(&id), later);
        assert_eq!(store.reserve(&reservation, now).await.unwrap(), Reserved::Started);
        let answer = SavedAnswer { status: 200, headers: Vec::new(), body: "{\"private\":true}".into() };
        assert!(store.keep_answer(&reservation, &answer, later).await.unwrap());
    };
    keep().await;
    let replayed = patch(&client, &path, &admin, &key, &body).await;
    assert_eq!((replayed.status.as_u16(), replayed.text.as_str()), (200, "{\"private\":true}"));

    client.json(Method::DELETE, &format!("/api/v1/users/{id}"), &admin, &Value::Null).await;
    keep().await;
    contract4::refused(&patch(&client, &path, &admin, &key, &body).await, "user_not_found", &json!([]));
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
    // All is done but for the answer to be kept: that write is held, and the worker dies over it.
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
