//! A table that throttles every fifth call, or many calls in a row: no message is lost, and none is sent twice.

use api::{eventually, options, own};
use futures::{StreamExt, stream};
use local::stack::Options;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Recipient, each_got_one, faults, settled, size};

const SEED: u64 = 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_throttles_every_fifth_call_loses_nothing_and_repeats_nothing() {
    each_is_sent_once(size(100, 1000), json!([])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_throttles_many_calls_in_a_row_loses_nothing_and_repeats_nothing() {
    let burst = |containing: &str, lacking: &[&str]| {
        json!({
            "caller": "dispatch", "kind": "throttle", "times": 60,
            "containing": [containing], "lacking": lacking,
        })
    };
    // The bursts are longer than all retries of the SDK. The first one is at the outcomes, the second at the claims.
    each_is_sent_once(40, json!([burst("recorded", &[]), burst("attempts", &["recorded"])])).await;
}

/// Sends `count` notifications while these faults are set and every fifth call is throttled too.
async fn each_is_sent_once(count: usize, bursts: Value) {
    // However often a message is received while the table refuses calls: the delivery has one attempt, and that one is left.
    let parameters = [("RetryMostSeconds", "1"), ("DispatchTimeout", "10"), ("MaxAttempts", "1")];
    let (stack, client) = own(Options { concurrency: 4, ..options(&parameters) }).await;
    let recipients = Recipient::many(&client, count).await;
    let service = client.token("service").await;
    let mut dynamodb = bursts.as_array().cloned().unwrap_or_default();
    dynamodb.push(json!({"kind": "throttle", "percent": 20, "seed": SEED}));
    faults(&client, json!({"dynamodb": dynamodb})).await;
    // A caller repeats the request until it is answered 202. The request id makes sure that there is one notification.
    let notify = async |recipient: &Recipient| {
        let mut body = recipient.notification();
        body["request_id"] = json!(recipient.user);
        let accepted = eventually(async || {
            let answer = client.json(Method::POST, "/api/v1/notifications", &service, &body).await;
            let status = answer.status.as_u16();
            assert!(status == 202 || status == 503 && answer.header("retry-after") == "1", "{}", answer.text);
            (status == 202).then_some(answer)
        });
        accepted.await.json()["data"]["notification_id"].as_str().expect("an id").to_owned()
    };
    let ids: Vec<_> = stream::iter(&recipients).map(notify).buffered(8).collect().await;
    client.queues_empty().await;
    let calls = client.get("/_local/calls", "").await.json();
    faults(&client, json!({})).await;

    let deliveries = settled(&client, &ids).await;
    client.is_drained().await;
    each_got_one(&client, &recipients).await;
    for delivery in &deliveries {
        assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("sent"), &json!(1)), "{delivery}");
    }
    println!("seed {SEED}; {} sent once with {} calls to the table", ids.len(), calls["dynamodb"]["total"]);
    stack.shutdown().await;
}
