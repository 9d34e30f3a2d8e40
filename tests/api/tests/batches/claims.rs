//! Only one worker sends a delivery, also when copies of its message arrive or when it is cancelled meanwhile.

use api::{options, own};
use local::stack::Options;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Batch, a_batch_is_written, calls, dispatch};
use crate::faults::{answers, got};

#[tokio::test]
async fn copies_in_one_batch_and_in_two_at_once_are_sent_once() {
    let (stack, client) = own(Options { concurrency: 2, ..options(&[("DispatchTimeout", "10")]) }).await;
    let slow = json!([{"delay_ms": 1500, "always": true}]);
    answers(&client, "fcm", slow.clone()).await;
    answers(&client, "ses", slow).await;
    let batch = Batch::plain(&stack, &client, 4).await;
    let copies = || [batch.messages(1), batch.messages(1)].concat();
    let (one, other) = tokio::join!(dispatch(&stack, copies()), dispatch(&stack, copies()));
    // Each copy waits as a new message with a delay. If the worker died, another one would continue the deliveries from them.
    assert_eq!((one, other), (Some(Vec::new()), Some(Vec::new())));
    let waiting = stack.sqs().counts(&crate::faults::queue(&stack)).await.unwrap();
    assert_eq!((waiting.delayed, waiting.in_flight), (12, 0), "of sixteen, four are sent");
    batch.each_was_sent_once(&client).await;
    assert_eq!(dispatch(&stack, copies()).await, Some(Vec::new()), "all is over");
    batch.each_was_sent_once(&client).await;
    stack.shutdown().await;
}

#[tokio::test]
async fn what_is_cancelled_stays_so_beside_what_is_sent() {
    let (stack, client) = own(options(&[("DispatchTimeout", "10")])).await;
    let batch = Batch::plain(&stack, &client, 3).await;
    let event = |messages: Vec<Value>| calls(&stack, &client, messages);
    // The delay leaves time to cancel between the worker's read of the notification and its claim.
    let held = json!({"dynamodb": [{"operation": "BatchExecuteStatement", "kind": "delay", "delay_ms": 2500}]});
    crate::faults::faults(&client, held).await;
    let service = client.token("service").await;
    let path = format!("/api/v1/notifications/{}", batch.ids[1]);
    let cancel = async {
        a_batch_is_written(&client).await;
        client.json(Method::DELETE, &path, &service, &Value::Null).await
    };
    let (_, cancelled) = tokio::join!(event(batch.messages(1)), cancel);
    assert_eq!(cancelled.json()["message"], "Notification cancelled", "{}", cancelled.text);
    let statuses: Vec<_> = batch.deliveries(&client).await.iter().map(|delivery| delivery["status"].clone()).collect();
    assert_eq!(statuses, ["sent", "cancelled", "sent"]);
    assert!(!got(&client).await.contains_key(&batch.recipients[1].address));
    stack.shutdown().await;
}

#[tokio::test]
async fn nothing_is_claimed_that_there_is_no_time_left_for() {
    let (stack, client) = own(options(&[("DispatchTimeout", "2")])).await;
    let batch = Batch::plain(&stack, &client, 3).await;
    let slow = json!({"dynamodb": [{"operation": "BatchGetItem", "kind": "delay", "delay_ms": 1200, "times": 1}]});
    crate::faults::faults(&client, slow).await;
    let mut back = Vec::new();
    let calls = crate::counts::calls(&client, async || back = dispatch(&stack, batch.messages(1)).await.unwrap()).await;
    assert_eq!(back.len(), 3);
    assert!(calls.contains_key("BatchGetItem"), "{calls:?}");
    assert!(!calls.contains_key("BatchExecuteStatement") && !calls.contains_key("UpdateItem"), "{calls:?}");
    assert_eq!(dispatch(&stack, batch.messages(2)).await, Some(Vec::new()));
    batch.each_was_sent_once(&client).await;
    stack.shutdown().await;
}
