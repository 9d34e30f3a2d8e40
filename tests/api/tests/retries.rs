//! Repeated calls to the table: those that the SDK repeats, and those that it does not.

use api::{Client, options, own};
use reqwest::Method;
use serde_json::{Value, json};

async fn fault(client: &Client, fault: Value) {
    let set = client.json(Method::PUT, "/_local/faults", "", &json!({"dynamodb": [fault]})).await;
    assert!(set.status.is_success(), "{}", set.text);
}

fn preferences(user: &Value) -> String {
    format!("/api/v1/users/{}/preferences", user["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_change_that_meets_a_transaction_waits_for_its_end() {
    let (stack, client) = own(options(&[])).await;
    let user = client.new_user(json!({})).await;
    fault(&client, json!({"operation": "UpdateItem", "kind": "conflict", "times": 3})).await;
    let answer = client.json(Method::PUT, &preferences(&user), "", &json!({"preferences": {"email": false}})).await;
    assert_eq!((answer.status.as_u16(), answer.version()), (200, 2), "{}", answer.text);
    stack.shutdown().await;
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_is_made_once() {
    let (stack, client) = own(options(&[])).await;
    let user = client.new_user(json!({})).await;
    for (version, tag) in [(2, "\"1\""), (3, "*")] {
        fault(&client, json!({"operation": "UpdateItem", "kind": "reset", "applied": true, "times": 1})).await;
        let body = json!({"preferences": {"email": version == 2}}).to_string().into_bytes();
        let answer = client.send(Method::PUT, &preferences(&user), &[("if-match", tag)], Some(body)).await;
        assert_eq!((answer.status.as_u16(), answer.version()), (200, version), "{}", answer.text);
    }
    stack.shutdown().await;
}

#[tokio::test]
async fn throttling_that_lasts_is_503_and_nothing_is_written() {
    let (stack, client) = own(options(&[])).await;
    let user = client.new_user(json!({})).await;
    fault(&client, json!({"operation": "UpdateItem", "kind": "throttle"})).await;
    let answer = client.json(Method::PUT, &preferences(&user), "", &json!({"preferences": {"email": false}})).await;
    answer.is(503, json!({"statusCode": 503, "message": "Temporarily unavailable, please try again"}));
    assert_eq!(answer.header("retry-after"), "1");
    let token = client.token("admin").await;
    client.get(&format!("/api/v1/users/{}", user["id"].as_str().unwrap()), &token).await.is(200, user);
    stack.shutdown().await;
}
