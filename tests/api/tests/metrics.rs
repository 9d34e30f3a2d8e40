//! The metrics of the functions, as CloudWatch finds them in the lines of their logs.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use api::{Client, dynamodb, eventually, options, own};
use local::stack::{FunctionLogs, Options};
use reqwest::Method;
use serde_json::{Value, json};
use shared::{
    clock::Clock,
    metrics::{Dimension, Metric, NAMESPACE},
};

use crate::faults::{Recipient, answers, faults};

/// By metric and dimensions: the sum of a count, or how many values another metric has.
#[derive(Debug, Default)]
struct Counted(BTreeMap<String, u64>);

impl Counted {
    /// Adds the metrics of a log line. A line that is not a metric event is ignored; a metric event must have the form
    /// that CloudWatch reads.
    fn line(&mut self, line: &str) {
        let Ok(Value::Object(document)) = serde_json::from_str(line) else { return };
        let Some(metadata) = document.get("_aws") else { return };
        assert!(metadata["Timestamp"].as_i64().unwrap() > 1_700_000_000_000, "milliseconds: {line}");
        let directives = metadata["CloudWatchMetrics"].as_array().unwrap();
        for directive in directives {
            assert_eq!(directive["Namespace"], NAMESPACE);
            for set in directive["Dimensions"].as_array().unwrap() {
                let set = set.as_array().unwrap();
                assert_eq!(set[0], Dimension::STACK);
                let values: Vec<_> =
                    set.iter().map(|name| document[name.as_str().unwrap()].as_str().unwrap()).collect();
                assert_eq!(values[0], "tidings");
                for definition in directive["Metrics"].as_array().unwrap() {
                    self.metric(definition, &values[1..], &document[definition["Name"].as_str().unwrap()]);
                }
            }
        }
        let told: usize = directives.iter().map(|one| one["Metrics"].as_array().unwrap().len()).sum();
        let names = directives[0]["Dimensions"][0].as_array().unwrap().len();
        assert_eq!(document.len(), 1 + names + told, "nothing stands there that is no metric or dimension: {line}");
    }

    fn metric(&mut self, definition: &Value, dimensions: &[&str], value: &Value) {
        let name = definition["Name"].as_str().unwrap();
        let metric = Metric::ALL.into_iter().find(|metric| metric.name() == name).expect(name);
        assert_eq!(definition["Unit"], metric.unit());
        assert_eq!(dimensions.len(), metric.dimensions().len(), "{name}");
        let values = value.as_array().map_or_else(|| vec![value], |values| values.iter().collect());
        assert!(values.len() <= 100 && values.iter().all(|value| value.is_u64()), "{name}: {value}");
        let counted = if metric.is_counted() { values[0].as_u64().unwrap() } else { values.len() as u64 };
        if counted > 0 {
            let key = [name].iter().chain(dimensions).copied().collect::<Vec<_>>().join(" ");
            *self.0.entry(key).or_default() += counted;
        }
    }
}

/// A folder for the functions' logs, and the options of a stack that writes its logs there.
fn logged(name: &str, parameters: &[(&str, &str)]) -> (PathBuf, Options) {
    let logs = std::env::temp_dir().join(format!("tidings-metrics-{name}-{}", std::process::id()));
    (logs.clone(), Options { logs: FunctionLogs::Directory(logs), ..options(parameters) })
}

/// The metrics in the logs of a stack that was shut down.
fn counted(logs: &Path) -> Vec<(String, u64)> {
    let mut counted = Counted::default();
    for file in fs::read_dir(logs).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        text.lines().for_each(|line| counted.line(line));
    }
    fs::remove_dir_all(logs).unwrap();
    counted.0.into_iter().collect()
}

fn is(counted: &[(String, u64)], expected: &[(&str, u64)]) {
    let counted: Vec<_> = counted.iter().map(|(key, count)| (key.as_str(), *count)).collect();
    assert_eq!(counted, expected);
}

#[tokio::test]
async fn a_message_that_gives_up_is_counted_once_however_many_copies_it_has() {
    let (logs, options) = logged("letters", &[("MaxAttempts", "1")]);
    let (stack, client) = own(options).await;
    let push = Recipient::new(&client, &client.token("admin").await, "push").await;
    answers(&client, "fcm", json!([{"status": 503}])).await;
    let id = client.notify(&push.notification()).await;
    eventually(async || client.dead_letters().await.pop()).await;
    client.queues_empty().await;
    let dead_letters = &stack.template().queue("DeadLetterQueue").unwrap().url;
    stack.sqs().client().send_message().queue_url(dead_letters).message_body(push.message(&id)).send().await.unwrap();
    client.queues_empty().await;
    assert_eq!(client.dead_letters().await.len(), 1);
    stack.shutdown().await;
    let expected =
        [("Accepted", 1), ("AttemptFailures fcm", 1), ("AttemptLatency fcm", 1), ("DeadLettered", 1), ("Lateness", 1)];
    is(&counted(&logs), &expected);
}

/// The answer to a `DELETE` of the notification.
async fn cancelled(client: &Client, id: &str) -> Value {
    let service = client.token("service").await;
    let answer = client.json(Method::DELETE, &format!("/api/v1/notifications/{id}"), &service, &Value::Null).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    answer.json()["data"].clone()
}

#[tokio::test]
async fn what_one_device_has_got_is_counted_as_sent_whatever_stops_it_then() {
    let (logs, options) = logged("devices", &[]);
    let (stack, client) = own(options).await;
    let demo = client.demo().await;
    let user = client.new_user(json!({})).await;
    let id = user["id"].as_str().unwrap();
    let path = format!("/admin/users/{id}/channel-settings/{}", demo["channels"]["fcm"].as_str().unwrap());
    let keys = &demo["notiflows"];
    let keys = [("x-notiflows-api-key", &keys["api_key"]), ("x-notiflows-secret-key", &keys["secret_key"])];
    let keys = keys.map(|(name, value)| (name, value.as_str().unwrap()));
    let devices = br#"{"settings":{"device_tokens":["phone","tablet"]}}"#.to_vec();
    assert_eq!(client.send(Method::PUT, &path, &keys, Some(devices)).await.status.as_u16(), 200);

    for cancel in [true, false] {
        let refusal = json!({"to": "tablet", "status": 503, "headers": {"retry-after": "2"}});
        answers(&client, "fcm", json!([refusal])).await;
        let body = json!({"notification_type": "push", "user_id": id, "content": {"body": "x"}});
        let notification = client.notify(&body).await;
        client.notification_when(&notification, |data| data["status"] == "retrying").await;
        if cancel {
            assert_eq!(cancelled(&client, &notification).await["status"], "sent");
        } else {
            let path = format!("/api/v1/users/{id}/preferences");
            let off = json!({"preferences": {"push": false}});
            client.json(Method::PUT, &path, &client.token("admin").await, &off).await;
            assert_eq!(client.settled(&notification).await["status"], "sent");
        }
    }
    client.queues_empty().await;
    stack.shutdown().await;
    let expected = [
        ("Accepted", 2),
        ("AttemptFailures fcm", 2),
        ("AttemptLatency fcm", 4),
        ("Lateness", 4),
        ("Retried fcm", 2),
        ("Sent none push", 2),
    ];
    is(&counted(&logs), &expected);
}

/// One whose record is written, though no answer said so, and one whose record has to be written by another call.
#[tokio::test]
async fn an_entry_of_an_inbox_is_counted_once_whatever_becomes_of_its_record() {
    let (logs, options) = logged("inbox", &[]);
    let (stack, client) = own(options).await;
    client.set_up_inbox().await;
    let user = client.new_user(json!({})).await;
    for fault in [json!({"kind": "reset", "applied": true}), json!({"kind": "error"})] {
        let mut records = json!({"operation": "BatchExecuteStatement", "containing": ["DELIVERY#in_app"]});
        records.as_object_mut().unwrap().extend(fault.as_object().unwrap().clone());
        faults(&client, json!({"dynamodb": [records]})).await;
        let body = json!({"notification_type": "in_app", "user_id": user["id"], "content": {"body": "x"}});
        let id = client.notify(&body).await;
        assert_eq!(client.settled(&id).await["status"], "sent");
        client.queues_empty().await;
    }
    stack.shutdown().await;
    is(&counted(&logs), &[("Accepted", 2), ("AttemptLatency in_app", 2), ("Lateness", 2), ("Sent in_app in_app", 2)]);
}

#[tokio::test]
async fn what_happened_is_counted_once_and_in_the_embedded_metric_format() {
    let (logs, options) = logged("all", &[]);
    let (stack, client) = own(options).await;
    let admin = client.token("admin").await;
    let [mail, push] = [Recipient::new(&client, &admin, "email").await, Recipient::new(&client, &admin, "push").await];

    // A notification that is sent, and requested twice.
    let mut asked = mail.notification();
    asked["request_id"] = json!("once");
    let id = client.notify(&asked).await;
    assert_eq!(client.notify(&asked).await, id);
    client.settled(&id).await;
    // A notification that the provider rejects.
    let refusal =
        json!({"status": 400, "headers": {"x-amzn-errortype": "MessageRejected"}, "body": {"message": "a virus"}});
    answers(&client, "ses", json!([refusal])).await;
    client.settled(&client.notify(&mail.notification()).await).await;
    // A notification on a channel that the user has turned off.
    let path = format!("/api/v1/users/{}/preferences", mail.user);
    client.json(Method::PUT, &path, &admin, &json!({"preferences": {"email": false}})).await;
    client.settled(&client.notify(&mail.notification()).await).await;
    // A notification that needs two attempts.
    answers(&client, "fcm", json!([{"status": 503}])).await;
    client.settled(&client.notify(&push.notification()).await).await;
    // A notification that is held and then cancelled. The request that cancels it is counted, and a repeated request is
    // not.
    let mut later = push.notification();
    later["send_at"] = json!(Clock::system().now().plus(std::time::Duration::from_secs(3600)));
    let later = client.notify(&later).await;
    client.notification_when(&later, |data| data["deliveries"][0]["trace"].is_array()).await;
    for _ in 0..3 {
        assert_eq!(cancelled(&client, &later).await["status"], "cancelled");
    }
    // A message that becomes a dead letter.
    let queue = stack.template().queue("Queue").unwrap().url.clone();
    stack.sqs().client().send_message().queue_url(queue).message_body("?").send().await.unwrap();
    eventually(async || client.dead_letters().await.pop()).await;
    client.queues_empty().await;
    stack.shutdown().await;

    let expected = [
        ("Accepted", 5),
        ("AttemptFailures email", 1),
        ("AttemptFailures fcm", 1),
        ("AttemptLatency email", 2),
        ("AttemptLatency fcm", 2),
        ("Cancelled", 1),
        ("DeadLettered", 1),
        ("Failed email", 1),
        ("Held not_yet_due", 1),
        ("Retried fcm", 1),
        ("Sent email email", 1),
        ("Sent fcm push", 1),
        ("Skipped channel_off", 1),
    ];
    let (lateness, others): (Vec<_>, Vec<_>) = counted(&logs).into_iter().partition(|(key, _)| key == "Lateness");
    is(&others, &expected);
    // The message that was sent twice and the one that was retried were begun twice. A send to SQS that was answered too late
    // is repeated, so on a busy machine there may be more.
    assert!(matches!(lateness[..], [(_, 7..)]), "{lateness:?}");
}

/// A tombstone on the list of erasures, whose user nobody has touched for long.
fn erasing(user: &str, version: Value) -> Value {
    json!({"Item": {
        "pk": {"S": format!("USER#{user}")}, "sk": {"S": "USER"}, "version": version, "erased_at": {"N": "1"}, "erasing": {"M": {}},
        "owner": {"S": "ERASING#3"}, "at": {"S": format!("2024-03-01T10:00:00.000Z#{user}")},
    }})
}

#[tokio::test]
async fn an_erasure_that_fails_is_counted_each_time_and_one_that_is_finished_is_not() {
    let (logs, options) = logged("erasures", &[]);
    let (stack, client) = own(options).await;
    let [broken, whole] = [1, 2].map(|number| format!("00000000-0000-4000-8000-{number:012}"));
    dynamodb(&stack, "PutItem", erasing(&broken, json!({"S": "two"}))).await;
    dynamodb(&stack, "PutItem", erasing(&whole, json!({"N": "2"}))).await;
    let is_left = async |user: &str| {
        let key = json!({"Key": {"pk": {"S": format!("USER#{user}")}, "sk": {"S": "USER"}}});
        dynamodb(&stack, "GetItem", key).await["Item"]["erasing"].is_object()
    };
    for _ in 0..2 {
        client.tick().await;
        assert_eq!((is_left(&broken).await, is_left(&whole).await), (true, false));
    }
    // Somebody repairs it.
    dynamodb(&stack, "PutItem", erasing(&broken, json!({"N": "2"}))).await;
    client.tick().await;
    assert!(!is_left(&broken).await);
    stack.shutdown().await;
    is(&counted(&logs), &[("ErasureFailures", 2)]);
}

/// It is not an error of any call that the table is busy, but the erasure does not end.
#[tokio::test]
async fn an_erasure_that_only_waits_for_a_busy_table_is_counted_in_each_run() {
    let (logs, options) = logged("waiting-erasures", &[("DispatchTimeout", "5")]);
    let (stack, client) = own(options).await;
    let user = format!("00000000-0000-4000-8000-{:012}", 3);
    dynamodb(&stack, "PutItem", erasing(&user, json!({"N": "2"}))).await;
    let key = json!({"pk": {"S": "DEVICE#x"}, "sk": {"S": "DEVICE"}, "owner": {"S": format!("USER#{user}")}, "at": {"S": "DEVICE#x"}});
    dynamodb(&stack, "PutItem", json!({"Item": key})).await;
    client.index_catches_up().await;
    faults(&client, json!({"dynamodb": [{"operation": "BatchWriteItem", "caller": "dispatch", "kind": "throttle"}]}))
        .await;
    client.tick().await;
    client.tick().await;
    faults(&client, json!({})).await;
    client.tick().await;
    stack.shutdown().await;
    is(&counted(&logs), &[("ErasureFailures", 2)]);
}

/// How many runs of the release the functions' logs count.
fn releases(logs: &Path) -> usize {
    let files = fs::read_dir(logs).unwrap().map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    files.map(|text| text.lines().filter(|line| line.contains("\"Released\":")).count()).sum()
}

#[tokio::test]
async fn every_run_of_the_release_is_counted_also_if_nothing_was_due_and_none_that_failed() {
    let (logs, options) = logged("release", &[]);
    let (stack, client) = own(options).await;
    let tick = async || {
        client.index_catches_up().await;
        let fired = client.json(Method::POST, "/_local/functions/dispatch/tick", "", &Value::Null).await;
        assert_eq!(fired.status.as_u16(), 200, "{}", fired.text);
    };
    tick().await;
    // Each share is a run.
    let counted = eventually(async || Some(releases(&logs)).filter(|count| *count == 4)).await;
    faults(&client, json!({"dynamodb": [{"operation": "Query", "caller": "dispatch", "kind": "error"}]})).await;
    tick().await;
    stack.shutdown().await;
    assert_eq!(releases(&logs), counted, "a run that could read nothing is no run");
    fs::remove_dir_all(&logs).unwrap();
}
