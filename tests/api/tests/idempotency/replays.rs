//! The answers that are replayed, the callers who get them, and the requests that are refused.

use api::{shared, unique_email};
use reqwest::Method;
use serde_json::{Value, json};

use super::{is_replay, key, patch, send};
use crate::contract4;

#[tokio::test]
async fn the_same_key_and_body_replays_the_first_answer_without_a_second_write() {
    let client = shared();
    let (id, path) = contract4::user(&client).await;
    let token = contract4::own(&id);
    for key in [key(), "01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned()] {
        let body = json!({"theme": "dark", "language": "de-at"});
        let first = patch(&client, &path, &token, &key, &body).await;
        first.is(200, contract4::with(json!({"theme": "dark", "language": "de-AT"})));
        // A replay does not undo a change that came in between, and its answer does not show that change.
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
    // A caller does not get the answer that another caller's key holds.
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
    contract4::refused(&answer, "idempotency_key_conflict", &json!([]));
    let answer = patch(&client, &path, &contract4::own(&id), &key, &json!({"theme": "dark"})).await;
    contract4::refused(&answer, "auth_required", &json!([]));
    // The key stays, and the same request does not make the person again. Under another key it does.
    let create = async |key: &str| {
        send(&client, Method::POST, "/api/v1/users", &admin, ("idempotency-key", key), &body).await.status.as_u16()
    };
    assert_eq!((create(&key).await, create(&key).await, create(&super::key()).await), (409, 409, 201));
}

#[tokio::test]
async fn contract_4_takes_the_standard_header_too() {
    let client = shared();
    let (id, path) = contract4::user(&client).await;
    let (token, body) = (contract4::own(&id), json!({"theme": "dark"}));
    let patch = async || send(&client, Method::PATCH, &path, &token, ("idempotency-key", "\"any text\""), &body).await;
    let first = patch().await;
    assert_eq!(first.version(), 2, "{}", first.text);
    is_replay(&patch().await, &first);
}
