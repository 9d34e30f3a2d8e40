//! Messages that have come often: a worker may have died of one of them.

use api::{options, own};
use local::stack::Options;
use serde_json::{Value, json};

use super::{Batch, dispatch};
use crate::faults::{answers, faults, got};

/// The messages of a batch, the last of which has come this often and is the one that workers die of.
fn with_poison(batch: &Batch, receives: &[u32]) -> Vec<Value> {
    let mut messages = batch.messages(1);
    for (message, receive) in messages.iter_mut().zip(receives) {
        message["attributes"]["ApproximateReceiveCount"] = json!(receive.to_string());
    }
    messages
}

#[tokio::test]
async fn a_message_that_workers_die_of_takes_no_other_with_it_from_its_third_receive_on() {
    let (stack, client) = own(Options { concurrency: 1, ..options(&[("DispatchTimeout", "10")]) }).await;
    // The others answer slowly, so that they would be under way when the worker dies.
    let slow = json!([{"delay_ms": 700, "always": true}]);
    answers(&client, "fcm", slow.clone()).await;
    answers(&client, "ses", slow).await;
    // The worker dies at the read of the poison's notification, or at its claim.
    for deadly in ["BatchGetItem", "UpdateItem"] {
        client.json(reqwest::Method::DELETE, "/_local/deliveries", "", &Value::Null).await;
        let batch = Batch::plain(&stack, &client, 6).await;
        let poison = &batch.ids[5];
        let kill = json!({
            "caller": "dispatch", "operation": deadly, "kind": "kill", "containing": [poison], "applied": false,
        });
        faults(&client, json!({"dynamodb": [kill]})).await;
        // Three are new, and two are suspects too, with fewer receives.
        let messages = with_poison(&batch, &[1, 2, 1, 4, 3, 5]);
        assert_eq!(dispatch(&stack, messages).await, None, "{deadly}: it died");
        faults(&client, json!({})).await;
        let deliveries = batch.deliveries(&client).await;
        for delivery in &deliveries[..5] {
            let seen = (&delivery["status"], &delivery["attempts"], &delivery["ambiguous"]);
            assert_eq!(seen, (&json!("sent"), &json!(1), &Value::Null), "{deadly}: {delivery}");
        }
        assert_eq!(deliveries[5]["status"], "queued", "{deadly}: {}", deliveries[5]);
        // The batch comes back as a whole. The others have ended.
        assert_eq!(dispatch(&stack, batch.messages(6)).await, Some(Vec::new()));
        let got = got(&client).await;
        for recipient in &batch.recipients {
            assert_eq!(got[&recipient.address].len(), 1, "{deadly}: {recipient:?}");
        }
    }
    stack.shutdown().await;
}

#[tokio::test]
async fn suspects_without_time_left_go_back_at_once_and_are_not_begun() {
    let (stack, client) = own(Options { concurrency: 1, ..options(&[("DispatchTimeout", "5")]) }).await;
    let slow = json!([{"delay_ms": 1300, "always": true}]);
    answers(&client, "fcm", slow.clone()).await;
    answers(&client, "ses", slow).await;
    let batch = Batch::plain(&stack, &client, 6).await;
    let back = dispatch(&stack, batch.messages(3)).await.unwrap();
    assert!((2..=4).contains(&back.len()), "one after the other: {back:?}");
    let deliveries = batch.deliveries(&client).await;
    for (place, delivery) in deliveries.iter().enumerate() {
        let is_back = back.contains(&place.to_string());
        assert_eq!((delivery["status"] == "queued", delivery["attempts"] == 0), (is_back, is_back), "{delivery}");
    }
    stack.shutdown().await;
}
