//! One provider's trouble stops no other channel: each channel has a queue, and workers, of its own.

use std::time::{Duration, SystemTime};

use api::{Client, eventually, forgiving, options, own};
use futures::{StreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::{NotificationId, Timestamp};

use crate::faults::{Recipient, answers, faults, notify_all, queue, settled};

/// How many messages each channel gets at once.
const MESSAGES: usize = 60;
/// How much later a message may reach its provider while the provider of another channel hangs.
const GROWTH: Duration = Duration::from_secs(2);
/// How often the test measures at most. Another program on this machine may make one measurement slow; what waits for a
/// provider that hangs is slow each time.
const TRIES: usize = 3;

/// Sends mails. Returns the longest time from the moment at which one was accepted, and so was due, until SES had it. Of
/// so few it is the 99th percentile.
async fn slowest(client: &Client, mail: &Recipient) -> Duration {
    let token = client.token("service").await;
    let send = async |number: usize| {
        let (text, mut body) = (format!("mail {number} of {}.", api::unique()), mail.notification());
        body["content"]["body"] = json!(text);
        let answer = client.json(Method::POST, "/api/v1/notifications", &token, &body).await;
        assert_eq!(answer.status.as_u16(), 202, "{}", answer.text);
        (text, Timestamp::from(SystemTime::now()))
    };
    let sent: Vec<_> = stream::iter(0..MESSAGES).map(send).buffered(8).collect().await;
    let reached = |all: &[Value], text: &str| {
        let this = all.iter().find(|mail| mail["request"]["body"].to_string().contains(text))?;
        Timestamp::parse(this["at"].as_str()?)
    };
    eventually(async || {
        let all = client.deliveries_to(&mail.address).await;
        let late = sent.iter().map(|(text, due)| Some(reached(&all, text)?.saturating_duration_since(*due)));
        late.collect::<Option<Vec<_>>>()
    })
    .await
    .into_iter()
    .max()
    .unwrap()
}

#[tokio::test]
async fn while_one_provider_hangs_the_others_get_their_messages_as_soon_as_ever() {
    // A push that hangs is given up after 10 s, well before the invocation ends. At the least concurrency that AWS takes,
    // two batches are enough to hold all workers of a queue.
    let least = [("DispatchTimeout", "30"), ("EmailConcurrency", "2"), ("PushConcurrency", "2")];
    let options =
        forgiving("isolation::while_one_provider_hangs_the_others_get_their_messages_as_soon_as_ever", options(&least));
    let (stack, client) = own(options).await;
    let admin = client.token("admin").await;
    let [mail, push] = [Recipient::new(&client, &admin, "email").await, Recipient::new(&client, &admin, "push").await];
    slowest(&client, &mail).await;
    let calm = slowest(&client, &mail).await;

    answers(&client, "fcm", json!([{"then": "hang", "status": 503, "always": true}])).await;
    notify_all(&client, &vec![push; MESSAGES]).await;
    let left = async || {
        let queues = client.get("/_local/queues", "").await.json();
        ["visible", "in_flight", "delayed"].map(|state| queues[state].as_u64().unwrap()).iter().sum::<u64>()
    };
    eventually(async || {
        let calls = client.get("/_local/providers", "").await.json()["fcm"].as_u64().unwrap();
        (calls > 1 && left().await > 1).then_some(())
    })
    .await;

    let mut hung = Duration::MAX;
    for _ in 0..TRIES {
        hung = hung.min(slowest(&client, &mail).await);
        if hung < calm + GROWTH {
            // All mails are sent, so these are pushes.
            assert!(left().await > 0, "FCM did not hang for as long as the mails took");
            break;
        }
    }
    println!("the slowest of {MESSAGES} mails took {calm:?}, and {hung:?} while FCM hangs");
    assert!(hung < calm + GROWTH, "{hung:?} while FCM hangs, {calm:?} before");
    stack.shutdown().await;
}

#[tokio::test]
async fn a_message_from_before_each_channel_had_a_queue_is_delivered() {
    let (stack, client) = own(options(&[])).await;
    let push = Recipient::new(&client, &client.token("admin").await, "push").await;
    // SQS is down, so that the notification is stored and nothing is in any queue.
    faults(&client, json!({"sqs": [{"operation": "SendMessageBatch", "kind": "error"}]})).await;
    let mut body = push.notification();
    body["request_id"] = json!("before");
    let token = client.token("service").await;
    let refused = client.json(Method::POST, "/api/v1/notifications", &token, &body).await;
    assert_eq!(refused.status.as_u16(), 503, "{}", refused.text);
    faults(&client, json!({})).await;
    let id = NotificationId::of_request(api::namespace(&stack), "demo-service", "before").to_string();
    // `Queue` was the queue of all channels, and is email's now.
    stack.sqs().send(&queue(&stack), &push.message(&id)).await.expect("sent");
    let [delivery] = &settled(&client, &[id]).await[..] else { panic!("one delivery") };
    assert_eq!(delivery["status"], "sent", "{delivery}");
    client.is_drained().await;
    stack.shutdown().await;
}
