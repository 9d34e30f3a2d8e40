//! What is past its time, and what DynamoDB has not removed yet.

use api::dynamodb;
use reqwest::Method;
use serde_json::{Value, json};

use super::{World, at, entry, later, native, notification};

/// DynamoDB leaves an item alone whose time was over more than five years ago; so does the emulator.
const LONG_AGO: i64 = 1;

fn dead_letter(n: usize, expires_at: i64) -> Value {
    let at = at(n);
    json!({
        "pk": {"S": "DEADLETTER"}, "sk": {"S": format!("{at}#letter-{n}")}, "reason": {"S": "unreadable"}, "body": {"S": "not JSON"},
        "given_up_at": {"N": at.millis().to_string()}, "expires_at": {"N": expires_at.to_string()},
    })
}

fn answer(user: &str, n: usize, expires_at: i64) -> Value {
    let body = json!({"status": {"N": "200"}, "headers": {"L": []}, "body": {"S": format!("answer {n}")}});
    json!({
        "pk": {"S": format!("IDEMPOTENCY#{n}")}, "sk": {"S": "IDEMPOTENCY"}, "owner": {"S": format!("USER#{user}")},
        "at": {"S": format!("ANSWER#{}#{n}", at(n))}, "request_hash": {"S": "x"}, "lease": {"S": "x"}, "until": {"N": "1"},
        "expires_at": {"N": expires_at.to_string()}, "answer": {"M": body},
    })
}

#[tokio::test]
async fn what_is_past_its_time_is_neither_shown_nor_sent_again_and_an_erasure_removes_it() {
    let world = World::new(&[]).await;
    let user = world.user().await;
    let mut items = Vec::new();
    for (n, expires_at) in [(1, LONG_AGO), (2, later()), (3, LONG_AGO)] {
        items.extend(notification(&user, n, "x", expires_at));
        items.extend([entry(&user, n, "x", expires_at), dead_letter(n, expires_at), answer(&user, n, expires_at)]);
    }
    let gone = items[0]["id"]["S"].as_str().unwrap().to_owned();
    world.put(items).await;
    let path = format!("/api/v1/users/{user}");
    let titles = world.walk(&format!("{path}/inbox?state=all"), native("title")).await;
    assert_eq!(titles, (vec!["2".to_owned()], vec![1]));
    let listed = world.walk(&format!("{path}/notifications?limit=100"), native("notification_id")).await;
    assert_eq!(listed.1, [1]);
    let read = world.client.get(&format!("/api/v1/notifications/{gone}"), &world.admin).await;
    assert_eq!(read.status, 404, "{}", read.text);
    let export = world.client.get(&format!("{path}/export"), &world.admin).await.json();
    for list in ["notifications", "inbox", "answers"] {
        assert_eq!(export[list].as_array().map(Vec::len), Some(1), "{list}: {export}");
    }
    assert_eq!(export["answers"][0]["answer"]["body"], "answer 2");

    let letters = world.walk("/api/v1/dead-letters?limit=100", native("id")).await.0;
    let id = |n: usize| format!("{}#letter-{n}", at(n));
    assert_eq!(letters, [id(2)]);
    let redrive = async |body: Value| {
        world.client.json(Method::POST, "/api/v1/dead-letters/redrive", &world.admin, &body).await.json()
    };
    let done = |redriven: usize, not_found: &[String]| json!({"redriven": redriven, "already_done": 0, "not_found": not_found, "has_more": false});
    assert_eq!(redrive(json!({"ids": [id(1), id(3)]})).await, done(0, &[id(1), id(3)]));
    assert_eq!(redrive(json!({"all": true})).await, done(1, &[]));

    let erased = world.client.json(Method::DELETE, &path, &world.admin, &Value::Null).await;
    assert_eq!(erased.status, 204, "{}", erased.text);
    let left = dynamodb(&world.stack, "Scan", json!({})).await.to_string();
    for word in ["INBOX#", "NOTIFICATION#", "answer 1", "answer 2"] {
        assert!(!left.contains(word), "{word} is still in the table");
    }
    world.stack.shutdown().await;
}
