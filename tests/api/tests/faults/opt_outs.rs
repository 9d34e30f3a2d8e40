//! An opt-out that is acknowledged before `dispatch` decides is respected, wherever the message is at that time.

use api::{Client, eventually, namespace, options, own};
use local::stack::Options;
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::NotificationId;

use super::{Recipient, answers, faults, got, queue, settled};

async fn recipient(client: &Client) -> Recipient {
    Recipient::new(client, &client.token("admin").await, "push").await
}

/// Turns push off for the recipient. Returns when the change is acknowledged.
async fn opt_out(client: &Client, recipient: &Recipient) {
    let path = format!("/api/v1/users/{}/preferences", recipient.user);
    let out = client.json(Method::PUT, &path, "", &json!({"preferences": {"push": false}})).await;
    assert_eq!(out.status.as_u16(), 200, "{}", out.text);
}

/// Asserts that the delivery was skipped after this number of calls to the provider.
async fn is_skipped(client: &Client, recipient: &Recipient, id: &str, calls: usize) {
    let delivery = client.notification_when(id, |data| data["deliveries"][0]["status"] == "skipped").await;
    let delivery = &delivery["deliveries"][0];
    assert_eq!((&delivery["reason"], &delivery["attempts"]), (&json!("channel_off"), &json!(calls)), "{delivery}");
    client.is_drained().await;
    assert_eq!(got(client).await.get(&recipient.address).map_or(0, Vec::len), calls);
}

async fn status(client: &Client, id: &str) -> Value {
    client.notification_when(id, |_| true).await["status"].clone()
}

#[tokio::test]
async fn an_opt_out_stops_a_message_that_is_queued() {
    let (stack, client) = own(Options { concurrency: 1, ..options(&[("DispatchTimeout", "5")]) }).await;
    let (before, recipient) = (recipient(&client).await, recipient(&client).await);
    // The only worker is busy with another message.
    answers(&client, "fcm", json!([{"to": before.address, "delay_ms": 3000}])).await;
    let first = client.notify(&before.notification()).await;
    eventually(async || got(&client).await.contains_key(&before.address).then_some(())).await;
    let id = client.notify(&recipient.notification()).await;
    opt_out(&client, &recipient).await;
    assert_eq!((status(&client, &first).await, status(&client, &id).await), (json!("queued"), json!("queued")));
    is_skipped(&client, &recipient, &id, 0).await;
    assert_eq!(settled(&client, &[first]).await[0]["status"], "sent");
    stack.shutdown().await;
}

#[tokio::test]
async fn an_opt_out_stops_a_message_that_is_delayed() {
    let (stack, client) = own(options(&[])).await;
    let recipient = recipient(&client).await;
    let mut body = recipient.notification();
    body["request_id"] = json!("delayed");
    // The notification is stored, but its message is not in the queue yet.
    faults(&client, json!({"sqs": [{"operation": "SendMessageBatch", "kind": "error"}]})).await;
    let service = client.token("service").await;
    let refused = client.json(Method::POST, "/api/v1/notifications", &service, &body).await;
    assert_eq!(refused.status.as_u16(), 503, "{}", refused.text);
    faults(&client, json!({})).await;
    let id = NotificationId::of_request(namespace(&stack), "demo-service", "delayed").to_string();
    let send = stack.sqs().client().send_message().queue_url(queue(&stack)).delay_seconds(2);
    send.message_body(recipient.message(&id)).send().await.expect("sent");
    assert_eq!(client.get("/_local/queues", "").await.json()["delayed"], 1);
    opt_out(&client, &recipient).await;
    assert_eq!(status(&client, &id).await, "queued");
    is_skipped(&client, &recipient, &id, 0).await;
    stack.shutdown().await;
}

#[tokio::test]
async fn an_opt_out_stops_a_message_that_is_retried() {
    let (stack, client) = own(options(&[])).await;
    let recipient = recipient(&client).await;
    answers(&client, "fcm", json!([{"status": 503, "headers": {"retry-after": "2"}}])).await;
    let id = client.notify(&recipient.notification()).await;
    client.notification_when(&id, |data| data["status"] == "retrying").await;
    eventually(async || got(&client).await.contains_key(&recipient.address).then_some(())).await;
    opt_out(&client, &recipient).await;
    is_skipped(&client, &recipient, &id, 1).await;
    stack.shutdown().await;
}

#[tokio::test]
async fn an_opt_out_stops_a_message_that_is_redriven() {
    let (stack, client) = own(options(&[("MaxAttempts", "1")])).await;
    let recipient = recipient(&client).await;
    answers(&client, "fcm", json!([{"status": 503}])).await;
    let id = client.notify(&recipient.notification()).await;
    let letter = eventually(async || client.dead_letters().await.pop()).await;
    assert_eq!(letter["notification_id"], json!(id));
    opt_out(&client, &recipient).await;
    let admin = client.token("admin").await;
    let body = json!({"ids": [letter["id"]]});
    let redriven = client.json(Method::POST, "/api/v1/dead-letters/redrive", &admin, &body).await;
    redriven.is(202, json!({"redriven": 1, "already_done": 0, "not_found": [], "has_more": false}));
    is_skipped(&client, &recipient, &id, 1).await;
    stack.shutdown().await;
}
