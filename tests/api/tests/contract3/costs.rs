//! The calls and units that a request costs, and concurrent requests that lose nothing.

use api::{options, own};
use futures::future::join_all;
use local::stack::Options;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{Operator, external_id, user_path};

#[tokio::test]
async fn a_change_is_one_write_and_a_new_user_one_more() {
    let (stack, client) = own(Options { concurrency: 1, ..options(&[]) }).await;
    let operator = Operator::of(client).await;
    let calls = async |path: &str, body: Value| {
        operator.client.json(Method::DELETE, "/_local/calls", "", &Value::Null).await;
        let answer = operator.send(Method::PUT, path, body).await;
        assert!(answer.status.is_success(), "{}", answer.text);
        let calls = operator.client.get("/_local/calls", "").await.json();
        let operations = calls["dynamodb"]["operations"].as_object().unwrap().clone();
        operations.into_iter().map(|(name, operation)| (name, operation["calls"].clone())).collect::<Map<_, _>>()
    };
    let path = user_path(&external_id());
    operator.send(Method::GET, &path, Value::Null).await;
    let created = calls(&path, json!({"first_name": "A", "custom_fields": {"a": {"b": 1}}})).await;
    assert_eq!(json!(created), json!({"UpdateItem": 1, "PutItem": 1}), "a new user");
    let body = json!({"first_name": "B", "locale": "de", "custom_fields": {"a": {"b": 2}, "c": 3}});
    assert_eq!(json!(calls(&path, body).await), json!({"UpdateItem": 1}), "a change, the parents of its fields there");
    let merged = calls(&path, json!({"custom_fields": {"d": {"e": 1}}})).await;
    assert_eq!(json!(merged), json!({"UpdateItem": 2}), "a parent that is missing");
    // A process reads the categories once a minute.
    operator.send(Method::PUT, &format!("{path}/preferences"), json!({})).await;
    let body = json!({"channel_types": {"sms": false}, "notiflows": {"news": {"channel_types": {"email": false}}}});
    let preferences = calls(&format!("{path}/preferences"), body).await;
    assert_eq!(json!(preferences), json!({"UpdateItem": 1}), "preferences");
    stack.shutdown().await;
}

#[tokio::test]
async fn all_that_one_request_may_carry_goes_into_one_write() {
    let operator = Operator::new().await;
    let path = user_path(&external_id());
    let handles: Map<_, _> = (0..60).map(|n| (format!("handle-{n}"), json!({"enabled": true}))).collect();
    let fields: Map<_, _> = (0..40).map(|n| (format!("field-{n}"), json!(n))).collect();
    let tokens = json!({"device_tokens": ["a"]});
    let body = json!({
        "email": "a@example.com", "first_name": "A", "last_name": "B", "phone": "+14155552671", "avatar": "https://a.b",
        "locale": "de-DE", "timezone": "Europe/Berlin", "custom_fields": fields,
        "preferences": {
            "channel_types": {
                "chat": true, "email": true, "in_app": true, "mobile_push": true, "sms": true, "web_push": true,
            },
            "notiflows": handles,
        },
        "channel_settings": [
            {"channel_id": operator.channels["fcm"], "settings": tokens},
            {"channel_id": operator.channels["apns"], "settings": tokens},
            {"channel_id": operator.channels["email"], "settings": {}},
            {"channel_id": operator.channels["slack"], "settings": {"slack_user_id": "U1"}},
        ],
    });
    for status in [201, 200] {
        let answer = operator.send(Method::PUT, &path, body.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
        assert_eq!(answer.json()["custom_fields"], json!(fields));
    }
}

#[tokio::test]
async fn merges_at_once_lose_nothing() {
    const WRITERS: usize = 8;
    const ROUNDS: usize = 10;
    let operator = Operator::new().await;
    let path = user_path(&external_id());
    let writers = (0..WRITERS).map(|writer| {
        let (operator, path) = (&operator, &path);
        async move {
            for round in 0..ROUNDS {
                // The first write of each writer finds that the parent object, or even the user, does not exist.
                let body = json!({"custom_fields": {"shared": {format!("{writer}-{round}"): round}}});
                let answer = loop {
                    let answer = operator.send(Method::PUT, path, body.clone()).await;
                    if answer.status.as_u16() != 503 {
                        break answer;
                    }
                };
                assert!([200, 201].contains(&answer.status.as_u16()), "{}", answer.text);
            }
        }
    });
    join_all(writers).await;
    let fields = operator.send(Method::GET, &path, Value::Null).await;
    assert_eq!(fields.json()["custom_fields"]["shared"].as_object().unwrap().len(), WRITERS * ROUNDS);
    assert_eq!(fields.version(), u64::try_from(WRITERS * ROUNDS).unwrap(), "one version up a write");
}
