//! Deliveries that wait for a time: `send_at` and quiet hours.

use std::time::Duration;

use api::{Client, dynamodb, eventually, options, own};
use local::{fidelity::CLOCK_SKEW, stack::Stack};
use reqwest::Method;
use serde_json::{Value, json};
use shared::{clock::Clock, domain::Timestamp};

use crate::faults::{Recipient, got, queue};

const HOUR: Duration = Duration::from_secs(60 * 60);
/// A delivery has only one attempt, so these tests fail if waiting counts as one.
const ONCE: (&str, &str) = ("MaxAttempts", "1");

/// A stack whose workers have enough time even on a slow machine.
async fn patient() -> (Stack, Client) {
    own(options(&[ONCE, ("DispatchTimeout", "10")])).await
}

async fn somebody(client: &Client) -> Recipient {
    Recipient::new(client, &client.token("admin").await, "push").await
}

fn ago(duration: Duration) -> Timestamp {
    Timestamp::from_millis(Clock::system().now().millis() - duration.as_millis() as i64)
}

async fn status(client: &Client, id: &str) -> Value {
    client.get(&format!("/api/v1/notifications/{id}"), &client.token("service").await).await.json()["data"].clone()
}

/// Sends a notification that is due in an hour, and waits until a worker has held it. Returns its id.
async fn due_in_an_hour(client: &Client, recipient: &Recipient) -> String {
    let mut body = recipient.notification();
    body["send_at"] = json!(Clock::system().now().plus(HOUR));
    let id = client.notify(&body).await;
    let data = client.notification_when(&id, |data| data["deliveries"][0]["trace"].is_array()).await;
    let delivery = &data["deliveries"][0];
    let seen = (&delivery["status"], &delivery["reason"], &delivery["held_until"], &delivery["attempts"]);
    assert_eq!(seen, (&json!("held"), &json!("not_yet_due"), &body["send_at"], &json!(0)), "{data}");
    id
}

fn key(id: &str, part: &str) -> Value {
    json!({"pk": {"S": format!("NOTIFICATION#{id}")}, "sk": {"S": part}})
}

/// The delivery's key in the index of held deliveries; null if the delivery is not in it.
async fn place(stack: &Stack, id: &str) -> Value {
    let item = dynamodb(stack, "GetItem", json!({"Key": key(id, "DELIVERY#push")})).await["Item"].clone();
    assert_eq!(item["owner"].is_null(), item["at"].is_null(), "{item}");
    item["at"]["S"].clone()
}

/// Moves the notification's `send_at` into the past, as if that time had come.
async fn time_passes(stack: &Stack, id: &str) {
    let past = json!({":b": {"N": ago(Duration::from_secs(1)).millis().to_string()}});
    let request = json!({
        "Key": key(id, "NOTIFICATION"), "UpdateExpression": "SET send_at = :b", "ExpressionAttributeValues": past,
    });
    dynamodb(stack, "UpdateItem", request).await;
    hold_ends(stack, id).await;
}

/// Moves the end of the delivery's hold into the past, as if that time had come.
async fn hold_ends(stack: &Stack, id: &str) {
    let (past, place) = (ago(Duration::from_secs(1)), place(stack, id).await);
    let (_, about) = place.as_str().expect("a place").split_once('#').expect("a time first");
    let request = json!({
        "Key": key(id, "DELIVERY#push"), "UpdateExpression": "SET #a = :a, held_until = :b",
        "ExpressionAttributeNames": {"#a": "at"},
        "ExpressionAttributeValues": {":a": {"S": format!("{past}#{about}")}, ":b": {"N": past.millis().to_string()}},
    });
    dynamodb(stack, "UpdateItem", request).await;
}

/// Fires the schedule. Returns the number of deliveries that it released.
async fn tick(client: &Client) -> u64 {
    client.tick().await
}

#[track_caller]
fn is(data: &Value, status: &str, reason: Value) {
    let delivery = &data["deliveries"][0];
    assert_eq!((&delivery["status"], &delivery["reason"]), (&json!(status), &reason), "{data}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_soon_is_held_and_sent_no_earlier_and_waiting_uses_up_nothing() {
    let (stack, client) = patient().await;
    let (one, early) = (somebody(&client).await, somebody(&client).await);
    let at = Clock::system().now().plus(Duration::from_secs(3) + CLOCK_SKEW);
    let mut ids = Vec::new();
    for recipient in [&one, &early] {
        let mut body = recipient.notification();
        body["send_at"] = json!(at);
        let id = client.notify(&body).await;
        let data = status(&client, &id).await;
        is(&data, "held", json!("not_yet_due"));
        assert_eq!((&data["deliveries"][0]["held_until"], &data["send_at"]), (&json!(at), &json!(at)));
        assert_eq!(data["deliveries"][0]["next_attempt_at"], json!(at));
        ids.push(id);
    }
    // The worker defers a message that arrives too early, each time that it arrives.
    for _ in 0..3 {
        stack.sqs().send(&queue(&stack), &early.message(&ids[1])).await.expect("sent");
    }
    for (id, recipient) in ids.iter().zip([&one, &early]) {
        let data = client.settled(id).await;
        is(&data, "sent", Value::Null);
        assert_eq!(data["deliveries"][0]["attempts"], 1, "{data}");
        let calls = &got(&client).await[&recipient.address];
        let sent = Timestamp::parse(calls[0]["at"].as_str().expect("a time")).expect("a time");
        // By the worker's own clock.
        assert!(sent >= at.minus(CLOCK_SKEW), "due at {at}, sent at {sent}");
    }
    client.is_drained().await;
    let got = got(&client).await;
    assert_eq!((got[&one.address].len(), got[&early.address].len()), (1, 1));
    assert_eq!(place(&stack, &ids[1]).await, Value::Null, "the queue can wait for as long as that");
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_later_stands_in_the_index_until_a_tick_finds_its_time_near_and_once() {
    let (stack, client) = patient().await;
    let recipient = somebody(&client).await;
    let id = due_in_an_hour(&client, &recipient).await;
    client.is_drained().await;
    assert_eq!(tick(&client).await, 0, "an hour is far away");
    time_passes(&stack, &id).await;
    assert_eq!(tick(&client).await, 1);
    let data = client.settled(&id).await;
    is(&data, "sent", Value::Null);
    assert_eq!(data["deliveries"][0]["attempts"], 1);
    assert_eq!(place(&stack, &id).await, Value::Null);
    assert_eq!(tick(&client).await, 0);
    client.is_drained().await;
    assert_eq!(got(&client).await[&recipient.address].len(), 1);
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_while_it_is_held_is_honoured() {
    let (stack, client) = patient().await;
    let admin = client.token("admin").await;
    let mut held = Vec::new();
    for what in ["opt-out", "cancel", "expiry", "erasure", "nothing"] {
        let recipient = somebody(&client).await;
        let id = due_in_an_hour(&client, &recipient).await;
        held.push((what, id, recipient));
    }
    for (what, id, Recipient { user, .. }) in &held {
        let (path, notification) = (format!("/api/v1/users/{user}"), format!("/api/v1/notifications/{id}"));
        let answer = match *what {
            "opt-out" => {
                let off = json!({"preferences": {"push": false}});
                client.json(Method::PUT, &format!("{path}/preferences"), &admin, &off).await
            }
            "cancel" => client.json(Method::DELETE, &notification, &admin, &Value::Null).await,
            "erasure" => client.json(Method::DELETE, &path, &admin, &Value::Null).await,
            "expiry" => {
                let past = json!({":b": {"N": ago(HOUR).millis().to_string()}});
                let request = json!({
                    "Key": key(id, "NOTIFICATION"), "UpdateExpression": "SET not_after = :b",
                    "ExpressionAttributeValues": past,
                });
                dynamodb(&stack, "UpdateItem", request).await;
                continue;
            }
            _ => continue,
        };
        assert!(answer.status.is_success(), "{what}: {}", answer.text);
    }
    for (what, id, _) in &held {
        if *what != "erasure" {
            time_passes(&stack, id).await;
        }
    }
    assert_eq!(tick(&client).await, 4, "of who is erased nothing is left");
    client.is_drained().await;
    for (what, id, recipient) in &held {
        let sent = got(&client).await.contains_key(&recipient.address);
        assert_eq!(sent, *what == "nothing", "{what}");
        match *what {
            "opt-out" => is(&client.settled(id).await, "skipped", json!("channel_off")),
            "cancel" => is(&client.settled(id).await, "cancelled", json!("cancelled")),
            "expiry" => is(&client.settled(id).await, "skipped", json!("expired")),
            "erasure" => assert_eq!(status(&client, id).await, Value::Null),
            _ => is(&client.settled(id).await, "sent", Value::Null),
        }
    }
    stack.shutdown().await;
}

/// The time of day in UTC, this number of hours from now.
fn clock(hours: i64) -> String {
    let minutes = (Clock::system().now().seconds() / 60 + hours * 60).rem_euclid(24 * 60);
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

#[tokio::test(flavor = "multi_thread")]
async fn in_quiet_hours_only_what_is_critical_passes_and_the_rest_waits_for_their_end() {
    let (stack, client) = patient().await;
    let (recipient, admin) = (somebody(&client).await, client.token("admin").await);
    let path = format!("/api/v1/users/{}/quiet-hours", recipient.user);
    let hours = json!({"start": clock(-2), "end": clock(2)});
    assert_eq!(client.json(Method::PUT, &path, &admin, &hours).await.status.as_u16(), 200);
    let held = async || {
        let id = client.notify(&recipient.notification()).await;
        let data = client.notification_when(&id, |data| data["deliveries"][0]["trace"].is_array()).await;
        is(&data, "held", json!("quiet_hours"));
        let until = Timestamp::parse(data["deliveries"][0]["held_until"].as_str().expect("a time")).expect("a time");
        let wait = until.saturating_duration_since(Clock::system().now());
        // The hold ends on a full minute, whatever the second is now.
        assert!(wait > HOUR && wait <= 2 * HOUR, "{wait:?}");
        assert_eq!(until.seconds() % 60, 0, "{data}");
        id
    };
    let (kept, cancelled) = (held().await, held().await);
    let mut critical = recipient.notification();
    critical["critical"] = json!(true);
    is(&client.settled(&client.notify(&critical).await).await, "sent", Value::Null);
    let cancel = client.json(Method::DELETE, &format!("/api/v1/notifications/{cancelled}"), &admin, &Value::Null).await;
    assert_eq!(cancel.json()["message"], "Notification cancelled", "{}", cancel.text);

    // By the record the hold is over, but it is still in the quiet hours: the delivery is held again.
    hold_ends(&stack, &kept).await;
    assert_eq!(tick(&client).await, 1);
    client.is_drained().await;
    eventually(async || place(&stack, &kept).await.is_string().then_some(())).await;
    is(&status(&client, &kept).await, "held", json!("quiet_hours"));

    assert_eq!(client.json(Method::DELETE, &path, &admin, &Value::Null).await.status.as_u16(), 204);
    hold_ends(&stack, &kept).await;
    assert_eq!(tick(&client).await, 1);
    let data = client.settled(&kept).await;
    is(&data, "sent", Value::Null);
    assert_eq!(data["deliveries"][0]["attempts"], 1);
    is(&status(&client, &cancelled).await, "cancelled", json!("cancelled"));
    client.is_drained().await;
    assert_eq!(got(&client).await[&recipient.address].len(), 2, "the critical one, and the one that waited");
    stack.shutdown().await;
}

#[tokio::test]
async fn what_is_accepted_for_an_erased_user_is_emptied_also_while_it_waits() {
    let (stack, client) = patient().await;
    let recipient = somebody(&client).await;
    let path = format!("/api/v1/users/{}", recipient.user);
    let erased = client.json(Method::DELETE, &path, &client.token("admin").await, &Value::Null).await;
    assert_eq!(erased.status.as_u16(), 204, "{}", erased.text);
    let id = due_in_an_hour(&client, &recipient).await;
    let item = dynamodb(&stack, "GetItem", json!({"Key": key(&id, "NOTIFICATION")})).await["Item"].clone();
    assert_eq!(item["content"]["S"], r#"{"inline":{"body":""}}"#, "{item}");
    stack.shutdown().await;
}
