//! If a provider reports that it does not know a device token, the token is removed from the user, unless the user has
//! replaced it.

use api::{Answer, Client, options, own, past_for_every_clock};
use reqwest::Method;
use serde_json::{Value, json};

use super::{recipient, told};
use crate::{
    contract3::Operator,
    faults::{Recipient, answers, faults, got},
    providers::{WAYS, World},
};

/// With this status FCM's stand-in answers `UNREGISTERED`.
const GONE: u16 = 404;

async fn push_token(client: &Client, recipient: &Recipient) -> Value {
    let path = format!("/api/v1/users/{}", recipient.user);
    client.get(&path, &client.token("admin").await).await.json()["push_token"].clone()
}

/// Sets the user's device tokens to `tokens`, or reads them if that is `None`. A token that seems to be registered after it was
/// gone stays, so this waits until every clock says that it was registered before.
async fn devices(operator: &Operator, tokens: Option<&[&str]>) -> Answer {
    let path = operator.path("fcm");
    match tokens {
        Some(tokens) => {
            let put = operator.send(Method::PUT, &path, json!({"settings": {"device_tokens": tokens}})).await;
            assert_eq!(put.status.as_u16(), 200, "{}", put.text);
            past_for_every_clock().await;
            put
        }
        None => operator.send(Method::GET, &path, Value::Null).await,
    }
}

async fn push(operator: &Operator) -> Value {
    let body = json!({"notification_type": "push", "user_id": operator.user, "content": {"body": "x"}});
    operator.client.settled(&operator.client.notify(&body).await).await["deliveries"][0].clone()
}

fn gone(token: &str) -> Value {
    json!({"to": token, "status": GONE, "always": true})
}

/// Delays the worker's write that removes `token` from the user.
async fn hold_prune(client: &Client, token: &str) {
    let held = json!({
        "operation": "UpdateItem", "caller": "dispatch", "kind": "delay", "delay_ms": 3500, "times": 1,
        "containing": ["USER#", token],
    });
    faults(client, json!({"dynamodb": [held]})).await;
}

#[tokio::test]
async fn a_push_token_that_is_gone_is_taken_from_the_user() {
    let (stack, client) = own(options(&[])).await;
    let somebody = recipient(&client, "push").await;
    past_for_every_clock().await;
    answers(&client, "fcm", json!([gone(&somebody.address)])).await;
    let delivery = told(&client, &somebody).await;
    assert_eq!((&delivery["status"], &delivery["reason"]), (&json!("failed"), &json!("address_gone")));
    client.is_drained().await;
    assert_eq!(push_token(&client, &somebody).await, Value::Null);
    assert_eq!(told(&client, &somebody).await["reason"], "no_address");
    assert_eq!(got(&client).await[&somebody.address].len(), 1);
    stack.shutdown().await;
}

#[tokio::test]
async fn of_several_devices_the_others_stay_and_with_the_last_the_settings_go() {
    let (stack, client) = own(options(&[])).await;
    let operator = Operator::of(client.clone()).await;
    devices(&operator, Some(&["phone", "tablet", "watch"])).await;
    answers(&client, "fcm", json!([gone("phone"), gone("watch")])).await;
    let delivery = push(&operator).await;
    assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("sent"), &json!(1)), "{delivery}");
    client.is_drained().await;
    assert_eq!(devices(&operator, None).await.json()["settings"], json!({"device_tokens": ["tablet"]}));
    answers(&client, "fcm", json!([gone("tablet")])).await;
    assert_eq!(push(&operator).await["reason"], "address_gone");
    client.is_drained().await;
    assert_eq!(devices(&operator, None).await.status.as_u16(), 404);
    assert_eq!(push(&operator).await["reason"], "no_address");
    // The user can set device tokens again.
    devices(&operator, Some(&["new-phone"])).await;
    assert_eq!(push(&operator).await["status"], "sent");
    stack.shutdown().await;
}

#[tokio::test]
async fn a_token_that_was_replaced_or_registered_again_meanwhile_stays() {
    let (stack, client) = own(options(&[("DispatchTimeout", "10")])).await;
    let admin = client.token("admin").await;
    for (again, registered) in [("another-token", false), ("the-same", true)] {
        let somebody = recipient(&client, "push").await;
        let token = if registered { somebody.address.as_str() } else { again };
        past_for_every_clock().await;
        answers(&client, "fcm", json!([gone(&somebody.address)])).await;
        hold_prune(&client, &somebody.address).await;
        assert_eq!(told(&client, &somebody).await["reason"], "address_gone");
        past_for_every_clock().await;
        let path = format!("/api/v1/users/{}", somebody.user);
        let put = client.json(Method::PUT, &path, &admin, &json!({"push_token": token})).await;
        assert_eq!(put.status.as_u16(), 200, "{}", put.text);
        client.is_drained().await;
        assert_eq!(push_token(&client, &somebody).await, token);
        // What was registered before the next answer is gone with it.
        if registered {
            past_for_every_clock().await;
            assert_eq!(told(&client, &somebody).await["reason"], "address_gone");
            client.is_drained().await;
            assert_eq!(push_token(&client, &somebody).await, Value::Null);
        }
    }

    let operator = Operator::of(client.clone()).await;
    answers(&client, "fcm", json!([gone("old-phone")])).await;
    devices(&operator, Some(&["old-phone"])).await;
    hold_prune(&client, "old-phone").await;
    assert_eq!(push(&operator).await["reason"], "address_gone");
    past_for_every_clock().await;
    devices(&operator, Some(&["old-phone", "new-phone"])).await;
    client.is_drained().await;
    // The list has been written meanwhile, so both tokens were registered after the answer.
    assert_eq!(devices(&operator, None).await.json()["settings"], json!({"device_tokens": ["old-phone", "new-phone"]}));
    assert_eq!(push(&operator).await["status"], "sent");
    client.is_drained().await;
    assert_eq!(devices(&operator, None).await.json()["settings"], json!({"device_tokens": ["new-phone"]}));
    stack.shutdown().await;
}

#[tokio::test]
async fn a_token_that_apple_lost_before_it_was_registered_stays() {
    let world = World::start(1, &[]).await;
    let apns = WAYS.iter().find(|way| way.stand_in == "apns").expect("APNs");
    let client = &world.client;
    let mut rows = Vec::new();
    // An answer that is older than the registration is about an earlier one; what lies ahead of us counts as now.
    for (since, reason) in [(1_454_948_015_990_i64, Value::Null), (32_503_680_000_000, json!("no_address"))] {
        let recipient = world.recipient(apns).await;
        let body = json!({"reason": "Unregistered", "timestamp": since});
        rows.push((json!({"to": recipient.address, "status": 410, "body": body}), reason, recipient));
    }
    past_for_every_clock().await;
    answers(client, "apns", rows.iter().map(|(answer, ..)| answer.clone()).collect()).await;
    for (_, reason, recipient) in rows {
        assert_eq!(told(client, &recipient).await["reason"], "address_gone");
        client.is_drained().await;
        assert_eq!(told(client, &recipient).await["reason"], reason);
    }
    world.stack.shutdown().await;
}

#[tokio::test]
async fn a_provider_that_refuses_us_or_is_broken_takes_no_token_away() {
    let (stack, client) = own(options(&[("MaxAttempts", "1")])).await;
    for status in [400, 401, 403, 408, 429, 500, 502, 503] {
        let somebody = recipient(&client, "push").await;
        // Answers 401 and 403 without FCM's own error code. FCM refuses our credentials like that.
        let answer = json!({"to": somebody.address, "status": status, "body": {"error": {"code": status}}});
        answers(&client, "fcm", json!([answer])).await;
        let delivery = told(&client, &somebody).await;
        // Who is turned away with 429 has used up no attempt, and comes again.
        assert_eq!(delivery["status"] == "sent", status == 429, "{status}: {delivery}");
        assert_ne!(delivery["reason"], "address_gone", "{status}");
        client.queues_empty().await;
        assert_eq!(push_token(&client, &somebody).await, somebody.address, "{status}");
    }
    // Answers 401 and 403 with FCM's own error codes, for a project without the right to send and for a project that
    // does not exist.
    for status in [401, 403] {
        let somebody = recipient(&client, "push").await;
        answers(&client, "fcm", json!([{"to": somebody.address, "status": status}])).await;
        assert_ne!(told(&client, &somebody).await["reason"], "address_gone", "{status}");
        client.queues_empty().await;
        assert_eq!(push_token(&client, &somebody).await, somebody.address, "{status}");
    }
    stack.shutdown().await;
}
