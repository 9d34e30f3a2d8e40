//! `DELETE /api/v1/notifications/{id}`.

use std::time::Duration;

use api::{Answer, Client, eventually, forbidden, options, own, shared};
use local::stack::Options;
use reqwest::Method;
use serde_json::{Value, json};

use super::{recipient, retrying};
use crate::faults::{answers, got};

const NOTIFICATIONS: &str = "/api/v1/notifications";

async fn cancel_by(client: &Client, who: &str, id: &str) -> Answer {
    let token = if who.is_empty() { String::new() } else { client.token(who).await };
    client.json(Method::DELETE, &format!("{NOTIFICATIONS}/{id}"), &token, &Value::Null).await
}

/// Asserts that the answer shows the notification as cancelled on its one channel, after this number of attempts.
#[track_caller]
fn is_cancelled(answer: &Answer, attempts: u64) {
    let body = answer.json();
    assert_eq!((answer.status.as_u16(), &body["message"]), (200, &json!("Notification cancelled")), "{}", answer.text);
    let (data, delivery) = (&body["data"], &body["data"]["deliveries"][0]);
    assert_eq!((&data["status"], &delivery["status"]), (&json!("cancelled"), &json!("cancelled")), "{data}");
    assert_eq!((&delivery["reason"], &delivery["attempts"]), (&json!("cancelled"), &json!(attempts)), "{data}");
    assert!(data["cancelled_at"].is_string(), "{data}");
}

#[tokio::test]
async fn what_no_worker_has_looked_at_is_never_sent_and_cancelling_twice_is_answered_alike() {
    let (stack, client) = own(Options { concurrency: 1, ..options(&[("DispatchTimeout", "5")]) }).await;
    let (before, unlucky) = (recipient(&client, "push").await, recipient(&client, "push").await);
    answers(&client, "fcm", json!([{"to": before.address, "delay_ms": 2500}])).await;
    client.notify(&before.notification()).await;
    eventually(async || got(&client).await.contains_key(&before.address).then_some(())).await;
    let id = client.notify(&unlucky.notification()).await;
    let first = cancel_by(&client, "service", &id).await;
    is_cancelled(&first, 0);
    assert_eq!(cancel_by(&client, "service", &id).await.json(), first.json());
    client.is_drained().await;
    assert_eq!(cancel_by(&client, "admin", &id).await.json(), first.json(), "also once its message has come");
    let read = client.get(&format!("{NOTIFICATIONS}/{id}"), &client.token("service").await).await;
    assert_eq!(read.json()["data"], first.json()["data"]);
    assert!(!got(&client).await.contains_key(&unlucky.address));
    stack.shutdown().await;
}

#[tokio::test]
async fn what_is_sent_cannot_be_taken_back() {
    let client = shared();
    let recipient = recipient(&client, "push").await;
    let id = client.notify(&recipient.notification()).await;
    let sent = client.settled(&id).await["deliveries"].clone();
    for _ in 0..2 {
        let answer = cancel_by(&client, "service", &id).await;
        let body = answer.json();
        let told = (answer.status.as_u16(), &body["message"], &body["data"]["status"]);
        assert_eq!(told, (200, &json!("Nothing was left to cancel"), &json!("sent")), "{}", answer.text);
        assert_eq!(body["data"]["deliveries"], sent);
    }
}

#[tokio::test]
async fn no_attempt_follows_on_a_cancelled_notification() {
    let (stack, client) = own(options(&[])).await;
    let recipient = recipient(&client, "push").await;
    let id = retrying(&client, &recipient, &recipient.notification(), Duration::from_secs(2)).await;
    is_cancelled(&cancel_by(&client, "service", &id).await, 1);
    client.is_drained().await;
    assert_eq!(got(&client).await[&recipient.address].len(), 1);
    assert_eq!(client.settled(&id).await["status"], "cancelled");
    stack.shutdown().await;
}

#[tokio::test]
async fn a_channel_that_was_sent_stays_so_while_another_is_cancelled() {
    let (stack, client) = own(options(&[])).await;
    let recipient = recipient(&client, "push").await;
    let body = json!({"user_id": recipient.user, "content": {"body": "x"}});
    let answer = json!({"to": recipient.address, "status": 503, "headers": {"retry-after": "2"}});
    answers(&client, "fcm", json!([answer])).await;
    let id = client.notify(&body).await;
    let of = |data: &Value| data["deliveries"].as_array().unwrap().iter().map(|d| d["status"].clone()).collect();
    let reached = |data: &Value| -> Vec<Value> { of(data) };
    client.notification_when(&id, |data| reached(data) == ["sent", "retrying", "skipped"]).await;
    let answer = cancel_by(&client, "service", &id).await;
    assert_eq!(answer.json()["message"], "Notification cancelled");
    assert_eq!(reached(&answer.json()["data"]), ["sent", "cancelled", "skipped"]);
    client.is_drained().await;
    stack.shutdown().await;
}

#[tokio::test]
async fn what_gave_up_can_be_cancelled_and_is_not_redriven() {
    let (stack, client) = own(options(&[("MaxAttempts", "1")])).await;
    let recipient = recipient(&client, "push").await;
    answers(&client, "fcm", json!([{"status": 503}])).await;
    let id = client.notify(&recipient.notification()).await;
    eventually(async || client.dead_letters().await.pop()).await;
    is_cancelled(&cancel_by(&client, "admin", &id).await, 1);
    let admin = client.token("admin").await;
    let redrive = "/api/v1/dead-letters/redrive";
    let redriven = client.json(Method::POST, redrive, &admin, &json!({"all": true})).await;
    redriven.is(202, json!({"redriven": 0, "already_done": 1, "not_found": [], "has_more": false}));
    client.is_drained().await;
    assert_eq!(got(&client).await[&recipient.address].len(), 1);
    stack.shutdown().await;
}

#[tokio::test]
async fn only_senders_and_operators_cancel_and_what_is_not_there_is_404() {
    let client = shared();
    let recipient = recipient(&client, "push").await;
    let id = client.notify(&recipient.notification()).await;
    client.settled(&id).await;
    let refused = forbidden("admin, service");
    for who in ["user", "broker", "photographer"] {
        cancel_by(&client, who, &id).await.is(403, refused.clone());
    }
    let own = super::own_token(&recipient.user);
    let by_recipient = client.json(Method::DELETE, &format!("{NOTIFICATIONS}/{id}"), &own, &Value::Null).await;
    by_recipient.is(403, refused);
    cancel_by(&client, "", &id).await.is(401, json!({"statusCode": 401, "message": "Unauthorized"}));
    let unknown = "00000000-0000-4000-8000-000000000009";
    let missing = json!({"statusCode": 404, "message": "Notification not found"});
    cancel_by(&client, "service", unknown).await.is(404, missing);
    let malformed = json!({"statusCode": 400, "message": "Validation failed", "errors": ["id must be a UUID"]});
    cancel_by(&client, "service", "7").await.is(400, malformed);
}
