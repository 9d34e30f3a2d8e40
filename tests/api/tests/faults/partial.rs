//! SQS accepts a part of the messages: the request is answered 202 only when every message is in its queue.

use api::{Client, options, own};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{faults, got};

/// A user who is reached by email and by push, and a notification to this user on every channel.
async fn user(client: &Client) -> (Value, Value) {
    let user = client.new_user(json!({"push_token": format!("device-{}", api::unique())})).await;
    let body = json!({"user_id": user["id"], "content": {"body": "x"}, "request_id": format!("part-{}", user["id"])});
    (user, body)
}

/// The queue of push refuses its message this often. The other channels' queues take theirs.
async fn partly(client: &Client, times: u64) {
    let queue = json!(["tidings-PushQueue"]);
    let fault = json!({"operation": "SendMessageBatch", "kind": "partial", "containing": queue, "times": times});
    faults(client, json!({"sqs": [fault]})).await;
}

async fn each_channel_once(client: &Client, user: &Value, id: &str) {
    let data = client.settled(id).await;
    let statuses: Vec<_> = data["deliveries"].as_array().unwrap().iter().map(|d| d["status"].clone()).collect();
    assert_eq!(statuses, ["sent", "sent", "skipped"], "email, push, and Slack without an address");
    client.is_drained().await;
    let got = got(client).await;
    for address in ["email", "push_token"] {
        assert_eq!(got[user[address].as_str().unwrap()].len(), 1, "{address}");
    }
}

#[tokio::test]
async fn what_sqs_took_in_part_is_completed_before_202() {
    let (stack, client) = own(options(&[])).await;
    let (user, body) = user(&client).await;
    partly(&client, 2).await;
    let id = client.notify(&body).await;
    let calls = client.get("/_local/calls", "").await.json();
    assert_eq!(calls["sqs"]["operations"]["SendMessageBatch"]["calls"], 3 + 2, "{calls}");
    each_channel_once(&client, &user, &id).await;
    stack.shutdown().await;
}

#[tokio::test]
async fn what_sqs_keeps_refusing_in_part_is_503_and_the_same_request_again_heals_it() {
    let (stack, client) = own(options(&[])).await;
    let (user, body) = user(&client).await;
    // The fault lasts for all three tries of the product.
    partly(&client, 3).await;
    let service = client.token("service").await;
    let refused = client.json(Method::POST, "/api/v1/notifications", &service, &body).await;
    refused.is(503, json!({"statusCode": 503, "message": "Temporarily unavailable, please try again"}));
    assert_eq!(refused.header("retry-after"), "1");
    let again = client.json(Method::POST, "/api/v1/notifications", &service, &body).await;
    assert_eq!(again.status, StatusCode::ACCEPTED, "{}", again.text);
    let id = again.json()["data"]["notification_id"].as_str().unwrap().to_owned();
    each_channel_once(&client, &user, &id).await;
    stack.shutdown().await;
}
