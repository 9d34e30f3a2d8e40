//! A person with several devices: push reaches each of them, through the provider of its platform.

use api::{Client, options, own, past_for_every_clock};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    contract3::Operator,
    faults::{answers, got},
};

/// A user with an Android phone and an iPhone. Nobody else has their tokens.
struct Both {
    operator: Operator,
    android: String,
    iphone: String,
}

impl Both {
    async fn of(client: &Client) -> Self {
        let operator = Operator::of(client.clone()).await;
        let [android, iphone] = ["android", "iphone"].map(|name| format!("{name}-{}", operator.user));
        for (channel, token) in [("fcm", &android), ("apns", &iphone)] {
            let body = json!({"settings": {"device_tokens": [token]}});
            let put = operator.send(Method::PUT, &operator.path(channel), body).await;
            assert_eq!(put.status.as_u16(), 200, "{}", put.text);
        }
        Self { operator, android, iphone }
    }

    fn notification(&self) -> Value {
        json!({"notification_type": "push", "user_id": self.operator.user, "content": {"body": "x"}})
    }

    /// Waits until the notification is settled. Returns its delivery, and the statuses with which FCM and APNs answered.
    async fn told(&self, notification: &str) -> (Value, Vec<Value>, Vec<Value>) {
        let client = &self.operator.client;
        let delivery = client.settled(notification).await["deliveries"][0].clone();
        let got = got(client).await;
        let statuses = |token: &String| {
            let calls = got.get(token).into_iter().flatten();
            calls.map(|call| call["response"]["status"].clone()).collect()
        };
        (delivery, statuses(&self.android), statuses(&self.iphone))
    }

    /// The state at each device, by the provider of its channel.
    fn states(&self, delivery: &Value) -> Vec<(String, Value)> {
        let name = |channel: &Value| {
            let names = self.operator.channels.as_object().unwrap();
            names.iter().find(|(_, id)| *id == channel).map(|(name, _)| name.clone()).unwrap_or_default()
        };
        let addresses = delivery["addresses"].as_object().into_iter().flatten();
        let mut states: Vec<_> = addresses.map(|(_, one)| (name(&one["channel_id"]), one["state"].clone())).collect();
        states.sort_by(|one, other| one.0.cmp(&other.0));
        states
    }
}

#[tokio::test]
async fn both_phones_of_a_person_get_it_and_neither_waits_for_or_repeats_the_other() {
    let (stack, client) = own(options(&[("RetryMostSeconds", "1")])).await;
    let is = |fcm: &str, apns: &str| [("apns".to_owned(), json!(apns)), ("fcm".to_owned(), json!(fcm))];
    // The provider with trouble, its first answer, the attempts, and the states at the end: FCM's, APNs'.
    for (provider, answer, attempts, ends) in [
        ("none", json!({}), 1, is("sent", "sent")),
        ("fcm", json!({"status": 503, "times": 1}), 2, is("sent", "sent")),
        ("apns", json!({"status": 503, "times": 1}), 2, is("sent", "sent")),
        // Our own credentials are not accepted.
        ("fcm", json!({"status": 401, "times": 1}), 2, is("sent", "sent")),
        ("apns", json!({"status": 403, "times": 1}), 2, is("sent", "sent")),
        ("fcm", json!({"status": 404}), 1, is("gone", "sent")),
        ("apns", json!({"status": 410}), 1, is("sent", "gone")),
    ] {
        let both = Both::of(&client).await;
        let mut given = answer.clone();
        let troubled = if provider == "fcm" { &both.android } else { &both.iphone };
        if provider != "none" {
            given["to"] = json!(troubled);
            answers(&client, provider, json!([given])).await;
        }
        let (delivery, fcm, apns) = both.told(&client.notify(&both.notification()).await).await;
        let case = format!("{provider} {answer}: {delivery}");
        assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("sent"), &json!(attempts)), "{case}");
        assert_eq!(both.states(&delivery), ends, "{case}");
        // Who accepted it is not called again.
        let (well, ill) = if provider == "fcm" { (apns, fcm) } else { (fcm, apns) };
        assert_eq!((well, ill.len()), (vec![json!(200)], attempts), "{case}");
    }
    client.is_drained().await;
    stack.shutdown().await;
}

#[tokio::test]
async fn a_platform_without_credentials_is_redriven_alone() {
    let (stack, client) = own(options(&[("MaxAttempts", "1")])).await;
    let both = Both::of(&client).await;
    let admin = client.token("admin").await;
    let body = json!({"provider": "apns", "secret": "tidings/nobody-has-made-it"});
    let apns = format!("/api/v1/channels/{}", both.operator.channels["apns"].as_str().unwrap());
    assert!(client.json(Method::PUT, &apns, &admin, &body).await.status.is_success());
    let id = client.notify(&both.notification()).await;
    let (delivery, fcm, apns) = both.told(&id).await;
    assert_eq!(
        (&delivery["status"], &delivery["reason"], fcm, apns),
        (&json!("dead_lettered"), &json!("provider_misconfigured"), vec![json!(200)], vec![]),
        "{delivery}"
    );
    // `explain` and the trace name each platform.
    let through: Vec<_> = [("apns", "apns"), ("fcm", "fcm")]
        .map(|(name, provider)| json!({"channel_id": both.operator.channels[name], "provider": provider, "addresses": 1}))
        .into();
    let service = client.token("service").await;
    let explained = client.json(Method::POST, "/api/v1/notifications/explain", &service, &both.notification()).await;
    let mut said = explained.json()["data"]["channels"][0].clone();
    said["through"].as_array_mut().unwrap().sort_by_key(|way| way["provider"].as_str().map(str::to_owned));
    assert_eq!((&said["decision"], &said["through"]), (&json!("send"), &json!(through)), "{said}");
    assert_eq!(said["trace"], delivery["trace"]);
    let saw: Vec<_> = said["trace"].as_array().unwrap().iter().filter(|step| step["rule"] == "address").collect();
    let names = saw[0]["saw"].as_str().unwrap();
    assert!(names.contains("1 by apns") && names.contains("1 by fcm"), "{names}");

    stack.providers().put_secret("tidings/nobody-has-made-it", &stack.providers().apns_secret());
    client.queues_empty().await;
    let redriven = client.json(Method::POST, "/api/v1/dead-letters/redrive", &admin, &json!({"all": true})).await;
    assert_eq!(redriven.status.as_u16(), 202, "{}", redriven.text);
    client.notification_when(&id, |data| data["status"] == "sent").await;
    let got = got(&client).await;
    assert_eq!((got[&both.android].len(), got[&both.iphone].len()), (1, 1));
    client.is_drained().await;
    stack.shutdown().await;
}

#[tokio::test]
async fn the_push_token_goes_to_apns_where_nothing_else_carries_push() {
    let (stack, client) = own(options(&[])).await;
    let admin = client.token("admin").await;
    let fcm = format!("/api/v1/channels/{}", client.demo().await["channels"]["fcm"].as_str().unwrap());
    assert_eq!(client.json(Method::DELETE, &fcm, &admin, &Value::Null).await.status.as_u16(), 204);
    let token = format!("iphone-{}", api::unique());
    let user = client.new_user(json!({"push_token": token})).await;
    let body = json!({"notification_type": "push", "user_id": user["id"], "content": {"body": "x"}});
    let delivery = client.settled(&client.notify(&body).await).await["deliveries"][0].clone();
    assert_eq!(delivery["status"], "sent", "{delivery}");
    assert_eq!(got(&client).await[&token][0]["provider"], "apns");
    // A token that Apple does not know any more is removed from the profile, if it was registered before.
    past_for_every_clock().await;
    answers(&client, "apns", json!([{"to": token, "status": 410}])).await;
    client.settled(&client.notify(&body).await).await;
    client.is_drained().await;
    let path = format!("/api/v1/users/{}", user["id"].as_str().unwrap());
    assert_eq!(client.get(&path, &admin).await.json()["push_token"], Value::Null);
    stack.shutdown().await;
}
