//! A morning's release: many deliveries of one moment are put on the queues before it, by parts at the same time.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use api::{Client, dynamodb, eventually, options, own};
use futures::{StreamExt, stream};
use local::{fidelity::CLOCK_SKEW, stack::Stack};
use reqwest::Method;
use serde_json::{Value, json};
use shared::{
    clock::Clock,
    domain::{NotificationId, Timestamp},
};
use uuid::Uuid;

use crate::{
    counts::calls,
    faults::{Recipient, faults, got},
};

/// The parts of each list.
const PARTS: usize = 16;
const MINUTE: Duration = Duration::from_secs(60);

fn ahead(duration: Duration) -> Timestamp {
    Clock::system().now().plus(duration)
}

/// Writes `count` held push deliveries that are due at `due`, into the part of the list that `part` says.
async fn hold(stack: &Stack, count: usize, due: Timestamp, part: impl Fn(usize) -> usize) {
    hold_on(stack, "push", count, due, part).await;
}

/// The same on another channel.
async fn hold_on(stack: &Stack, channel: &str, count: usize, due: Timestamp, part: impl Fn(usize) -> usize) {
    let user = Uuid::new_v4();
    let expires = due.plus(100 * MINUTE).seconds().to_string();
    let item = |number: usize| {
        let id = NotificationId::from(Uuid::new_v4());
        json!({"PutRequest": {"Item": {
            "pk": {"S": format!("NOTIFICATION#{id}")}, "sk": {"S": format!("DELIVERY#{channel}")}, "channel": {"S": channel},
            "status": {"S": "held"}, "at_millis": {"N": "1"}, "held_until": {"N": due.millis().to_string()},
            "expires_at": {"N": expires}, "owner": {"S": format!("HELD#{}", part(number))},
            "at": {"S": format!("{due}#{id}#{channel}#{user}")},
        }}})
    };
    let items: Vec<_> = (0..count).map(item).collect();
    let writes = items.chunks(25).map(|chunk| dynamodb(stack, "BatchWriteItem", json!(chunk)));
    stream::iter(writes).buffer_unordered(4).collect::<Vec<_>>().await;
}

/// How many messages the queues keep back.
async fn delayed(client: &Client) -> Value {
    client.get("/_local/queues", "").await.json()["delayed"].clone()
}

/// How many deliveries the list has.
async fn listed(stack: &Stack) -> usize {
    let scan = json!({"IndexName": "timeline", "FilterExpression": "begins_with(#o, :o)",
        "ExpressionAttributeNames": {"#o": "owner"}, "ExpressionAttributeValues": {":o": {"S": "HELD#"}}});
    let scan = dynamodb(stack, "Scan", scan).await;
    assert!(scan["LastEvaluatedKey"].is_null());
    scan["Items"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_deliveries_cost_one_call_to_the_queue_and_one_to_the_table_for_every_ten() {
    let (stack, client) = own(options(&[("DispatchTimeout", "30")])).await;
    hold(&stack, 1000, ahead(14 * MINUTE), |number| number % PARTS).await;
    hold(&stack, 3, ahead(16 * MINUTE), |number| number).await;
    let made =
        calls(&client, async || assert_eq!(client.tick().await, 1000, "SQS can wait for a quarter of an hour")).await;
    // Eight parts have 63 of them, and eight have 62: seven batches each. The lists of held and of paused deliveries, of erasures, of their
    // second looks and of deleted topics have a query for each part, and each of the four shares reads the pauses. A delivery that leaves the list is written, with a
    // unit for its record and one for its entry.
    let count = |name: &str| made[name][0].as_u64().or(made[name].as_u64());
    let seen = ["SendMessageBatch", "BatchExecuteStatement", "Query"].map(count);
    assert_eq!(seen, [Some(112), Some(112), Some(5 * 16 + 4)], "{made:?}");
    assert_eq!((made["BatchExecuteStatement"][1].as_f64(), made.len()), (Some(2000.0), 3), "{made:?}");
    assert_eq!((delayed(&client).await, listed(&stack).await), (json!(1000), 3));
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_are_released_at_the_same_time() {
    const SLOW: u64 = 1000;
    let (stack, client) = own(options(&[("DispatchTimeout", "30")])).await;
    hold(&stack, 640, ahead(10 * MINUTE), |number| number % PARTS).await;
    let slow = |operation: &str, text: &str| json!({"operation": operation, "kind": "delay", "delay_ms": SLOW, "containing": [text]});
    let [read, sent] = [slow("Query", "HELD#"), slow("SendMessageBatch", "deliver.v1")];
    faults(&client, json!({"dynamodb": [read], "sqs": [sent]})).await;
    let began = Instant::now();
    assert_eq!(client.tick().await, 640);
    // Sixteen queries and sixty-four batches. Two shares work at the same time here: one part of a share after the other takes
    // 16 seconds.
    assert!(began.elapsed() < Duration::from_millis(10 * SLOW), "{:?}", began.elapsed());
    assert_eq!((delayed(&client).await, listed(&stack).await), (json!(640), 0));
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_has_no_time_for_all_hands_the_rest_over_and_nothing_is_sent_twice() {
    let (stack, client) = own(options(&[("DispatchTimeout", "5")])).await;
    hold(&stack, 700, ahead(10 * MINUTE), |_| 5).await;
    faults(&client, json!({"sqs": [{"operation": "SendMessageBatch", "kind": "delay", "delay_ms": 400}]})).await;
    let mut runs = Vec::new();
    while listed(&stack).await > 0 {
        runs.push(client.tick().await);
        assert!(runs.len() < 20, "{runs:?}");
    }
    assert!(runs.len() > 1 && runs.iter().all(|released| *released > 0), "{runs:?}");
    assert_eq!((runs.iter().sum::<u64>(), delayed(&client).await), (700, json!(700)), "{runs:?}");
    stack.shutdown().await;
}

/// The list is read in pages of 500, the earliest first.
#[tokio::test(flavor = "multi_thread")]
async fn what_stands_behind_a_page_for_a_queue_that_takes_nothing_is_released_all_the_same() {
    let (stack, client) = own(options(&[("DispatchTimeout", "30")])).await;
    hold_on(&stack, "sms", 520, ahead(10 * MINUTE), |_| 5).await;
    hold(&stack, 20, ahead(11 * MINUTE), |_| 5).await;
    let refused = json!({"operation": "SendMessageBatch", "kind": "error", "containing": ["tidings-SmsQueue"]});
    faults(&client, json!({"sqs": [refused]})).await;
    assert_eq!(client.tick().await, 20);
    assert_eq!((delayed(&client).await, listed(&stack).await), (json!(20), 520));
    faults(&client, json!({})).await;
    assert_eq!(client.tick().await, 520, "nothing is lost");
    assert_eq!((delayed(&client).await, listed(&stack).await), (json!(540), 0));
    stack.shutdown().await;
}

/// Sends a notification that is due in an hour, and waits until a worker has held it. Returns its id.
async fn held(client: &Client, body: Value) -> String {
    let id = client.notify(&body).await;
    client.notification_when(&id, |data| data["deliveries"][0]["trace"].is_array()).await;
    id
}

/// Makes a held delivery due at another time.
async fn is_due(stack: &Stack, id: &str, due: Timestamp) {
    let key = |sort: &str| json!({"pk": {"S": format!("NOTIFICATION#{id}")}, "sk": {"S": sort}});
    let due_millis = json!({"N": due.millis().to_string()});
    let request = json!({"Key": key("NOTIFICATION"), "UpdateExpression": "SET send_at = :b",
        "ExpressionAttributeValues": {":b": due_millis}});
    dynamodb(stack, "UpdateItem", request).await;
    let item = dynamodb(stack, "GetItem", json!({"Key": key("DELIVERY#push")})).await["Item"].clone();
    let (_, about) = item["at"]["S"].as_str().expect("it is listed").split_once('#').unwrap();
    let request = json!({"Key": key("DELIVERY#push"), "UpdateExpression": "SET #a = :a, held_until = :b",
        "ExpressionAttributeNames": {"#a": "at"},
        "ExpressionAttributeValues": {":a": {"S": format!("{due}#{about}")}, ":b": due_millis}});
    dynamodb(stack, "UpdateItem", request).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_between_the_release_and_the_time_is_honoured_and_nothing_is_early() {
    const WHAT: [&str; 7] = ["nothing", "cancel", "opt-out", "quiet", "pause", "expiry", "erasure"];
    let (stack, client) = own(options(&[("DispatchTimeout", "10")])).await;
    let admin = client.token("admin").await;
    let mut all = Vec::new();
    for what in WHAT {
        let recipient = Recipient::new(&client, &admin, "push").await;
        let mut body = recipient.notification();
        body["send_at"] = json!(ahead(60 * MINUTE));
        if what == "pause" {
            body["group"] = json!("com.soa.notification.type.app.alert");
        }
        all.push((what, held(&client, body).await, recipient));
    }
    let due = ahead(Duration::from_secs(20));
    for (_, id, _) in &all {
        is_due(&stack, id, due).await;
    }
    assert_eq!((client.tick().await, listed(&stack).await), (WHAT.len() as u64, 0));
    // All of them are on the queue now.
    for (what, id, Recipient { user, .. }) in &all {
        let user = format!("/api/v1/users/{user}");
        let quiet = json!({"start": "00:00", "end": "23:59"});
        let (method, path, body) = match *what {
            "cancel" => (Method::DELETE, format!("/api/v1/notifications/{id}"), Value::Null),
            "opt-out" => (Method::PUT, format!("{user}/preferences"), json!({"preferences": {"push": false}})),
            "quiet" => (Method::PUT, format!("{user}/quiet-hours"), quiet),
            "pause" => (Method::PUT, "/api/v1/pauses/group:com.soa.notification.type.app.alert".to_owned(), json!({})),
            "erasure" => (Method::DELETE, user, Value::Null),
            "expiry" => {
                let request = json!({
                    "Key": {"pk": {"S": format!("NOTIFICATION#{id}")}, "sk": {"S": "NOTIFICATION"}},
                    "UpdateExpression": "SET not_after = :b",
                    "ExpressionAttributeValues": {":b": {"N": (due.millis() - 1000).to_string()}},
                });
                dynamodb(&stack, "UpdateItem", request).await;
                continue;
            }
            _ => continue,
        };
        let answer = client.json(method, &path, &admin, &body).await;
        assert!(answer.status.is_success(), "{what}: {}", answer.text);
    }
    // A worker learns of a pause within a minute; a new one knows it.
    stack.function("dispatch").expect("the worker").replace().await;
    assert!(Clock::system().now() < due, "the changes came in time");
    client.is_drained().await;
    let sent = got(&client).await;
    for (what, id, recipient) in &all {
        assert_eq!(sent.contains_key(&recipient.address), *what == "nothing", "{what}");
        let expected = match *what {
            "nothing" => ("sent", Value::Null),
            "cancel" => ("cancelled", json!("cancelled")),
            "opt-out" => ("skipped", json!("channel_off")),
            "quiet" => ("held", json!("quiet_hours")),
            "pause" => ("held", json!("paused")),
            "expiry" => ("skipped", json!("expired")),
            _ => continue,
        };
        let data = client.notification_when(id, |data| data["deliveries"][0]["status"] == expected.0).await;
        let delivery = &data["deliveries"][0];
        assert_eq!((&delivery["status"], &delivery["reason"]), (&json!(expected.0), &expected.1), "{what}: {data}");
    }
    let at = Timestamp::parse(sent[&all[0].2.address][0]["at"].as_str().unwrap()).unwrap();
    // Each process goes by its own clock.
    assert!(at.plus(CLOCK_SKEW) >= due, "due at {due}, sent at {at}");
    let calls: BTreeSet<_> = sent.keys().collect();
    assert_eq!(calls, BTreeSet::from([&all[0].2.address]));
    stack.shutdown().await;
}

/// The workers of a version before, and of this one, list in the parts that this one reads.
#[tokio::test(flavor = "multi_thread")]
async fn what_code_of_before_has_listed_is_released() {
    let (stack, client) = own(options(&[("DispatchTimeout", "10")])).await;
    hold(&stack, 80, ahead(MINUTE), |number| number % 8).await;
    assert_eq!((client.tick().await, listed(&stack).await), (80, 0));
    eventually(async || (delayed(&client).await == 80).then_some(())).await;
    stack.shutdown().await;
}
