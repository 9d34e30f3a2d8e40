//! The poller against the emulated SQS; the function is played by the test.

use serde_json::{Value, json};

use super::*;
use crate::emulators::Emulators;
use crate::pool::tests::played;
use crate::sqs::Counts;

async fn start(
    visibility: u32,
    source: QueueSource,
    reply: fn(Value) -> Result<Value, Value>,
) -> (Emulators, Sqs, Queue, Poller) {
    let emulators = Emulators::start(None).await.unwrap();
    let sqs = Sqs::new(emulators.sqs_endpoint(), "us-east-1");
    let create = sqs.client().create_queue().queue_name("q");
    let name = aws_sdk_sqs::types::QueueAttributeName::VisibilityTimeout;
    create.attributes(name, visibility.to_string()).send().await.unwrap();
    let queue = Queue {
        logical_id: "Queue".to_owned(),
        name: "q".to_owned(),
        // As the template says: at the proxy, wherever that is.
        url: "http://127.0.0.1:1/000000000000/q".to_owned(),
        arn: "arn:aws:sqs:us-east-1:000000000000:q".to_owned(),
        attributes: Default::default(),
    };
    let pool = Arc::new(played(2, reply).await);
    let poller = Poller::start(&sqs, &source, &queue, "us-east-1", &pool);
    (emulators, sqs, queue, poller)
}

fn source(batch_size: usize, window: Duration) -> QueueSource {
    QueueSource {
        queue: "Queue".to_owned(),
        batch_size,
        window,
        reports_batch_item_failures: true,
        maximum_concurrency: None,
    }
}

async fn send(sqs: &Sqs, queue: &Queue, bodies: &[&str]) {
    for body in bodies {
        let send = sqs.client().send_message().queue_url(&queue.url).message_body(*body);
        send.send().await.unwrap();
    }
}

async fn becomes(sqs: &Sqs, queue: &Queue, within: Duration, wanted: impl Fn(Counts) -> bool) -> Counts {
    let deadline = Instant::now() + within;
    loop {
        let counts = sqs.counts(&queue.url).await.unwrap();
        if wanted(counts) || Instant::now() > deadline {
            return counts;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Fails the records whose body is `bad`, the first time they are seen.
fn fail_bad_once(event: Value) -> Result<Value, Value> {
    let records = event["Records"].as_array().unwrap();
    let failed = records
        .iter()
        .filter(|record| record["body"] == "bad" && record["attributes"]["ApproximateReceiveCount"] == "1");
    let failed: Vec<_> = failed.map(|record| json!({"itemIdentifier": record["messageId"]})).collect();
    Ok(json!({"batchItemFailures": failed}))
}

#[tokio::test]
async fn what_is_done_is_deleted_and_what_failed_comes_back() {
    let (_emulators, sqs, queue, _poller) = start(2, source(10, Duration::ZERO), fail_bad_once).await;
    send(&sqs, &queue, &["good", "bad", "good"]).await;
    let held = Counts { in_flight: 1, ..Counts::default() };
    assert_eq!(becomes(&sqs, &queue, Duration::from_secs(2), |counts| counts == held).await, held);
    let none = Counts::default();
    assert_eq!(becomes(&sqs, &queue, Duration::from_secs(6), |counts| counts == none).await, none);
}

#[tokio::test]
async fn after_a_function_error_nothing_is_deleted() {
    let failing: fn(Value) -> Result<Value, Value> = |_| Err(json!({"errorType": "Oops"}));
    for reply in [failing, |_| Ok(json!({"batchItemFailures": [{"itemIdentifier": "unknown"}]}))] {
        let (_emulators, sqs, queue, _poller) = start(60, source(10, Duration::ZERO), reply).await;
        send(&sqs, &queue, &["one"]).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(sqs.counts(&queue.url).await.unwrap(), Counts { in_flight: 1, ..Counts::default() });
    }
}

/// Takes nothing but whole batches of 12; anything smaller fails.
fn only_twelve(event: Value) -> Result<Value, Value> {
    match event["Records"].as_array().map(Vec::len) {
        Some(12) => Ok(json!({})),
        other => Err(json!({"errorType": format!("{other:?}")})),
    }
}

#[tokio::test]
async fn a_batch_over_ten_is_gathered_within_the_window() {
    let mut wide = source(12, Duration::from_secs(5));
    wide.maximum_concurrency = Some(1);
    let (_emulators, sqs, queue, _poller) = start(60, wide, only_twelve).await;
    send(&sqs, &queue, &["x"; 12]).await;
    let none = Counts::default();
    assert_eq!(becomes(&sqs, &queue, Duration::from_secs(7), |counts| counts == none).await, none);
}
