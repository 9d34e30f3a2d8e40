//! No message waits for another one: if one message of a batch is slow, the others are not slower for it.

use std::{fs, time::Duration};

use api::{Client, options, own, unique};
use local::stack::{FunctionLogs, Options, Stack};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Batch, dispatch};
use crate::faults::{answers, faults};

/// Works on a batch whose first message is slow, and asserts that the others are recorded as sent before it.
async fn the_first_is_last(stack: &Stack, client: &Client, batch: &Batch) {
    let others: Vec<_> = (1..batch.ids.len()).collect();
    let while_it_waits = async {
        batch.are_sent(client, &others).await;
        batch.deliveries(client).await[0]["status"].clone()
    };
    let (back, first) = tokio::join!(dispatch(stack, batch.messages(1)), while_it_waits);
    assert_ne!(first, "sent");
    assert_eq!(back, Some(Vec::new()));
    batch.each_was_sent_once(client).await;
}

#[tokio::test]
async fn one_slow_provider_record_or_template_holds_up_nobody_else() {
    let (stack, client) = own(options(&[("DispatchTimeout", "15")])).await;
    let clear = async || client.json(Method::DELETE, "/_local/deliveries", "", &Value::Null).await;

    let provider = Batch::plain(&stack, &client, 4).await;
    answers(&client, "fcm", json!([{"to": provider.recipients[0].address, "delay_ms": 4000}])).await;
    the_first_is_last(&stack, &client, &provider).await;
    clear().await;

    let record = Batch::plain(&stack, &client, 4).await;
    let finish = json!({
        "operation": "UpdateItem", "kind": "delay", "delay_ms": 2500, "times": 1,
        "containing": [record.ids[0], "\"recorded\""],
    });
    faults(&client, json!({"dynamodb": [finish]})).await;
    the_first_is_last(&stack, &client, &record).await;
    clear().await;

    let code = format!("slow-{}", unique());
    let words = json!({"locales": {"default": {"push": {"title": "Hello", "body": "Hello"}}}});
    let admin = client.token("admin").await;
    let put = client.json(Method::PUT, &format!("/api/v1/templates/{code}"), &admin, &words).await;
    assert!(put.status.is_success(), "{}", put.text);
    let template = Batch::of(&stack, &client, 4, |place, recipient| match place {
        0 => json!({"notification_type": "push", "user_id": recipient.user, "template_code": code}),
        _ => recipient.notification(),
    })
    .await;
    let read =
        json!({"operation": "Query", "kind": "delay", "delay_ms": 2500, "containing": ["TEMPLATE#"], "times": 1});
    faults(&client, json!({"dynamodb": [read]})).await;
    the_first_is_last(&stack, &client, &template).await;
    stack.shutdown().await;
}

#[tokio::test]
async fn a_batch_is_sent_at_once_and_leaves_one_line_a_message() {
    leaves_lines("debug", 10).await;
}

#[tokio::test]
async fn what_is_sent_at_once_leaves_no_line_but_at_debug() {
    leaves_lines("info", 0).await;
}

/// Sends a batch of ten at this level of the log. Each message leaves one line, or none leaves any.
async fn leaves_lines(level: &str, expected: usize) {
    let logs = std::env::temp_dir().join(format!("tidings-batches-{level}-{}", std::process::id()));
    let options = options(&[("DispatchTimeout", "15"), ("LogLevel", level)]);
    let options = Options { concurrency: 1, logs: FunctionLogs::Directory(logs.clone()), ..options };
    let (stack, client) = own(options).await;
    let batch = Batch::plain(&stack, &client, 10).await;
    let slow = json!([{"delay_ms": 1000, "always": true}]);
    answers(&client, "fcm", slow.clone()).await;
    answers(&client, "ses", slow).await;
    let start = std::time::Instant::now();
    assert_eq!(dispatch(&stack, batch.messages(1)).await, Some(Vec::new()));
    let took = start.elapsed();
    println!("ten that take a second each took {took:?}");
    assert!(took < Duration::from_secs(4), "{took:?}");
    batch.each_was_sent_once(&client).await;
    stack.shutdown().await;

    let files = fs::read_dir(&logs).unwrap().map(|file| file.unwrap().path());
    let of_dispatch = files.filter(|path| path.to_string_lossy().contains("dispatch"));
    let text: String = of_dispatch.map(|path| fs::read_to_string(path).unwrap()).collect();
    fs::remove_dir_all(&logs).unwrap();
    let (metrics, lines): (Vec<_>, Vec<_>) = text.lines().partition(|line| line.contains("\"_aws\""));
    assert!(!metrics.is_empty() && lines.len() == expected, "{text}");
    for id in &batch.ids {
        let own = lines.iter().filter(|line| line.contains(id) && line.contains("\"sent\"")).count();
        assert_eq!(own, usize::from(expected > 0), "{text}");
    }
}
