//! Pauses: what waits is not in flight, and a provider's wish is honoured however long it is.

use std::time::Duration;

use api::{Client, dynamodb, options, own};
use local::{fidelity::CLOCK_SKEW, stack::Stack};
use reqwest::Method;
use serde_json::{Value, json};
use shared::{clock::Clock, domain::Timestamp};

use crate::faults::{Recipient, answers, faults, got, notify_all, queue, queue_of};

fn key(id: &str, channel: &str) -> Value {
    json!({"pk": {"S": format!("NOTIFICATION#{id}")}, "sk": {"S": format!("DELIVERY#{channel}")}})
}

async fn item(stack: &Stack, id: &str, channel: &str) -> Value {
    dynamodb(stack, "GetItem", json!({"Key": key(id, channel)})).await["Item"].clone()
}

fn a_second_ago() -> Timestamp {
    Clock::system().now().minus(Duration::from_secs(1))
}

/// Moves the end of a delivery's pause into the past, as if that time had come.
pub async fn pause_ends(stack: &Stack, id: &str, channel: &str) {
    let past = a_second_ago();
    let mut names = json!({"#b": "not_before"});
    let mut values = json!({":b": {"N": past.millis().to_string()}});
    let mut update = "SET #b = :b".to_owned();
    if let Some(place) = item(stack, id, channel).await["at"]["S"].as_str() {
        let (_, about) = place.split_once('#').expect("a time first");
        (names["#a"], values[":a"]) = (json!("at"), json!({"S": format!("{past}#{about}")}));
        update.push_str(", #a = :a");
    }
    let request = json!({
        "Key": key(id, channel), "UpdateExpression": update,
        "ExpressionAttributeNames": names, "ExpressionAttributeValues": values,
    });
    dynamodb(stack, "UpdateItem", request).await;
}

async fn retrying(client: &Client, id: &str) -> Value {
    client.notification_when(id, |data| data["status"] == "retrying").await["deliveries"][0].clone()
}

async fn somebody(client: &Client) -> Recipient {
    Recipient::new(client, &client.token("admin").await, "push").await
}

fn refusal(recipient: &Recipient, retry_after: u64) -> Value {
    json!({"to": recipient.address, "status": 503, "headers": {"retry-after": retry_after.to_string()}})
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_its_next_attempt_is_not_in_flight() {
    let (stack, client) = own(options(&[("DispatchTimeout", "10")])).await;
    let recipients = Recipient::many(&client, 60).await;
    let after = json!({"retry-after": "600"});
    for provider in ["fcm", "ses"] {
        answers(&client, provider, json!([{"status": 503, "headers": after, "always": true}])).await;
    }
    let ids = notify_all(&client, &recipients).await;
    for id in &ids {
        retrying(&client, id).await;
    }
    let counts = api::eventually(async || {
        let mut counts = stack.sqs().counts(&queue_of(&stack, "email")).await.unwrap();
        counts += stack.sqs().counts(&queue_of(&stack, "push")).await.unwrap();
        (counts.visible == 0 && counts.in_flight == 0).then_some(counts)
    })
    .await;
    assert_eq!(counts.delayed, 60, "each waits as a new message");
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_is_longer_than_a_message_can_wait_is_the_record_s_own() {
    let (stack, client) = own(options(&[("DispatchTimeout", "10")])).await;
    let recipient = somebody(&client).await;
    // Longer than the 15 minutes of a delay and than the 12 hours for which SQS can hide a message.
    answers(&client, "fcm", json!([refusal(&recipient, 50_000)])).await;
    let begun = Clock::system().now();
    let id = client.notify(&recipient.notification()).await;
    retrying(&client, &id).await;
    client.is_drained().await;
    let stored = item(&stack, &id, "push").await;
    let not_before: i64 = stored["not_before"]["N"].as_str().unwrap().parse().unwrap();
    assert!(
        not_before >= begun.millis() + 50_000_000
            && not_before <= Clock::system().now().plus(CLOCK_SKEW).millis() + 50_000_000
    );
    let place = stored["at"]["S"].as_str().unwrap();
    assert!(place.starts_with(&Timestamp::from_millis(not_before).to_string()), "{place}");
    let waits = client.notification_when(&id, |data| data["status"] == "retrying").await["deliveries"][0].clone();
    let next = json!(Timestamp::from_millis(not_before));
    assert_eq!((&waits["next_attempt_at"], &waits["held_until"]), (&next, &Value::Null), "{waits}");
    // A copy that comes earlier changes nothing, and does not wait.
    stack.sqs().send(&queue(&stack), &recipient.message(&id)).await.expect("sent");
    client.is_drained().await;
    let tick = async || client.tick().await;
    assert_eq!((tick().await, got(&client).await[&recipient.address].len()), (0, 1));
    pause_ends(&stack, &id, "push").await;
    assert_eq!(tick().await, 1);
    let delivery = client.settled(&id).await["deliveries"][0].clone();
    assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("sent"), &json!(2)));
    assert!(delivery["next_attempt_at"].is_null(), "{delivery}");
    assert!(item(&stack, &id, "push").await["at"].is_null(), "it is not listed any more");
    client.is_drained().await;
    stack.shutdown().await;
}

#[tokio::test]
async fn a_pause_beyond_the_notification_s_end_gives_up_now() {
    let (stack, client) = own(options(&[("NotificationRetentionDays", "1"), ("DispatchTimeout", "10")])).await;
    // The end is a day after the time at which one process has accepted it, and the pause begins by another one's clock.
    for asked in [86_400 + 2 * CLOCK_SKEW.as_secs(), u64::MAX] {
        let recipient = somebody(&client).await;
        answers(&client, "fcm", json!([refusal(&recipient, asked)])).await;
        let delivery = client.settled(&client.notify(&recipient.notification()).await).await["deliveries"][0].clone();
        let seen = (&delivery["status"], &delivery["reason"], &delivery["attempts"]);
        assert_eq!(seen, (&json!("dead_lettered"), &json!("provider_unavailable"), &json!(1)), "{asked}");
    }
    client.queues_empty().await;
    assert_eq!(client.dead_letters().await.len(), 2);
    stack.shutdown().await;
}

#[tokio::test]
async fn a_message_that_sqs_does_not_take_anew_waits_in_flight_instead() {
    let (stack, client) = own(options(&[("DispatchTimeout", "10")])).await;
    let recipient = somebody(&client).await;
    answers(&client, "fcm", json!([refusal(&recipient, 2)])).await;
    let down = json!({"sqs": [{"caller": "dispatch", "operation": "SendMessageBatch", "kind": "error"}]});
    faults(&client, down).await;
    let id = client.notify(&recipient.notification()).await;
    let delivery = client.settled(&id).await["deliveries"][0].clone();
    assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("sent"), &json!(2)));
    client.is_drained().await;
    stack.shutdown().await;
}

#[tokio::test]
async fn a_message_that_is_sent_anew_says_when_its_work_is_due() {
    let (stack, client) = own(options(&[("DispatchTimeout", "10")])).await;
    let recipient = somebody(&client).await;
    answers(&client, "fcm", json!([refusal(&recipient, 500)])).await;
    client.json(Method::DELETE, "/_local/transcript", "", &Value::Null).await;
    let id = client.notify(&recipient.notification()).await;
    retrying(&client, &id).await;
    let not_before = item(&stack, &id, "push").await["not_before"]["N"].clone();
    let due = api::eventually(async || {
        let transcript = client.get("/_local/transcript", "").await.text;
        let (_, rest) = transcript.split_once("StringValue").map(|(_, rest)| ((), rest.to_owned()))?;
        Some(rest.chars().take(40).collect::<String>())
    })
    .await;
    assert!(due.contains(not_before.as_str().unwrap()), "{due} {not_before}");
    stack.shutdown().await;
}
