//! Settings that contract 3's document does not have: `email`, `sms` and `webhook`.

use api::{options, own};
use local::stack::Stack;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Operator, is_fault};

/// A stack with a channel of every provider.
async fn every_provider() -> (Stack, Operator) {
    let (stack, client) = own(options(&[])).await;
    let token = client.token("admin").await;
    for provider in ["sms", "webhook"] {
        let path = format!("/api/v1/channels/{provider}");
        let made = client.json(Method::PUT, &path, &token, &json!({"provider": provider})).await;
        assert_eq!(made.status.as_u16(), 201, "{}", made.text);
    }
    let operator = Operator::of(client).await;
    (stack, operator)
}

#[tokio::test]
async fn each_provider_takes_its_own_settings() {
    let (stack, operator) = every_provider().await;
    for (channel, provider, given, kept) in [
        ("email", "email", json!({}), json!({})),
        ("email", "email", json!({"address": "ops@example.com"}), json!({"address": "ops@example.com"})),
        ("sms", "sms", json!({"phone": "+14155552671"}), json!({"phone": "+14155552671"})),
        (
            "webhook",
            "webhook",
            json!({"url": "https://Hooks.example.com/a"}),
            json!({"url": "https://hooks.example.com/a"}),
        ),
    ] {
        let put = operator.send(Method::PUT, &operator.path(channel), json!({"settings": given})).await;
        let body = put.json();
        put.is(
            200,
            json!({
                "channel_id": operator.channels[channel].as_str().unwrap_or(channel), "created_at": body["created_at"],
                "provider": provider, "settings": kept, "updated_at": body["updated_at"], "user_id": operator.user,
            }),
        );
        operator.send(Method::GET, &operator.path(channel), Value::Null).await.is(200, body);
    }
    for (channel, settings, field, reason) in [
        ("email", json!({"address": "nobody"}), "settings.address", "invalid"),
        ("sms", json!({}), "settings.phone", "required"),
        ("sms", json!({"phone": "0301234567"}), "settings.phone", "invalid"),
        ("sms", json!({"phone": "+14155552671", "url": "https://example.com"}), "settings.url", "unknown"),
        ("webhook", json!({}), "settings.url", "required"),
        ("webhook", json!({"url": "http://example.com/"}), "settings.url", "invalid"),
        ("webhook", json!({"url": "https://169.254.169.254/"}), "settings.url", "invalid"),
        ("webhook", json!({"url": "https://[::ffff:10.0.0.1]/"}), "settings.url", "invalid"),
        ("webhook", json!({"url": "https://2130706433/"}), "settings.url", "invalid"),
    ] {
        let before = operator.send(Method::GET, &operator.path(channel), Value::Null).await.json();
        is_fault(
            &operator.send(Method::PUT, &operator.path(channel), json!({"settings": settings})).await,
            field,
            reason,
        );
        operator.send(Method::GET, &operator.path(channel), Value::Null).await.is(200, before);
    }
    // This user has no inbox channel, and the webhook names no channel type to carry, so no provider carries the
    // message.
    let body = json!({"user_id": operator.user, "notification_type": "in_app", "content": {"body": "x"}});
    let settled = operator.client.settled(&operator.client.notify(&body).await).await;
    assert_eq!(settled["deliveries"][0]["reason"], "no_provider", "{settled}");
    stack.shutdown().await;
}

#[tokio::test]
async fn fifty_device_tokens_and_no_more_and_twenty_faults_at_the_most() {
    let operator = Operator::new().await;
    let path = operator.path("fcm");
    let tokens: Vec<_> = (0..50).map(|n| format!("token-{n}")).collect();
    let mut doubled = tokens.clone();
    doubled.extend(tokens.clone());
    let put = operator.send(Method::PUT, &path, json!({"settings": {"device_tokens": doubled}})).await;
    assert_eq!((put.status.as_u16(), &put.json()["settings"]["device_tokens"]), (200, &json!(tokens)));
    let mut many = tokens.clone();
    many.push("one-more".to_owned());
    let refused = operator.send(Method::PUT, &path, json!({"settings": {"device_tokens": many}})).await;
    is_fault(&refused, "settings.device_tokens", "length");
    let refused = operator.send(Method::PUT, &path, json!({"settings": {"device_tokens": vec![1; 1000]}})).await;
    assert_eq!(refused.json()["error"]["details"]["fields"].as_array().unwrap().len(), 20);
    operator.send(Method::GET, &path, Value::Null).await.is(200, put.json());
}

#[tokio::test]
async fn a_user_s_record_has_a_bound_and_is_not_written_beyond_it() {
    let operator = Operator::new().await;
    let tokens: Vec<_> = (0..50).map(|n| format!("{n:02}{}", "x".repeat(4090))).collect();
    let body = json!({"settings": {"device_tokens": tokens}});
    assert_eq!(operator.send(Method::PUT, &operator.path("fcm"), body.clone()).await.status.as_u16(), 200);
    is_fault(&operator.send(Method::PUT, &operator.path("apns"), body).await, "settings", "length");
    assert_eq!(operator.send(Method::GET, &operator.path("apns"), Value::Null).await.status.as_u16(), 404);
}
