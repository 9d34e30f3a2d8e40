//! `POST /api/v1/notifications/explain`: it answers with the decision that `dispatch` would make, and changes nothing.

use std::time::Duration;

use api::{Client, forbidden, options, own, shared};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::Timestamp;

use crate::contract3::Operator;

const EXPLAIN: &str = "/api/v1/notifications/explain";

async fn explain(client: &Client, body: &Value) -> Value {
    let answer = client.json(Method::POST, EXPLAIN, &client.token("service").await, body).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["message"]),
        (200, &json!("Nothing was sent")),
        "{}",
        answer.text
    );
    answer.json()["data"].clone()
}

/// The body of each request and the expected reason; null if the notification would be sent.
async fn cases(operator: &Operator) -> Vec<(Value, Value)> {
    let client = &operator.client;
    let preferences = format!("/admin/v1/users/{}/preferences", operator.user);
    let change = json!({"channel_types": {"mobile_push": false}, "notiflows": {"stopped": {"enabled": false}}});
    assert_eq!(operator.send(Method::PUT, &preferences, change).await.status.as_u16(), 200);
    let gone = client.new_user(json!({})).await;
    let admin = client.token("admin").await;
    let path = format!("/api/v1/users/{}", gone["id"].as_str().unwrap());
    assert_eq!(client.json(Method::DELETE, &path, &admin, &Value::Null).await.status.as_u16(), 204);
    let user = json!(operator.user);
    let body = |channel: &str, user: &Value, more: Value| {
        let mut body = json!({"notification_type": channel, "user_id": user, "content": {"body": "x"}});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let past = json!({"expires_at": Timestamp::EPOCH.plus(Duration::from_secs(60))});
    vec![
        (body("email", &user, past), json!("expired")),
        (body("email", &json!("00000000-0000-4000-8000-000000000002"), json!({})), json!("user_not_found")),
        (body("email", &gone["id"], json!({})), json!("user_erased")),
        (body("push", &user, json!({})), json!("channel_off")),
        (body("push", &user, json!({"critical": true})), json!("no_address")),
        (body("email", &user, json!({"group": "stopped"})), json!("group_opted_out")),
        (body("email", &user, json!({"group": "stopped", "critical": true})), Value::Null),
        (body("sms", &user, json!({})), json!("no_provider")),
        (body("slack", &user, json!({})), json!("no_address")),
        (body("email", &user, json!({})), Value::Null),
    ]
}

#[tokio::test]
async fn it_says_of_each_reason_what_dispatch_then_does() {
    let (stack, client) = own(options(&[])).await;
    let operator = Operator::of(client.clone()).await;
    for (body, reason) in cases(&operator).await {
        let said = explain(&client, &body).await;
        assert_eq!(said["channels"].as_array().map(Vec::len), Some(1), "{said}");
        let said = &said["channels"][0];
        let delivery = client.settled(&client.notify(&body).await).await["deliveries"][0].clone();
        assert_eq!((&said["reason"], &delivery["reason"]), (&reason, &reason), "{body}: {said} {delivery}");
        assert_eq!(said["decision"], if reason.is_null() { "send" } else { "skip" });
        assert_eq!(said["trace"], delivery["trace"], "{body}");
    }
    stack.shutdown().await;
}

#[tokio::test]
async fn it_names_the_ways_and_never_an_address() {
    let client = shared();
    let user = client.new_user(json!({"push_token": format!("device-{}", api::unique())})).await;
    let said = explain(&client, &json!({"user_id": user["id"], "content": {"body": "x"}})).await;
    let channels = client.demo().await["channels"].clone();
    let way = |channel: &str, provider: &str| json!([{"channel_id": channels[channel], "provider": provider, "addresses": 1}]);
    let through: Vec<_> = said["channels"].as_array().unwrap().iter().map(|c| c["through"].clone()).collect();
    assert_eq!(through, [way("email", "email"), way("fcm", "fcm"), Value::Null], "{said}");
    for address in ["email", "push_token"] {
        assert!(!said.to_string().contains(user[address].as_str().unwrap()), "{said}");
    }
}

#[tokio::test]
async fn it_writes_nothing_and_sends_nothing() {
    let (stack, client) = own(options(&[])).await;
    let user = client.new_user(json!({"push_token": "nobody-calls"})).await;
    let body = json!({"user_id": user["id"], "content": {"body": "x"}, "request_id": "explained"});
    client.json(Method::DELETE, "/_local/calls", "", &Value::Null).await;
    explain(&client, &body).await;
    explain(&client, &body).await;
    let calls = client.get("/_local/calls", "").await.json();
    let operations = calls["dynamodb"]["operations"].as_object().unwrap();
    let reads = ["GetItem", "BatchGetItem", "Query"];
    assert!(!operations.is_empty() && operations.keys().all(|name| reads.contains(&name.as_str())), "{calls}");
    assert_eq!(calls["sqs"]["total"], 0, "{calls}");
    client.is_drained().await;
    assert_eq!(client.get("/_local/deliveries", "").await.json(), json!([]));
    // `explain` did not use up the request id.
    assert_eq!(client.settled(&client.notify(&body).await).await["status"], "sent");
    stack.shutdown().await;
}

#[tokio::test]
async fn only_senders_and_operators_ask() {
    let client = shared();
    let user = client.new_user(json!({})).await;
    let body = json!({"user_id": user["id"], "content": {"body": "x"}});
    let refused = forbidden("admin, service");
    let own = super::own_token(user["id"].as_str().unwrap());
    client.json(Method::POST, EXPLAIN, &own, &body).await.is(403, refused.clone());
    for who in ["user", "broker"] {
        client.json(Method::POST, EXPLAIN, &client.token(who).await, &body).await.is(403, refused.clone());
    }
    let nobody = json!({"statusCode": 401, "message": "Unauthorized"});
    client.json(Method::POST, EXPLAIN, "", &body).await.is(401, nobody);
    let admin = client.token("admin").await;
    assert_eq!(client.json(Method::POST, EXPLAIN, &admin, &body).await.status.as_u16(), 200);
    let bad = client.json(Method::POST, EXPLAIN, &admin, &json!({"user_id": user["id"]})).await;
    let errors = ["template_code or content is required"];
    bad.is(400, json!({"statusCode": 400, "message": "Validation failed", "errors": errors}));
}
