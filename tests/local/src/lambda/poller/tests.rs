//! Tests of the poller with the SQS emulator. The test plays the function.

use serde_json::{Value, json};

use super::*;
use crate::aws::emulators::Emulators;
use crate::aws::sqs::Counts;
use crate::lambda::pool::tests::played;

async fn start(
    visibility: u32,
    source: QueueSource,
    reply: fn(Value) -> Result<Value, Value>,
) -> (Emulators, Sqs, Queue, Poller, Batches) {
    let (emulators, sqs, queue, poller, batches, _) = limited(visibility, source, reply, Limits::NONE, None).await;
    (emulators, sqs, queue, poller, batches)
}

/// As `start`, for a function that has this much concurrency reserved.
async fn limited(
    visibility: u32,
    source: QueueSource,
    reply: fn(Value) -> Result<Value, Value>,
    limits: Limits,
    reserved: Option<usize>,
) -> (Emulators, Sqs, Queue, Poller, Batches, Arc<Pool>) {
    let emulators = Emulators::start(None).await.unwrap();
    let sqs = Sqs::new(emulators.sqs_endpoint());
    let queue = queue(&sqs, "q", visibility).await;
    let pool = Arc::new(played(2, reply).await);
    pool.reserve(reserved);
    let batches = Batches::default();
    let poller = Poller::start(&sqs, &source, &queue, "us-east-1", &pool, &batches, limits);
    (emulators, sqs, queue, poller, batches, pool)
}

async fn queue(sqs: &Sqs, name: &str, visibility: u32) -> Queue {
    let create = sqs.client().create_queue().queue_name(name);
    let timeout = aws_sdk_sqs::types::QueueAttributeName::VisibilityTimeout;
    create.attributes(timeout, visibility.to_string()).send().await.unwrap();
    Queue {
        logical_id: "Queue".to_owned(),
        name: name.to_owned(),
        // The URL names the proxy, as in the template. No proxy has this port.
        url: format!("http://127.0.0.1:1/000000000000/{name}"),
        arn: format!("arn:aws:sqs:us-east-1:000000000000:{name}"),
        attributes: Default::default(),
    }
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

/// Fails each record with the body `bad` the first time.
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
    let (_emulators, sqs, queue, _poller, batches) = start(2, source(10, Duration::ZERO), fail_bad_once).await;
    send(&sqs, &queue, &["good", "bad", "good"]).await;
    let held = Counts { in_flight: 1, ..Counts::default() };
    assert_eq!(becomes(&sqs, &queue, Duration::from_secs(2), |counts| counts == held).await, held);
    let none = Counts::default();
    assert_eq!(becomes(&sqs, &queue, Duration::from_secs(6), |counts| counts == none).await, none);
    let report = batches.report()["test"].clone();
    assert_eq!((&report["records"], &report["crashed"]), (&json!(4), &json!(0)), "one of three came twice: {report}");
    let times = report["reported"].as_object().unwrap().values().collect::<Vec<_>>();
    assert_eq!(times, [&json!(1)], "{report}");
}

#[tokio::test]
async fn after_a_function_error_nothing_is_deleted() {
    let failing: fn(Value) -> Result<Value, Value> = |_| Err(json!({"errorType": "Oops"}));
    for reply in [failing, |_| Ok(json!({"batchItemFailures": [{"itemIdentifier": "unknown"}]}))] {
        let (_emulators, sqs, queue, _poller, batches) = start(60, source(10, Duration::ZERO), reply).await;
        send(&sqs, &queue, &["one"]).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(sqs.counts(&queue.url).await.unwrap(), Counts { in_flight: 1, ..Counts::default() });
        let crashed = json!({"invocations": 1, "records": 1, "crashed": 1, "throttled": 0, "reported": {}});
        assert_eq!(batches.report()["test"], crashed);
    }
}

/// Accepts records of the queue `feedback`, and fails all others.
fn only_feedback(event: Value) -> Result<Value, Value> {
    let other = |record: &&Value| !record["eventSourceARN"].as_str().unwrap().ends_with(":feedback");
    let failed = event["Records"].as_array().unwrap().iter().filter(other);
    let failed: Vec<_> = failed.map(|record| json!({"itemIdentifier": record["messageId"]})).collect();
    Ok(json!({"batchItemFailures": failed}))
}

#[tokio::test]
async fn each_queue_of_a_function_has_a_mapping_of_its_own() {
    let emulators = Emulators::start(None).await.unwrap();
    let sqs = Sqs::new(emulators.sqs_endpoint());
    let pool = Arc::new(played(2, only_feedback).await);
    let batches = Batches::default();
    let queues = [queue(&sqs, "q", 60).await, queue(&sqs, "feedback", 60).await];
    let sources = [source(10, Duration::ZERO), source(1, Duration::ZERO)];
    let mut pollers = Vec::new();
    for (source, queue) in sources.iter().zip(&queues) {
        pollers.push(Poller::start(&sqs, source, queue, "us-east-1", &pool, &batches, Limits::NONE));
    }
    for queue in &queues {
        send(&sqs, queue, &["one", "two"]).await;
    }
    let kept = Counts { in_flight: 2, ..Counts::default() };
    for (queue, wanted) in queues.iter().zip([kept, Counts::default()]) {
        assert_eq!(becomes(&sqs, queue, Duration::from_secs(5), |counts| counts == wanted).await, wanted);
    }
    let report = batches.report()["test"].clone();
    assert_eq!(report["records"], 4);
    assert_eq!(report["reported"].as_object().unwrap().len(), 2);
}

/// Accepts only batches of 12 records, and fails smaller ones.
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
    let (_emulators, sqs, queue, _poller, _) = start(60, wide, only_twelve).await;
    send(&sqs, &queue, &["x"; 12]).await;
    let none = Counts::default();
    assert_eq!(becomes(&sqs, &queue, Duration::from_secs(7), |counts| counts == none).await, none);
}

/// Fails a record unless it was received twice at least.
fn only_the_second_receive(event: Value) -> Result<Value, Value> {
    let receives = &event["Records"][0]["attributes"]["ApproximateReceiveCount"];
    if receives == "1" { Err(json!({"errorType": "first"})) } else { Ok(json!({})) }
}

#[tokio::test]
async fn a_batch_that_lambda_throttles_comes_back_and_its_receive_counts() {
    let limits = Limits { throttles: true, ..Limits::NONE };
    let mut one = source(10, Duration::ZERO);
    one.maximum_concurrency = Some(1);
    let (_emulators, sqs, queue, _poller, batches, pool) =
        limited(1, one, only_the_second_receive, limits, Some(0)).await;
    send(&sqs, &queue, &["x"]).await;
    let throttled = async {
        while batches.report()["test"]["throttled"] == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), throttled).await.unwrap();
    assert_eq!(batches.report()["test"]["invocations"], 0, "the function was not invoked");
    pool.reserve(None);
    let none = Counts::default();
    assert_eq!(becomes(&sqs, &queue, Duration::from_secs(10), |counts| counts == none).await, none);
    assert_eq!(batches.report()["test"]["crashed"], 0, "what it got was received for the second time");
}

#[tokio::test]
async fn a_queue_with_too_many_messages_in_flight_gives_out_no_more() {
    let limits = Limits { in_flight: 1, ..Limits::NONE };
    let all_fail: fn(Value) -> Result<Value, Value> = |_| Err(json!({"errorType": "no"}));
    let mut one = source(1, Duration::ZERO);
    one.maximum_concurrency = Some(1);
    let (_emulators, sqs, queue, _poller, batches, _) = limited(4, one, all_fail, limits, None).await;
    send(&sqs, &queue, &["first", "second"]).await;
    let one_each = Counts { visible: 1, in_flight: 1, delayed: 0 };
    assert_eq!(becomes(&sqs, &queue, Duration::from_secs(5), |counts| counts == one_each).await, one_each);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(sqs.counts(&queue.url).await.unwrap(), one_each, "the second one waits for the first");
    assert_eq!(batches.report()["test"]["invocations"], 1);
}
