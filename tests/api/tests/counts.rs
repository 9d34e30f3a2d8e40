//! The calls and units that a request costs. They do not depend on the machine.

use api::{Client, namespace, options, own, unique_email};
use bytes::Bytes;
use local::stack::{Options, Stack};
use reqwest::Method;
use serde_json::{Map, Value, json};
use shared::domain::NotificationId;

/// A stack with one process per function, so that a first request fills every cache.
async fn quiet() -> (Stack, Client) {
    own(Options { concurrency: 1, ..options(&[]) }).await
}

/// The calls that `act` makes, as `{"UpdateItem": [calls, units], …}`. The calls to SQS have no units.
pub async fn calls(client: &Client, act: impl AsyncFnOnce()) -> Map<String, Value> {
    client.json(Method::DELETE, "/_local/calls", "", &Value::Null).await;
    act().await;
    let calls = client.get("/_local/calls", "").await.json();
    let of = |service: &str, count: &dyn Fn(&Value) -> Value| -> Vec<(String, Value)> {
        let operations = calls[service]["operations"].as_object().unwrap();
        operations.iter().map(|(name, operation)| (name.clone(), count(operation))).collect()
    };
    let dynamodb = of("dynamodb", &|operation| json!([operation["calls"], operation["units"]]));
    dynamodb.into_iter().chain(of("sqs", &|operation| operation["calls"].clone())).collect()
}

#[tokio::test]
async fn requests_cost_what_the_design_says() {
    let (stack, client) = quiet().await;
    let admin = client.token("admin").await;
    let user = client.new_user(json!({})).await;
    let path = format!("/api/v1/users/{}", user["id"].as_str().unwrap());
    let preferences = format!("{path}/preferences");
    let put = async |path: &str, body: Value| {
        let answer = client.json(Method::PUT, path, &admin, &body).await;
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    };

    let change = calls(&client, async || put(&preferences, json!({"preferences": {"email": false}})).await).await;
    assert_eq!(json!(change), json!({"UpdateItem": [1, 1.0]}), "a preference change");

    let hours = json!({"start": "22:00", "end": "07:00"});
    let change = calls(&client, async || put(&format!("{path}/quiet-hours"), hours).await).await;
    assert_eq!(json!(change), json!({"UpdateItem": [1, 1.0]}), "quiet hours");

    let profile = json!({"name": "New", "email": user["email"]});
    let change = calls(&client, async || put(&path, profile).await).await;
    assert_eq!(json!(change), json!({"UpdateItem": [1, 1.0]}), "a profile with the address it has");

    let moved = calls(&client, async || put(&path, json!({"email": unique_email()})).await).await;
    // Two units each for the user, the old address and the new one.
    let expected = json!({"UpdateItem": [1, 1.0], "TransactWriteItems": [1, 6.0]});
    assert_eq!(json!(moved), expected, "an address that changes");
    // The question whether the organisation allows it takes two more.
    let body = json!({"name": "Of an organisation", "email": unique_email()});
    let member = client.json(Method::POST, "/api/v1/users", &client.token("org_admin").await, &body).await.json();
    let path_of_member = format!("/api/v1/users/{}", member["id"].as_str().unwrap());
    let moved = calls(&client, async || put(&path_of_member, json!({"email": unique_email()})).await).await;
    let expected = json!({"UpdateItem": [1, 1.0], "TransactWriteItems": [1, 8.0]});
    assert_eq!(json!(moved), expected, "an address of an organisation's user");

    let read = calls(&client, async || drop(client.get(&path, &admin).await)).await;
    assert_eq!(json!(read), json!({"GetItem": [1, 1.0]}), "a read");
    stack.shutdown().await;
}

#[tokio::test]
async fn channel_settings_cost_one_write_once_the_channel_is_known() {
    let (stack, client) = quiet().await;
    let demo = client.demo().await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let path =
        format!("/admin/users/{}/channel-settings/{}", text(&demo["users"]["user"]), text(&demo["channels"]["fcm"]));
    let (key, secret) = (text(&demo["notiflows"]["api_key"]), text(&demo["notiflows"]["secret_key"]));
    let put = async |path: &str, settings: Value| {
        let keys = [("x-notiflows-api-key", key.as_str()), ("x-notiflows-secret-key", secret.as_str())];
        let body = json!({"settings": settings}).to_string().into_bytes();
        assert_eq!(client.send(Method::PUT, path, &keys, Some(body)).await.status.as_u16(), 200);
    };
    let tokens = |tokens: &[&str]| json!({"device_tokens": tokens});
    put(&path, tokens(&["a"])).await;
    // A token that is the user's already costs one read unit, so that it is known whether somebody else has registered it.
    let same = calls(&client, async || put(&path, tokens(&["a"])).await).await;
    assert_eq!(json!(same), json!({"BatchGetItem": [1, 1.0], "UpdateItem": [1, 1.0]}));
    // A token that is not costs a write, and the user is read first, so that only a change that is allowed registers it.
    let new = calls(&client, async || put(&path, tokens(&["a", "b", "c"])).await).await;
    let expected =
        json!({"BatchGetItem": [1, 3.0], "GetItem": [1, 1.0], "BatchWriteItem": [1, 2.0], "UpdateItem": [1, 1.0]});
    assert_eq!(json!(new), expected);
    let slack = path.replace(&text(&demo["channels"]["fcm"]), &text(&demo["channels"]["slack"]));
    let to_slack = async || put(&slack, json!({"slack_user_id": "U1"})).await;
    to_slack().await;
    assert_eq!(json!(calls(&client, to_slack).await), json!({"UpdateItem": [1, 1.0]}), "no token");
    stack.shutdown().await;
}

#[tokio::test]
async fn a_notification_is_one_write_and_one_message_and_a_batch_of_ten_one_read_and_one_claim() {
    let (stack, client) = quiet().await;
    let namespace = namespace(&stack);
    let user = client.new_user(json!({})).await;
    let service = client.token("service").await;
    let body = |request: &str| json!({"notification_type": "email", "user_id": user["id"], "content": {"body": "x"}, "request_id": request});
    client.settled(&client.notify(&body("warm")).await).await;
    client.is_drained().await;

    // SQS refuses every message, so the notifications are stored and no worker is told of them.
    let down = json!({"sqs": [{"operation": "SendMessageBatch", "kind": "error"}]});
    client.json(Method::PUT, "/_local/faults", "", &down).await;
    let mut records = Vec::new();
    for n in 0..10 {
        let request = format!("batch-{n}");
        let accepted = client.json(Method::POST, "/api/v1/notifications", &service, &body(&request)).await;
        assert_eq!(accepted.status.as_u16(), 503, "{}", accepted.text);
        let id = NotificationId::of_request(namespace, "demo-service", &request);
        let message = json!({
            "kind": "deliver.v1", "notification_id": id.to_string(), "user_id": user["id"], "channel": "email",
        });
        records.push(json!({
            "messageId": n.to_string(), "receiptHandle": "none", "body": message.to_string(), "attributes": {},
            "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "us-east-1",
        }));
    }
    client.json(Method::PUT, "/_local/faults", "", &json!({})).await;

    let event = Bytes::from(json!({"Records": records}).to_string());
    let dispatched = calls(&client, async || {
        let answer = stack.function("dispatch").unwrap().invoke(event).await.unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&answer).unwrap(), json!({"batchItemFailures": []}));
    })
    .await;
    // The first read gets one user and ten notifications, each below 4 KB, for one unit each; the second one asks for half a
    // unit whether the user's address is suppressed. One call claims all deliveries, and each outcome is written by itself.
    let expected = json!({"BatchGetItem": [2, 11.5], "BatchExecuteStatement": [1, 10.0], "UpdateItem": [10, 10.0]});
    assert_eq!(json!(dispatched), expected);
    assert_eq!(client.deliveries_to(user["email"].as_str().unwrap()).await.len(), 11);

    let skipped = json!({"preferences": {"email": false}});
    client
        .json(Method::PUT, &format!("/api/v1/users/{}/preferences", user["id"].as_str().unwrap()), "", &skipped)
        .await;
    let accepted = calls(&client, async || {
        client.settled(&client.notify(&body("skip")).await).await;
    })
    .await;
    assert_eq!(accepted["PutItem"], json!([1, 3.0]), "the record, and its entries in both indexes");
    assert_eq!(accepted["SendMessageBatch"], 1);
    assert_eq!(accepted["UpdateItem"], json!([1, 1.0]), "a skip is one write");
    stack.shutdown().await;
}

#[tokio::test]
async fn a_notification_on_every_channel_is_one_call_for_each_channel_s_queue() {
    let (stack, client) = quiet().await;
    let user = client.new_user(json!({})).await;
    let body = json!({"user_id": user["id"], "content": {"body": "x"}});
    let warm = client.settled(&client.notify(&body).await).await;
    let channels = warm["deliveries"].as_array().unwrap().len();
    assert!(channels > 1, "{warm}");
    client.is_drained().await;
    let accepted = calls(&client, async || drop(client.settled(&client.notify(&body).await).await)).await;
    assert_eq!(accepted["SendMessageBatch"], channels);
    stack.shutdown().await;
}
