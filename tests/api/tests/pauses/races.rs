//! A worker whose pauses are up to a minute old, and a release that breaks off.

use api::eventually;
use reqwest::Method;
use serde_json::{Value, json};

use super::{by_admin, forget, is, pause, paused, record, resume, somebody, stack, tick};
use crate::faults::{faults, got};

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_does_not_know_of_the_resume_holds_again_and_the_next_minute_finds_it() {
    let (stack, client) = stack().await;
    let recipient = somebody(&client).await;
    pause(&stack, &client, "all", json!({})).await;
    let id = client.notify(&recipient.notification()).await;
    paused(&client, &id).await;
    let first = record(&stack, &id).await["at"]["S"].clone();
    // The worker is not told.
    assert_eq!(by_admin(&client, Method::DELETE, "all", Value::Null).await.status.as_u16(), 204);
    assert_eq!(tick(&client).await, 1);
    client.is_drained().await;
    let again = eventually(async || {
        Some(record(&stack, &id).await["at"]["S"].clone()).filter(|at| at.is_string() && *at != first)
    })
    .await;
    assert!(again.is_string(), "it is listed again: {again}");
    is(&client.notification_when(&id, |_| true).await, "held", json!("paused"));
    forget(&stack).await;
    assert_eq!(tick(&client).await, 1);
    is(&client.settled(&id).await, "sent", Value::Null);
    client.is_drained().await;
    assert_eq!(got(&client).await[&recipient.address].len(), 1);
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_queue_did_not_take_stays_listed_and_what_could_not_be_unlisted_is_sent_once() {
    let (stack, client) = stack().await;
    let recipient = somebody(&client).await;
    pause(&stack, &client, "all", json!({})).await;
    let id = client.notify(&recipient.notification()).await;
    paused(&client, &id).await;
    resume(&stack, &client, "all").await;
    faults(&client, json!({"sqs": [{"operation": "SendMessageBatch", "kind": "error"}]})).await;
    assert_eq!(tick(&client).await, 0);
    assert!(record(&stack, &id).await["at"].is_object(), "it is listed still");
    faults(&client, json!({})).await;
    assert_eq!(tick(&client).await, 1);
    is(&client.settled(&id).await, "sent", Value::Null);
    assert_eq!(tick(&client).await, 0);
    client.is_drained().await;
    assert_eq!(got(&client).await[&recipient.address].len(), 1);
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_pauses_cannot_be_read_nothing_is_sent_and_nothing_is_lost() {
    let (stack, client) = stack().await;
    let recipient = somebody(&client).await;
    pause(&stack, &client, "all", json!({})).await;
    faults(&client, json!({"dynamodb": [{"operation": "Query", "kind": "error"}]})).await;
    let id = client.notify(&recipient.notification()).await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert!(!got(&client).await.contains_key(&recipient.address));
    faults(&client, json!({})).await;
    let ends = |data: &Value| ["held", "dead_lettered"].iter().any(|status| data["deliveries"][0]["status"] == *status);
    client.notification_when(&id, ends).await;
    assert!(!got(&client).await.contains_key(&recipient.address));
    stack.shutdown().await;
}
