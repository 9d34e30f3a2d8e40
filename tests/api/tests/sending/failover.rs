//! Channels that are configured wrongly, and the channels that are used instead of them.

use api::{Client, eventually, options, own, past_for_every_clock};
use local::stack::Stack;
use reqwest::Method;
use serde_json::{Value, json};

use super::{recipient, told};
use crate::{
    contract3::Operator,
    faults::{answers, got},
};

async fn put_channel(client: &Client, id: &str, secret: &str) {
    put_channel_at(client, id, secret, 0).await;
}

async fn put_channel_at(client: &Client, id: &str, secret: &str, position: u16) {
    let path = format!("/api/v1/channels/{id}");
    let body = json!({"provider": "fcm", "secret": secret, "position": position});
    let put = client.json(Method::PUT, &path, &client.token("admin").await, &body).await;
    assert!(put.status.is_success(), "{}", put.text);
}

async fn demo_fcm(client: &Client) -> String {
    client.demo().await["channels"]["fcm"].as_str().unwrap().to_owned()
}

/// A stack with two FCM channels: the first one has this secret, and the demo's own comes second. The channel is made
/// before a worker reads the channels, because a worker caches them.
async fn with_first(secret: &str, parameters: &[(&str, &str)]) -> (Stack, Client) {
    let (stack, client) = own(options(parameters)).await;
    put_channel(&client, "0-first", secret).await;
    (stack, client)
}

/// The state of each address, with the id of the channel that was used for it.
fn states(delivery: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let addresses = delivery["addresses"].as_object().into_iter().flatten();
    let mut states: Vec<_> = addresses.map(|(_, one)| (text(&one["channel_id"]), text(&one["state"]))).collect();
    states.sort();
    states
}

fn is(channel: &str, state: &str) -> (String, String) {
    (channel.to_owned(), state.to_owned())
}

#[tokio::test]
async fn a_channel_without_credentials_gives_up_loudly_and_is_redriven_once_they_are_there() {
    let (stack, client) = own(options(&[("MaxAttempts", "1")])).await;
    let fcm = demo_fcm(&client).await;
    put_channel(&client, &fcm, "tidings/nobody-has-made-it").await;
    let somebody = recipient(&client, "push").await;
    let id = client.notify(&somebody.notification()).await;
    let letter = eventually(async || client.dead_letters().await.pop()).await;
    assert_eq!(letter["reason"], "provider_misconfigured");
    let delivery = client.settled(&id).await["deliveries"][0].clone();
    let ended = (&delivery["status"], &delivery["reason"], &delivery["attempts"]);
    assert_eq!(ended, (&json!("dead_lettered"), &json!("provider_misconfigured"), &json!(1)), "{delivery}");
    assert_eq!(states(&delivery), [is(&fcm, "misconfigured")]);
    assert_eq!(client.get("/_local/providers", "").await.json()["fcm"], 0, "nobody was called");
    stack.providers().put_secret("tidings/nobody-has-made-it", &stack.providers().fcm_service_account());
    let admin = client.token("admin").await;
    let redriven = client.json(Method::POST, "/api/v1/dead-letters/redrive", &admin, &json!({"all": true})).await;
    assert_eq!(redriven.status.as_u16(), 202, "{}", redriven.text);
    let data = client.notification_when(&id, |data| data["status"] == "sent").await;
    assert_eq!(states(&data["deliveries"][0]), [is(&fcm, "sent")]);
    assert_eq!(got(&client).await[&somebody.address].len(), 1);
    client.is_drained().await;
    stack.shutdown().await;
}

#[tokio::test]
async fn where_the_first_channel_is_misconfigured_the_second_sends() {
    let (stack, client) = with_first("tidings/wrong", &[]).await;
    // A secret that does not exist, and a secret that is not a key of Google's.
    for secret in [None, Some("no JSON")] {
        if let Some(text) = secret {
            stack.providers().put_secret("tidings/wrong", text);
        }
        let somebody = recipient(&client, "push").await;
        let delivery = told(&client, &somebody).await;
        assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("sent"), &json!(1)), "{delivery}");
        assert_eq!(states(&delivery), [is("0-first", "misconfigured"), is(&demo_fcm(&client).await, "sent")]);
        assert_eq!(got(&client).await[&somebody.address].len(), 1);
    }
    client.is_drained().await;
    stack.shutdown().await;
}

#[tokio::test]
async fn the_second_channel_is_left_alone_where_the_first_sends() {
    let (stack, client) = with_first(local::demo::FCM_SECRET, &[]).await;
    let somebody = recipient(&client, "push").await;
    let delivery = told(&client, &somebody).await;
    assert_eq!(states(&delivery), [is("0-first", "sent")], "{delivery}");
    client.is_drained().await;
    assert_eq!(got(&client).await[&somebody.address].len(), 1);
    stack.shutdown().await;
}

#[tokio::test]
async fn an_outage_is_waited_for_and_the_second_channel_steps_in_at_the_last_attempt() {
    let (stack, client) = with_first(local::demo::FCM_SECRET, &[("MaxAttempts", "2"), ("RetryMostSeconds", "1")]).await;
    let somebody = recipient(&client, "push").await;
    answers(&client, "fcm", json!([{"to": somebody.address, "status": 503, "times": 2}])).await;
    let delivery = told(&client, &somebody).await;
    assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("sent"), &json!(2)), "{delivery}");
    assert_eq!(states(&delivery), [is("0-first", "unavailable"), is(&demo_fcm(&client).await, "sent")]);
    let statuses: Vec<_> =
        got(&client).await[&somebody.address].iter().map(|call| call["response"]["status"].clone()).collect();
    assert_eq!(statuses, [503, 503, 200], "first, first again, second");
    client.is_drained().await;
    stack.shutdown().await;
}

/// Sets the device tokens of a user on one channel.
async fn devices(operator: &Operator, channel: &str, tokens: &[&str]) {
    let body = json!({"settings": {"device_tokens": tokens}});
    let put = operator.send(Method::PUT, &operator.path(channel), body).await;
    assert_eq!(put.status.as_u16(), 200, "{}", put.text);
    // A device that seems to be registered after it was gone stays.
    past_for_every_clock().await;
}

/// Sends a push message to the user. Returns its delivery once that is settled.
async fn pushed(operator: &Operator) -> Value {
    let body = json!({"notification_type": "push", "user_id": operator.user, "content": {"body": "x"}});
    operator.client.settled(&operator.client.notify(&body).await).await["deliveries"][0].clone()
}

#[tokio::test]
async fn where_the_first_channel_s_device_is_gone_the_second_s_gets_it_at_once() {
    let (stack, client) = with_first(local::demo::FCM_SECRET, &[]).await;
    let (operator, fcm) = (Operator::of(client.clone()).await, demo_fcm(&client).await);
    devices(&operator, "0-first", &["old-phone"]).await;
    devices(&operator, "fcm", &["new-phone"]).await;
    answers(&client, "fcm", json!([{"to": "old-phone", "status": 404}])).await;
    let delivery = pushed(&operator).await;
    assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("sent"), &json!(1)), "{delivery}");
    assert_eq!(states(&delivery), [is("0-first", "gone"), is(&fcm, "sent")]);
    client.is_drained().await;
    // The address that is gone is not tried again.
    assert_eq!(states(&pushed(&operator).await), [is(&fcm, "sent")]);
    let got = got(&client).await;
    assert_eq!((got["old-phone"].len(), got["new-phone"].len()), (1, 2));
    stack.shutdown().await;
}

#[tokio::test]
async fn the_lowest_position_is_tried_first_whatever_the_ids_and_the_others_in_their_order() {
    let (stack, client) = own(options(&[])).await;
    let fcm = demo_fcm(&client).await;
    put_channel_at(&client, "a-last", local::demo::FCM_SECRET, 9).await;
    put_channel_at(&client, &fcm, local::demo::FCM_SECRET, 5).await;
    put_channel_at(&client, "z-first", local::demo::FCM_SECRET, 1).await;
    let operator = Operator::of(client.clone()).await;
    let all = [("z-first", "device-1"), ("fcm", "device-5"), ("a-last", "device-9")];
    for (channel, device) in all {
        devices(&operator, channel, &[device]).await;
    }
    // One channel after the other reports that it does not know its device, and that device is removed.
    for (at, (_, device)) in all.iter().enumerate() {
        let gone: Vec<_> = all[..at].iter().map(|(_, device)| json!({"to": device, "status": 404})).collect();
        answers(&client, "fcm", json!(gone)).await;
        let sent = pushed(&operator).await;
        assert_eq!(sent["status"], "sent", "{sent}");
        client.is_drained().await;
        let last = client.get("/_local/deliveries", "").await.json().as_array().and_then(|all| all.last().cloned());
        assert_eq!(last.expect("a call")["to"], *device);
    }
    let order: Vec<_> = client.get("/_local/deliveries", "").await.json().as_array().expect("calls").clone();
    let order: Vec<_> = order.iter().map(|call| call["to"].as_str().unwrap_or_default().to_owned()).collect();
    assert_eq!(order, ["device-1", "device-1", "device-5", "device-5", "device-9"]);
    stack.shutdown().await;
}

#[tokio::test]
async fn who_has_an_address_on_the_second_channel_only_is_sent_to_there() {
    let (stack, client) = with_first("tidings/nobody-has-made-it", &[]).await;
    let operator = Operator::of(client.clone()).await;
    devices(&operator, "fcm", &["only-phone"]).await;
    let delivery = pushed(&operator).await;
    assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("sent"), &json!(1)), "{delivery}");
    // The first channel is configured wrongly, but it was never used.
    assert_eq!(states(&delivery), [is(&demo_fcm(&client).await, "sent")]);
    client.is_drained().await;
    stack.shutdown().await;
}

#[tokio::test]
async fn our_own_credentials_that_a_provider_refuses_are_told_as_such() {
    let (stack, client) = own(options(&[("MaxAttempts", "1")])).await;
    for (provider, channel) in [("ses", "email"), ("fcm", "push")] {
        let somebody = recipient(&client, channel).await;
        answers(
            &client,
            provider,
            json!([{"to": somebody.address, "status": if channel == "email" { 403 } else { 401 }}]),
        )
        .await;
        let delivery = told(&client, &somebody).await;
        let ended = (&delivery["status"], &delivery["reason"]);
        assert_eq!(ended, (&json!("dead_lettered"), &json!("provider_misconfigured")), "{channel}: {delivery}");
    }
    stack.shutdown().await;
}
