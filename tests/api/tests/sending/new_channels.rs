//! Channels that are configured while workers have read the channels already, and cache them.

use std::time::Duration;

use api::{options, own, unique};
use local::stack::Options;
use reqwest::Method;
use serde_json::json;

use super::{recipient, told};
use crate::{contract3::Operator, faults::Recipient};

#[tokio::test]
async fn the_first_message_by_a_new_channel_is_sent() {
    let (stack, client) = own(Options { concurrency: 1, ..options(&[]) }).await;
    let operator = Operator::of(client.clone()).await;
    let known = recipient(&client, "push").await;
    assert_eq!(told(&client, &known).await["status"], "sent", "now the worker has read the channels");
    // What it has read in the last five seconds it does not read again.
    tokio::time::sleep(Duration::from_secs(5)).await;

    let body = json!({"provider": "fcm", "secret": local::demo::FCM_SECRET});
    let put = client.json(Method::PUT, "/api/v1/channels/new-app", &client.token("admin").await, &body).await;
    assert!(put.status.is_success(), "{}", put.text);
    let user = client.new_user(json!({})).await["id"].as_str().unwrap().to_owned();
    let address = format!("device-{}", unique());
    let path = format!("/admin/v1/users/{user}/channel-settings/new-app");
    let settings = operator.send(Method::PUT, &path, json!({"settings": {"device_tokens": [address]}})).await;
    assert!(settings.status.is_success(), "{}", settings.text);
    let delivery = told(&client, &Recipient { user, address, channel: "push" }).await;
    assert_eq!((&delivery["status"], &delivery["reason"]), (&json!("sent"), &json!(null)), "{delivery}");
    stack.shutdown().await;
}
