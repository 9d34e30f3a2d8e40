//! The erasure of a user who has more than one request can remove, and of one whose request dies.

use std::time::Duration;

use api::{Client, dynamodb, eventually, options, own};
use futures::{StreamExt, stream};
use local::stack::Stack;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shared::{clock::Clock, domain::Timestamp};
use uuid::Uuid;

use crate::faults::faults;

/// Writes notifications of a user, each with a delivery.
async fn write(stack: &Stack, user: &str, count: usize) {
    let now = Clock::system().now();
    let expires = json!({"N": now.plus(Duration::from_secs(100_000)).seconds().to_string()});
    let items = (0..count).flat_map(|_| {
        let (id, at) = (Uuid::new_v4(), json!({"N": now.millis().to_string()}));
        let item = |sort: &str, more: Value| {
            let mut item = json!({"pk": {"S": format!("NOTIFICATION#{id}")}, "sk": {"S": sort}, "expires_at": expires});
            item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({"PutRequest": {"Item": item}})
        };
        let place = format!("{now}#{id}");
        let content = json!({"S": r#"{"inline":{"body":"private words"}}"#});
        let notification =
            json!({"owner": {"S": format!("USER#{user}")}, "at": {"S": place}, "content": content, "created_at": at});
        let delivery = json!({"channel": {"S": "push"}, "status": {"S": "sent"}, "at_millis": at});
        [item("NOTIFICATION", notification), item("DELIVERY#push", delivery)]
    });
    let items: Vec<_> = items.collect();
    let writes = items.chunks(25).map(|chunk| dynamodb(stack, "BatchWriteItem", json!(chunk)));
    stream::iter(writes).buffer_unordered(4).collect::<Vec<_>>().await;
}

/// How many items the table has that are a notification's.
async fn left(stack: &Stack) -> usize {
    let scan = json!({"FilterExpression": "begins_with(pk, :n)", "ExpressionAttributeValues": {":n": {"S": "NOTIFICATION#"}}, "Select": "COUNT"});
    let (mut count, mut start) = (0, Value::Null);
    loop {
        let mut scan = scan.clone();
        if !start.is_null() {
            scan["ExclusiveStartKey"] = start;
        }
        let page = dynamodb(stack, "Scan", scan).await;
        count += page["Count"].as_u64().unwrap();
        start = page["LastEvaluatedKey"].clone();
        if start.is_null() {
            return usize::try_from(count).unwrap();
        }
    }
}

async fn tombstone(stack: &Stack, user: &str) -> Value {
    let key = json!({"pk": {"S": format!("USER#{user}")}, "sk": {"S": "USER"}});
    dynamodb(stack, "GetItem", json!({"Key": key, "ConsistentRead": true})).await["Item"].clone()
}

/// Moves the begin of an erasure back, or its second look, as if its request had ended long ago.
async fn time_passes(stack: &Stack, user: &str) {
    let old = Timestamp::from_millis(Clock::system().now().millis() - 120_000);
    let request = json!({
        "Key": {"pk": {"S": format!("USER#{user}")}, "sk": {"S": "USER"}}, "UpdateExpression": "SET #a = :a",
        "ConditionExpression": "begins_with(#o, :o)", "ExpressionAttributeNames": {"#a": "at", "#o": "owner"},
        "ExpressionAttributeValues": {":a": {"S": format!("{old}#{user}")}, ":o": {"S": "ERAS"}},
    });
    dynamodb(stack, "UpdateItem", request).await;
}

/// Asserts that the table has nothing of the user but the tombstones, after the second look at the erasure.
async fn nothing_is_left(stack: &Stack, client: &Client, user: &str) {
    assert_eq!(tombstone(stack, user).await["second_look"], json!({"BOOL": true}));
    time_passes(stack, user).await;
    client.tick().await;
    eventually(async || tombstone(stack, user).await["owner"].is_null().then_some(())).await;
    assert_eq!(left(stack).await, 0);
    let mut names: Vec<_> = tombstone(stack, user).await.as_object().unwrap().keys().cloned().collect();
    names.sort_unstable();
    assert_eq!(names, ["erased_at", "pk", "sk", "version"]);
    let table = dynamodb(stack, "Scan", json!({})).await.to_string();
    assert_eq!(table.matches(user).count(), 2, "the keys of two tombstones, and nothing else");
    assert!(!table.contains("private words"));
}

async fn somebody(client: &Client) -> String {
    client.new_user(json!({"name": "Private Name"})).await["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_more_than_a_request_can_remove_is_erased_at_once_and_removed_over_several_runs() {
    let (stack, client) = own(options(&[("HttpTimeout", "2"), ("DispatchTimeout", "5")])).await;
    let (admin, user) = (client.token("admin").await, somebody(&client).await);
    write(&stack, &user, 3000).await;
    let path = format!("/api/v1/users/{user}");
    // A large table is slow to delete from.
    faults(&client, json!({"dynamodb": [{"operation": "BatchWriteItem", "kind": "delay", "delay_ms": 1000}]})).await;
    let erased = client.json(Method::DELETE, &path, &admin, &Value::Null).await;
    assert_eq!((erased.status, erased.text.as_str()), (StatusCode::NO_CONTENT, ""));
    assert_eq!(client.get(&path, &admin).await.status, StatusCode::NOT_FOUND);
    let mut counts = vec![left(&stack).await];
    assert!(counts[0] > 0, "the request had no time for all of it");
    // While the request may still be at work, nobody else is.
    client.tick().await;
    assert!(tombstone(&stack, &user).await["erasing"].is_object());
    time_passes(&stack, &user).await;
    while tombstone(&stack, &user).await["erasing"].is_object() {
        client.tick().await;
        counts.push(left(&stack).await);
        assert!(counts.len() < 60, "{counts:?}");
    }
    assert!(counts.len() > 2 && counts.is_sorted_by(|before, after| after <= before), "several runs: {counts:?}");
    nothing_is_left(&stack, &client, &user).await;
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_its_process_dies_an_erasure_that_was_begun_ends() {
    let (stack, client) = own(options(&[("DispatchTimeout", "10")])).await;
    let admin = client.token("admin").await;
    for (operation, text, lacking) in [
        // The mark, whose answer is lost; the tombstone; its settings; what the index lists; the last write.
        ("UpdateItem", "endpoints_created", "?"),
        ("TransactWriteItems", "erasing", "?"),
        ("UpdateItem", "SETTINGS", "?"),
        ("BatchWriteItem", "NOTIFICATION#", "?"),
        ("UpdateItem", "erasing", "endpoints_created"),
    ] {
        let user = somebody(&client).await;
        write(&stack, &user, 30).await;
        // A notification's write names no user.
        let containing = if operation == "BatchWriteItem" { vec![text] } else { vec![text, user.as_str()] };
        let kill = json!({
            "operation": operation, "caller": "users", "containing": containing, "lacking": [lacking], "kind": "kill", "times": 1,
            "applied": operation == "UpdateItem",
        });
        faults(&client, json!({"dynamodb": [kill]})).await;
        let answer = client.json(Method::DELETE, &format!("/api/v1/users/{user}"), &admin, &Value::Null).await;
        assert!(answer.status.is_server_error(), "{operation} {text}: {} {}", answer.status, answer.text);
        faults(&client, json!({})).await;
        if tombstone(&stack, &user).await["erasing"].is_object() {
            time_passes(&stack, &user).await;
        }
        client.tick().await;
        eventually(async || tombstone(&stack, &user).await["erasing"].is_null().then_some(())).await;
        nothing_is_left(&stack, &client, &user).await;
    }
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_was_created_again_is_left_alone() {
    let (stack, client) = own(options(&[("DispatchTimeout", "10")])).await;
    let (admin, user) = (client.token("admin").await, somebody(&client).await);
    let erased = client.json(Method::DELETE, &format!("/api/v1/users/{user}"), &admin, &Value::Null).await;
    assert_eq!(erased.status, StatusCode::NO_CONTENT);
    // The list of erasures still has the user: an index lags, or an old entry was never removed.
    let item = json!({
        "pk": {"S": format!("USER#{user}")}, "sk": {"S": "USER"}, "owner": {"S": "ERASING#3"},
        "at": {"S": format!("2024-03-01T10:00:00.000Z#{user}")}, "version": {"N": "9"}, "created_at": {"N": "1"}, "updated_at": {"N": "1"},
    });
    dynamodb(&stack, "PutItem", json!({"Item": item})).await;
    write(&stack, &user, 5).await;
    client.tick().await;
    assert_eq!((left(&stack).await, tombstone(&stack, &user).await), (10, item));
    stack.shutdown().await;
}
