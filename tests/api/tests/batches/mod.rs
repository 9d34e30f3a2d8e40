//! Tests of a batch of messages: one call claims all deliveries, the worker sends them at the same time, and it records
//! each one alone.

mod claims;
mod costs;
mod faults;
mod inboxes;
mod suspects;
mod together;

use api::{Client, eventually};
use bytes::Bytes;
use futures::{StreamExt, stream};
use local::stack::Stack;
use reqwest::Method;
use serde_json::{Map, Value, json};
use shared::{clock::Clock, domain::NotificationId};

use crate::faults::Recipient;

/// Notifications that are accepted and stored in the table. Their messages are not in the queue, so no worker knows of
/// them.
pub struct Batch {
    pub recipients: Vec<Recipient>,
    pub ids: Vec<String>,
}

impl Batch {
    /// Accepts one notification for each of `count` new recipients. `body` makes the request from the recipient's place
    /// in the list.
    pub async fn of(stack: &Stack, client: &Client, count: usize, body: impl Fn(usize, &Recipient) -> Value) -> Self {
        let recipients = Recipient::many(client, count).await;
        let service = client.token("service").await;
        // SQS refuses every message, but the notifications are stored.
        let down = json!({"sqs": [{"operation": "SendMessageBatch", "kind": "error"}]});
        crate::faults::faults(client, down).await;
        let accept = async |(place, recipient): (usize, &Recipient)| {
            let request = format!("batch-{}", recipient.user);
            let mut body = body(place, recipient);
            body["request_id"] = json!(request);
            let accepted = client.json(Method::POST, "/api/v1/notifications", &service, &body).await;
            assert_eq!(accepted.status.as_u16(), 503, "{}", accepted.text);
            NotificationId::of_request(api::namespace(stack), "demo-service", &request).to_string()
        };
        let ids = stream::iter(recipients.iter().enumerate()).map(accept).buffered(8).collect().await;
        crate::faults::faults(client, json!({})).await;
        Self { recipients, ids }
    }

    /// A batch of plain notifications.
    pub async fn plain(stack: &Stack, client: &Client, count: usize) -> Self {
        Self::of(stack, client, count, |_, recipient| recipient.notification()).await
    }

    /// The messages of the batch as Lambda passes them to a function, each with this receive count. The id of each
    /// message is its place in the batch.
    pub fn messages(&self, receive: u32) -> Vec<Value> {
        let message = |(place, (recipient, id)): (usize, (&Recipient, &String))| {
            json!({
                "messageId": place.to_string(), "receiptHandle": "none", "body": recipient.message(id),
                "attributes": {"ApproximateReceiveCount": receive.to_string()}, "messageAttributes": {},
                "eventSource": "aws:sqs", "awsRegion": "us-east-1",
            })
        };
        self.recipients.iter().zip(&self.ids).enumerate().map(message).collect()
    }

    /// The current record of each delivery.
    pub async fn deliveries(&self, client: &Client) -> Vec<Value> {
        let token = client.token("service").await;
        let one = async |id: &String| {
            let answer = client.get(&format!("/api/v1/notifications/{id}"), &token).await;
            answer.json()["data"]["deliveries"][0].clone()
        };
        stream::iter(&self.ids).map(one).buffered(8).collect().await
    }

    /// Writes the record of the delivery at this place: it has had three attempts, and waits. `more` is what else stands in it.
    pub async fn had_three_attempts(&self, stack: &Stack, place: usize, more: Value) {
        let (channel, now) = (self.recipients[place].channel, Clock::system().now());
        let mut record = json!({
            "pk": {"S": format!("NOTIFICATION#{}", self.ids[place])}, "sk": {"S": format!("DELIVERY#{channel}")},
            "channel": {"S": channel}, "status": {"S": "retrying"}, "at_millis": {"N": now.millis().to_string()},
            "addresses": {"M": {}}, "expires_at": {"N": (now.seconds() + 100_000).to_string()},
            "attempts": {"N": "3"}, "recorded": {"N": "3"},
        });
        record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        api::dynamodb(stack, "PutItem", json!({"Item": record})).await;
    }

    /// Asserts that the first attempt sent each delivery, and that each recipient got one message.
    pub async fn each_was_sent_once(&self, client: &Client) {
        crate::faults::each_got_one(client, &self.recipients).await;
        for delivery in self.deliveries(client).await {
            assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("sent"), &json!(1)), "{delivery}");
            assert!(delivery["ambiguous"].is_null(), "{delivery}");
        }
    }

    /// Waits until the deliveries at these places are sent.
    pub async fn are_sent(&self, client: &Client, places: &[usize]) {
        eventually(async || {
            let deliveries = self.deliveries(client).await;
            places.iter().all(|place| deliveries[*place]["status"] == "sent").then_some(())
        })
        .await;
    }
}

/// Invokes `dispatch` with these messages. Returns the ids that must come back to the queue, or `None` if the worker
/// died.
pub async fn dispatch(stack: &Stack, messages: Vec<Value>) -> Option<Vec<String>> {
    let event = Bytes::from(json!({"Records": messages}).to_string());
    let answer = stack.function("dispatch").unwrap().invoke(event).await.ok()?;
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    let failures = answer["batchItemFailures"].as_array().unwrap().iter();
    Some(failures.map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned()).collect())
}

/// Waits until the worker has begun to write a batch.
pub async fn a_batch_is_written(client: &Client) {
    eventually(async || {
        let calls = client.get("/_local/calls", "").await.json();
        (calls["dynamodb"]["operations"]["BatchExecuteStatement"]["calls"] == 1).then_some(())
    })
    .await;
}

/// The calls to DynamoDB that `dispatch` makes for these messages, as `{name: [calls, units]}`. Asserts that no message
/// comes back.
pub async fn calls(stack: &Stack, client: &Client, messages: Vec<Value>) -> Map<String, Value> {
    let mut calls = crate::counts::calls(client, async || {
        assert_eq!(dispatch(stack, messages).await, Some(Vec::new()));
    })
    .await;
    calls.retain(|name, _| !name.contains("Message"));
    calls
}
