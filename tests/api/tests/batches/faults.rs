//! The claim of a batch fails for some of its messages or for all of them, or its answer is lost.

use api::{Client, eventually, options, own};
use local::stack::{Options, Stack};
use serde_json::{Value, json};

use super::{Batch, calls, dispatch};
use crate::faults::{faults, got};

async fn own_process() -> (Stack, Client) {
    own(Options { concurrency: 1, ..options(&[("DispatchTimeout", "10")]) }).await
}

/// Four notifications. Every second one may be sent at most once.
async fn four(stack: &Stack, client: &Client) -> Batch {
    Batch::of(stack, client, 4, |place, recipient| {
        let mut body = recipient.notification();
        body["at_most_once"] = json!(place % 2 == 1);
        body
    })
    .await
}

async fn claims_fail(client: &Client, mut fault: Value) {
    fault["operation"] = json!("BatchExecuteStatement");
    faults(client, json!({"dynamodb": [fault]})).await;
}

#[tokio::test]
async fn a_claim_that_fails_in_part_or_as_a_whole_is_made_one_by_one() {
    let (stack, client) = own_process().await;
    for (fault, batches, units, updates) in [
        // The call writes two claims and is throttled for the other two, which are then made one by one.
        (json!({"kind": "partial", "times": 1}), 1, 2.0, 6),
        // The SDK makes three attempts.
        (json!({"kind": "error"}), 3, 0.0, 8),
        (json!({"kind": "throttle"}), 3, 0.0, 8),
    ] {
        let batch = four(&stack, &client).await;
        client.json(reqwest::Method::DELETE, "/_local/deliveries", "", &Value::Null).await;
        claims_fail(&client, fault.clone()).await;
        let calls = calls(&stack, &client, batch.messages(1)).await;
        assert_eq!(calls["BatchExecuteStatement"], json!([batches, units]), "{fault}");
        assert_eq!(calls["UpdateItem"], json!([updates, f64::from(updates)]), "{fault}");
        batch.each_was_sent_once(&client).await;
    }
    stack.shutdown().await;
}

#[tokio::test]
async fn a_claim_whose_answer_was_lost_is_still_ours() {
    let (stack, client) = own_process().await;
    for (times, batches) in [(1, 2), (9, 3)] {
        let batch = four(&stack, &client).await;
        client.json(reqwest::Method::DELETE, "/_local/deliveries", "", &Value::Null).await;
        claims_fail(&client, json!({"kind": "reset", "applied": true, "times": times})).await;
        let calls = calls(&stack, &client, batch.messages(1)).await;
        assert_eq!(calls["BatchExecuteStatement"][0], batches, "the SDK meets what it wrote");
        assert_eq!(calls["UpdateItem"], json!([8, 8.0]), "each is asked for by itself, and recorded");
        batch.each_was_sent_once(&client).await;
    }
    stack.shutdown().await;
}

#[tokio::test]
async fn what_a_worker_had_claimed_when_it_died_is_in_doubt_and_what_it_had_not_is_fresh() {
    let (stack, client) = own(Options { concurrency: 1, ..options(&[]) }).await;
    for applied in [false, true] {
        let batch = four(&stack, &client).await;
        client.json(reqwest::Method::DELETE, "/_local/deliveries", "", &Value::Null).await;
        claims_fail(&client, json!({"kind": "kill", "caller": "dispatch", "times": 1, "applied": applied})).await;
        assert_eq!(dispatch(&stack, batch.messages(1)).await, None, "it died");
        // The dead worker's leases end one second after its time-out. Copies of the messages come then.
        assert_eq!(dispatch(&stack, batch.messages(2)).await, Some(Vec::new()));
        let ended = |delivery: &Value| delivery["status"] == "sent" || delivery["status"] == "failed";
        eventually(async || batch.deliveries(&client).await.iter().all(ended).then_some(())).await;
        client.is_drained().await;
        if !applied {
            batch.each_was_sent_once(&client).await;
            continue;
        }
        let (got, deliveries) = (got(&client).await, batch.deliveries(&client).await);
        for (place, (recipient, delivery)) in batch.recipients.iter().zip(&deliveries).enumerate() {
            let at_most_once = place % 2 == 1;
            let expected = if at_most_once { ("failed", json!("outcome_unknown")) } else { ("sent", Value::Null) };
            assert_eq!((&delivery["status"], &delivery["reason"]), (&json!(expected.0), &expected.1), "{delivery}");
            // What is sent at most once ends without a call, and that is no attempt.
            let attempts = if at_most_once { 1 } else { 2 };
            assert_eq!((&delivery["attempts"], &delivery["ambiguous"]), (&json!(attempts), &json!(true)), "{delivery}");
            assert_eq!(got.contains_key(&recipient.address), !at_most_once, "{delivery}");
        }
    }
    stack.shutdown().await;
}

/// It may have had three attempts before fewer were allowed.
#[tokio::test]
async fn what_is_given_up_without_a_call_keeps_its_doubt() {
    let (stack, client) = own(options(&[("MaxAttempts", "1")])).await;
    let batch = Batch::plain(&stack, &client, 2).await;
    for (place, is_ambiguous) in [true, false].into_iter().enumerate() {
        batch.had_three_attempts(&stack, place, json!({"ambiguous": {"BOOL": is_ambiguous}})).await;
    }
    assert_eq!(dispatch(&stack, batch.messages(2)).await, Some(Vec::new()));
    let deliveries = batch.deliveries(&client).await;
    let seen: Vec<_> = deliveries.iter().map(|delivery| (&delivery["status"], &delivery["ambiguous"])).collect();
    let given_up = json!("dead_lettered");
    assert_eq!(seen, [(&given_up, &json!(true)), (&given_up, &Value::Null)]);
    stack.shutdown().await;
}
