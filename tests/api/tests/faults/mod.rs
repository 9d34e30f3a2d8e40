//! Faults on purpose: workers that die, a table and a queue that refuse calls, providers that misbehave, and messages
//! that are delivered twice. Each test has stacks of its own. With `TIDINGS_LONG=1` the large tests run at their full
//! size.

mod deaths;
mod duplicates;
mod expansion;
mod opt_outs;
mod partial;
mod poison;
mod providers;
mod throttling;

use std::collections::BTreeMap;

use api::{Client, eventually};
use futures::{StreamExt, stream};
use local::stack::Stack;
use reqwest::Method;
use serde_json::{Value, json};

/// `usual` in a normal run, `long` with `TIDINGS_LONG=1`.
pub fn size(usual: usize, long: usize) -> usize {
    if std::env::var_os("TIDINGS_LONG").is_some_and(|long| long == "1") { long } else { usual }
}

/// Sets a provider's next answers.
pub async fn answers(client: &Client, provider: &str, answers: Value) {
    let path = format!("/_local/providers/{provider}");
    let set = client.json(Method::PUT, &path, "", &json!({"answers": answers})).await;
    assert!(set.status.is_success(), "{}", set.text);
}

/// Replaces all faults of DynamoDB and SQS by these.
pub async fn faults(client: &Client, faults: Value) {
    let set = client.json(Method::PUT, "/_local/faults", "", &faults).await;
    assert!(set.status.is_success(), "{}", set.text);
}

/// A user, and the address that receives the user's messages on one channel.
#[derive(Clone, Debug)]
pub struct Recipient {
    pub user: String,
    pub channel: &'static str,
    pub address: String,
}

impl Recipient {
    /// Creates a user who has an address on `channel` only; no other user has this address.
    pub async fn new(client: &Client, token: &str, channel: &'static str) -> Self {
        let device = format!("device-{}", api::unique());
        let email = api::unique_email();
        let body = json!({"name": "A User", "email": email, "push_token": device});
        let made = client.json(Method::POST, "/api/v1/users", token, &body).await;
        assert_eq!(made.status.as_u16(), 201, "{}", made.text);
        let user = made.json()["id"].as_str().expect("an id").to_owned();
        let address = if channel == "email" { email } else { device };
        Self { user, channel, address }
    }

    /// Creates `count` users. Every second one is reached by push, the others by email.
    pub async fn many(client: &Client, count: usize) -> Vec<Self> {
        let token = client.token("admin").await;
        let new = async |number: usize| Self::new(client, &token, ["push", "email"][number % 2]).await;
        stream::iter(0..count).map(new).buffered(8).collect().await
    }

    /// The body of a request that notifies the recipient.
    pub fn notification(&self) -> Value {
        json!({"notification_type": self.channel, "user_id": self.user, "content": {"body": "x"}})
    }

    /// The queue's message for one notification to the recipient.
    pub fn message(&self, notification: &str) -> String {
        let message = json!({
            "kind": "deliver.v1", "notification_id": notification, "user_id": self.user, "channel": self.channel,
        });
        message.to_string()
    }
}

/// Sends a notification to each recipient. Returns the ids in the same order.
pub async fn notify_all(client: &Client, recipients: &[Recipient]) -> Vec<String> {
    let token = client.token("service").await;
    let notify = async |recipient: &Recipient| {
        let answer = client.json(Method::POST, "/api/v1/notifications", &token, &recipient.notification()).await;
        assert_eq!(answer.status.as_u16(), 202, "{}", answer.text);
        answer.json()["data"]["notification_id"].as_str().expect("an id").to_owned()
    };
    stream::iter(recipients).map(notify).buffered(8).collect().await
}

/// Waits until no delivery of these notifications is under way. Returns the one delivery of each.
pub async fn settled(client: &Client, ids: &[String]) -> Vec<Value> {
    let token = client.token("service").await;
    let one = async |id: &String| {
        let path = format!("/api/v1/notifications/{id}");
        eventually(async || {
            let answer = client.get(&path, &token).await;
            assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
            let delivery = answer.json()["data"]["deliveries"][0].clone();
            let under_way = ["queued", "held", "retrying"].iter().any(|status| delivery["status"] == *status);
            (!under_way).then_some(delivery)
        })
        .await
    };
    stream::iter(ids).map(one).buffered(8).collect().await
}

/// All messages that the providers received, by address, in the order in which they came.
pub async fn got(client: &Client) -> BTreeMap<String, Vec<Value>> {
    let mut got: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let all = client.get("/_local/deliveries", "").await.json();
    for delivery in all.as_array().into_iter().flatten() {
        got.entry(delivery["to"].as_str().unwrap_or_default().to_owned()).or_default().push(delivery.clone());
    }
    got
}

/// Asserts that each of these recipients got one message, and that nobody else got any.
pub async fn each_got_one(client: &Client, recipients: &[Recipient]) {
    let got = got(client).await;
    for recipient in recipients {
        let count = got.get(&recipient.address).map_or(0, Vec::len);
        assert_eq!(count, 1, "{recipient:?}");
    }
    assert_eq!(got.len(), recipients.len(), "somebody else got something");
}

/// The URL of the queue for deliveries.
pub fn queue(stack: &Stack) -> String {
    queue_of(stack, "email")
}

/// The URL of a channel's queue.
pub fn queue_of(stack: &Stack, channel: &str) -> String {
    let logical_id = match channel {
        "email" => "Queue",
        "push" => "PushQueue",
        other => panic!("no test needs the queue of {other}"),
    };
    stack.template().queue(logical_id).expect("the queue").url.clone()
}

/// Pseudo-random numbers. The same seed gives the same numbers.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number from 0 up to, but not including, `most`.
    pub fn throw(&mut self, most: usize) -> usize {
        // A linear congruential generator. Its high bits are random enough to shuffle with.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most.max(1)
    }

    /// Puts the list into a random order.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.throw(last + 1));
        }
    }
}
