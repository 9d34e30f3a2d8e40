//! Providers that take only so many messages a second: all workers together keep the rate.

use std::time::Duration;

use api::{Client, dynamodb, eventually, options, own};
use local::{
    fidelity::CLOCK_SKEW,
    stack::{Options, Stack},
};
use reqwest::Method;
use serde_json::{Value, json};
use shared::{clock::Clock, domain::Timestamp};

use crate::{
    batches::{Batch, dispatch},
    counts,
    faults::{Recipient, each_got_one, faults, notify_all, queue_of, settled},
};

/// Gives the demo's channel for mail a rate. A worker that knows the channels already sees it up to a minute later.
async fn set_rate(client: &Client, per_second: f64) -> String {
    let id = client.demo().await["channels"]["email"].as_str().unwrap().to_owned();
    let body = json!({"provider": "email", "name": "Mail", "rate_per_second": per_second});
    let path = format!("/api/v1/channels/{id}");
    let set = client.json(Method::PUT, &path, &client.token("admin").await, &body).await;
    assert_eq!(set.status.as_u16(), 200, "{}", set.text);
    id
}

fn key(channel: &str) -> Value {
    json!({"pk": {"S": format!("RATE#{channel}")}, "sk": {"S": "RATE"}})
}

/// Writes the schedule of a channel's rate: the time until its next slot, and until the next place in its line.
async fn set_schedule(stack: &Stack, channel: &str, slot: Duration, place: Duration) {
    let now = Clock::system().now();
    let micros = |wait| json!({"N": (now.plus(wait).millis() * 1000).to_string()});
    let mut item = key(channel);
    (item["tat"], item["line"]) = (micros(slot), micros(place));
    dynamodb(stack, "PutItem", json!({"Item": item})).await;
}

async fn somebody_with_mail(client: &Client) -> Recipient {
    Recipient::new(client, &client.token("admin").await, "email").await
}

#[tokio::test]
async fn all_workers_together_keep_a_provider_s_rate_and_no_attempt_is_used_up() {
    const MAILS: usize = 24;
    const PER_SECOND: f64 = 4.0;
    let (stack, client) = own(options(&[("DispatchTimeout", "10")])).await;
    set_rate(&client, PER_SECOND).await;
    let mut recipients = Vec::new();
    for _ in 0..MAILS {
        recipients.push(somebody_with_mail(&client).await);
    }
    let ids = notify_all(&client, &recipients).await;
    let deliveries = settled(&client, &ids).await;
    let mut ends = Vec::new();
    for delivery in &deliveries {
        assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("sent"), &json!(1)), "{delivery}");
        ends.push(Timestamp::parse(delivery["at"].as_str().unwrap()).unwrap());
    }
    each_got_one(&client, &recipients).await;
    ends.sort();
    let took = ends[MAILS - 1].saturating_duration_since(ends[0]).as_secs_f64();
    // The first one's end may be recorded late, and the last one may be sent a little before its slot. A worker whose clock is
    // ahead takes slots for near that are not.
    let least = (MAILS - 1) as f64 / PER_SECOND - 1.0 - CLOCK_SKEW.as_secs_f64();
    assert!(took >= least, "{MAILS} mails took {took} s, and the rate allows no less than {least}");
    client.is_drained().await;
    stack.shutdown().await;
}

#[tokio::test]
async fn a_rate_costs_one_write_a_batch_and_who_waits_is_sent_anew_by_one_call() {
    let (stack, client) = own(Options { concurrency: 1, ..options(&[("DispatchTimeout", "10")]) }).await;
    let channel = set_rate(&client, 10_000.0).await;
    let warm = Batch::plain(&stack, &client, 2).await;
    assert_eq!(dispatch(&stack, warm.messages(1)).await, Some(Vec::new()));

    // The same as without a rate, and one write that reserves the slots of all five mails.
    let batch = Batch::plain(&stack, &client, 10).await;
    let made = crate::batches::calls(&stack, &client, batch.messages(1)).await;
    let expected = json!({
        "BatchGetItem": [2, 30.0], "BatchExecuteStatement": [1, 10.0], "UpdateItem": [11, 11.0],
    });
    assert_eq!(json!(made), expected);

    // A slot far ahead, as if others had taken those before: the mails cost one write and one call of SQS, and no record.
    set_schedule(&stack, &channel, Duration::from_secs(30), Duration::ZERO).await;
    let waiting = Batch::plain(&stack, &client, 4).await;
    let made = counts::calls(&client, async || {
        assert_eq!(dispatch(&stack, waiting.messages(1)).await, Some(Vec::new()));
    })
    .await;
    // The worker believes that the next slot is now. The refusal tells it which one is.
    assert_eq!(made["UpdateItem"], json!([2 + 2, 4.0]), "two for the slots, two for the push messages: {made:?}");
    assert_eq!((&made["SendMessageBatch"], &made["BatchExecuteStatement"]), (&json!(1), &json!([1, 2.0])), "{made:?}");
    let statuses: Vec<Value> = waiting.deliveries(&client).await.iter().map(|one| one["status"].clone()).collect();
    assert_eq!(statuses, ["sent", "queued", "sent", "queued"]);
    stack.shutdown().await;
}

#[tokio::test]
async fn a_rate_that_is_set_anew_forgets_the_line_and_gives_no_slot_twice() {
    let (stack, client) = own(options(&[])).await;
    let channel = set_rate(&client, 14.0).await;
    set_schedule(&stack, &channel, Duration::from_secs(100_000), Duration::from_secs(200_000)).await;
    let stored = async || {
        let stored = dynamodb(&stack, "GetItem", json!({"Key": key(&channel), "ConsistentRead": true})).await;
        (stored["Item"]["tat"].clone(), stored["Item"]["line"].clone())
    };
    let (next, _) = stored().await;
    set_rate(&client, 50.0).await;
    assert_eq!(stored().await, (next, Value::Null));
    stack.shutdown().await;
}

#[tokio::test]
async fn who_would_have_a_turn_only_after_the_notification_s_end_is_given_up_now() {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let (stack, client) = own(options(&[("NotificationRetentionDays", "2"), ("DispatchTimeout", "10")])).await;
    let channel = set_rate(&client, 14.0).await;
    for (line, expected) in [(DAY, ("held", "rate_limited")), (3 * DAY, ("dead_lettered", "provider_unavailable"))] {
        set_schedule(&stack, &channel, Duration::from_secs(59), line).await;
        let recipient = somebody_with_mail(&client).await;
        let id = client.notify(&recipient.notification()).await;
        let data = client.notification_when(&id, |data| data["deliveries"][0]["trace"].is_array()).await;
        let delivery = &data["deliveries"][0];
        let seen = (delivery["status"].as_str(), delivery["reason"].as_str(), delivery["attempts"].as_u64());
        assert_eq!(seen, (Some(expected.0), Some(expected.1), Some(0)), "{delivery}");
        let trace = delivery["trace"].to_string();
        assert!(trace.contains("within_rate") && trace.contains("its turn comes about"), "{trace}");
    }
    client.queues_empty().await;
    assert_eq!(client.dead_letters().await.len(), 1);
    stack.shutdown().await;
}

#[tokio::test]
async fn a_message_that_comes_back_for_another_reason_keeps_its_place_in_the_line() {
    let (stack, client) = own(options(&[("DispatchTimeout", "10"), ("RetryBaseSeconds", "1")])).await;
    set_rate(&client, 14.0).await;
    let recipient = somebody_with_mail(&client).await;
    let down = json!({"dynamodb": [{"caller": "dispatch", "operation": "BatchGetItem", "kind": "error"}]});
    faults(&client, down).await;
    client.json(Method::DELETE, "/_local/transcript", "", &Value::Null).await;
    let id = client.notify(&recipient.notification()).await;
    // As if it had come before, and had got a place.
    let place = (Clock::system().now().millis() * 1000 + 77).to_string();
    let turn = ("turn", format!("place {place}"));
    stack.sqs().send_with(&queue_of(&stack, "email"), &recipient.message(&id), turn).await.unwrap();
    eventually(async || {
        let transcript = client.get("/_local/transcript", "").await.text;
        transcript.contains(&format!("place {place}")).then_some(())
    })
    .await;
    faults(&client, json!({})).await;
    client.settled(&id).await;
    client.is_drained().await;
    each_got_one(&client, &[recipient]).await;
    stack.shutdown().await;
}
