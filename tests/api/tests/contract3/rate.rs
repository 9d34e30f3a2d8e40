//! `rate_limited`: the deployment's own limit is reached, or DynamoDB throttles.

use api::{options, own};
use local::stack::Options;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Operator, is_error};

#[tokio::test]
async fn a_key_that_calls_too_often_is_429_and_says_when_to_come_back() {
    let limited = Options { concurrency: 1, ..options(&[("RateLimitPerMinute", "3")]) };
    let (stack, client) = own(limited).await;
    let operator = Operator::of(client).await;
    let path = format!("/admin/v1/users/{}", operator.user);
    for _ in 0..3 {
        assert_eq!(operator.send(Method::GET, &path, Value::Null).await.status.as_u16(), 200);
    }
    let refused = operator.send(Method::PUT, &path, json!({"first_name": "Not written"})).await;
    let wait = refused.json()["error"]["details"]["retry_after"].as_u64().unwrap();
    assert!((1..=20).contains(&wait), "{}", refused.text);
    is_error(&refused, 429, "rate_limited", json!({"limit": 3, "window": "60s", "retry_after": wait}));
    assert_eq!(refused.header("retry-after"), wait.to_string());
    let token = operator.client.token("admin").await;
    let user = operator.client.get(&format!("/api/v1/users/{}", operator.user), &token).await;
    assert_eq!(user.version(), 1, "nothing was written");
    stack.shutdown().await;
}

#[tokio::test]
async fn a_throttled_table_is_429_with_retry_after() {
    let (stack, client) = own(options(&[])).await;
    let operator = Operator::of(client).await;
    let path = format!("/admin/v1/users/{}/preferences", operator.user);
    assert_eq!(operator.send(Method::GET, &path, Value::Null).await.status.as_u16(), 200);
    let faults = json!({"dynamodb": [{"operation": "UpdateItem", "kind": "throttle"}]});
    operator.client.json(Method::PUT, "/_local/faults", "", &faults).await;
    let refused = operator.send(Method::PUT, &path, json!({"channel_types": {"sms": false}})).await;
    is_error(&refused, 429, "rate_limited", json!({"retry_after": 1}));
    assert_eq!(refused.header("retry-after"), "1");
    operator.client.json(Method::PUT, "/_local/faults", "", &json!({})).await;
    let read = operator.send(Method::GET, &path, Value::Null).await.json();
    assert_eq!(read["channel_types"]["sms"], true, "nothing was written");
    stack.shutdown().await;
}
