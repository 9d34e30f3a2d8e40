//! What is kept, for how long, and what it costs.

use std::time::Duration;

use api::{options, own};
use local::{demo, stack::Options};
use reqwest::Method;
use serde_json::{Value, json};
use shared::{
    domain::{Timestamp, UserId},
    hash::sha256_hex,
    store::{Reservation, Reserved, SavedAnswer, Store},
};

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
    // The read makes sure that nothing of an erased user is replayed.
    let expected = (&json!(1), &json!([1, 1.0]), 2);
    assert_eq!((&again["PutItem"][0], &again["GetItem"], again.len()), expected, "{again:?}");
    stack.shutdown().await;
}

#[tokio::test]
async fn an_answer_is_kept_until_its_time_and_a_key_is_free_after_it() {
    let (stack, _) = own(options(&[])).await;
    let store: Store = demo::store(stack.emulators().dynamodb_endpoint(), &stack.template().table.name).unwrap();
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
    let store: Store = demo::store(stack.emulators().dynamodb_endpoint(), &stack.template().table.name).unwrap();
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
