//! What a pause does to deliveries, and what its end does.

use std::time::Duration;

use api::eventually;
use reqwest::Method;
use serde_json::{Value, json};

use super::{ahead, by_admin, forget, is, pause, paused, record, resume, said, somebody, stack, tick};
use crate::faults::{Recipient, got};

const HOUR: Duration = Duration::from_secs(60 * 60);

fn of_group(recipient: &Recipient, group: &str) -> Value {
    let mut body = recipient.notification();
    body["group"] = json!(group);
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_paused_is_held_also_what_is_critical_and_sent_once_when_it_is_resumed() {
    let (stack, client) = stack().await;
    let recipient = somebody(&client).await;
    pause(&stack, &client, "channel:push", json!({"note": "FCM is down"})).await;
    let mut critical = recipient.notification();
    critical["critical"] = json!(true);
    let ids = [client.notify(&recipient.notification()).await, client.notify(&critical).await];
    for id in &ids {
        let delivery = paused(&client, id).await;
        assert_eq!(said(&delivery), json!({"rule": "not_paused", "saw": "channel:push held", "said": "stop"}));
        assert!(delivery["held_until"].is_string(), "{delivery}");
        let owner = record(&stack, id).await["owner"]["S"].clone();
        assert!(owner.as_str().is_some_and(|owner| owner.starts_with("PAUSED#")), "{owner}");
    }
    client.is_drained().await;
    assert_eq!(tick(&client).await, 0, "it is paused still");
    assert!(!got(&client).await.contains_key(&recipient.address));
    resume(&stack, &client, "channel:push").await;
    assert_eq!(tick(&client).await, 2);
    for id in &ids {
        let data = client.settled(id).await;
        is(&data, "sent", Value::Null);
        assert_eq!(data["deliveries"][0]["attempts"], 1, "{data}");
        let record = record(&stack, id).await;
        assert!(record["owner"].is_null() && record["at"].is_null(), "{record}");
    }
    assert_eq!(tick(&client).await, 0);
    client.is_drained().await;
    assert_eq!(got(&client).await[&recipient.address].len(), 2);
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dropped_ends_as_skipped_and_is_never_sent() {
    let (stack, client) = stack().await;
    let recipient = somebody(&client).await;
    pause(&stack, &client, "group:news", json!({"mode": "drop"})).await;
    let (dropped, other) = (of_group(&recipient, "news"), of_group(&recipient, "orders"));
    let [dropped, other] = [client.notify(&dropped).await, client.notify(&other).await];
    let data = client.settled(&dropped).await;
    is(&data, "skipped", json!("paused"));
    assert_eq!(said(&data["deliveries"][0])["saw"], "group:news dropped");
    is(&client.settled(&other).await, "sent", Value::Null);
    resume(&stack, &client, "group:news").await;
    assert_eq!(tick(&client).await, 0);
    client.is_drained().await;
    assert_eq!(got(&client).await[&recipient.address].len(), 1, "what is dropped stays dropped");
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_is_changed_to_drop_drops_what_it_has_held() {
    let (stack, client) = stack().await;
    let recipient = somebody(&client).await;
    pause(&stack, &client, "all", json!({})).await;
    let id = client.notify(&recipient.notification()).await;
    paused(&client, &id).await;
    assert_eq!(by_admin(&client, Method::PUT, "all", json!({"mode": "drop"})).await.status.as_u16(), 200);
    forget(&stack).await;
    assert_eq!(tick(&client).await, 1);
    is(&client.settled(&id).await, "skipped", json!("paused"));
    client.is_drained().await;
    assert!(!got(&client).await.contains_key(&recipient.address));
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_with_an_end_ends_by_itself_and_its_place_is_free_again() {
    let (stack, client) = stack().await;
    let recipient = somebody(&client).await;
    // Long enough that the worker decides before, also on a slow machine.
    let until = ahead(Duration::from_secs(15));
    pause(&stack, &client, "all", json!({"until": until})).await;
    let id = client.notify(&recipient.notification()).await;
    let delivery = paused(&client, &id).await;
    assert_eq!(delivery["held_until"], json!(until));
    assert_eq!(said(&delivery)["saw"], format!("all held until {until}"));
    assert_eq!(tick(&client).await, 0);
    eventually(async || {
        (by_admin(&client, Method::GET, "all", Value::Null).await.status.as_u16() == 404).then_some(())
    })
    .await;
    // The worker knows the end: nobody has to tell it.
    assert_eq!(tick(&client).await, 1);
    is(&client.settled(&id).await, "sent", Value::Null);
    let again = by_admin(&client, Method::PUT, "all", json!({})).await;
    assert_eq!(again.status.as_u16(), 201, "{}", again.text);
    assert_eq!(by_admin(&client, Method::DELETE, "all", Value::Null).await.status.as_u16(), 204);
    client.is_drained().await;
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_pauses_the_end_of_one_lets_nothing_through_that_the_other_stops() {
    let (stack, client) = stack().await;
    let recipient = somebody(&client).await;
    pause(&stack, &client, "all", json!({"until": ahead(2 * HOUR)})).await;
    pause(&stack, &client, "group:news", json!({"until": ahead(HOUR)})).await;
    let both = client.notify(&of_group(&recipient, "news")).await;
    let one = client.notify(&recipient.notification()).await;
    for id in [&both, &one] {
        let saw = said(&paused(&client, id).await)["saw"].clone();
        assert!(saw.as_str().is_some_and(|saw| saw.starts_with("all held until")), "the longer one holds: {saw}");
    }
    resume(&stack, &client, "all").await;
    assert_eq!(tick(&client).await, 2);
    is(&client.settled(&one).await, "sent", Value::Null);
    client.is_drained().await;
    let by_the_other = |data: &Value| {
        said(&data["deliveries"][0])["saw"].as_str().is_some_and(|saw| saw.starts_with("group:news held"))
    };
    is(&client.notification_when(&both, by_the_other).await, "held", json!("paused"));
    assert_eq!(tick(&client).await, 0);
    resume(&stack, &client, "group:news").await;
    assert_eq!(tick(&client).await, 1);
    is(&client.settled(&both).await, "sent", Value::Null);
    client.is_drained().await;
    assert_eq!(got(&client).await[&recipient.address].len(), 2);
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_comes_before_a_drop() {
    let (stack, client) = stack().await;
    let recipient = somebody(&client).await;
    pause(&stack, &client, "all", json!({"mode": "drop"})).await;
    pause(&stack, &client, "group:security", json!({})).await;
    let id = client.notify(&of_group(&recipient, "security")).await;
    assert_eq!(said(&paused(&client, &id).await)["saw"], "group:security held");
    is(&client.settled(&client.notify(&recipient.notification()).await).await, "skipped", json!("paused"));
    resume(&stack, &client, "all").await;
    resume(&stack, &client, "group:security").await;
    assert_eq!(tick(&client).await, 1);
    is(&client.settled(&id).await, "sent", Value::Null);
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_while_it_is_paused_is_honoured() {
    let (stack, client) = stack().await;
    let admin = client.token("admin").await;
    pause(&stack, &client, "all", json!({})).await;
    let mut held = Vec::new();
    for what in ["opt-out", "cancel", "expiry", "erasure", "nothing"] {
        let recipient = somebody(&client).await;
        let mut body = recipient.notification();
        if what == "expiry" {
            body["expires_at"] = json!(ahead(Duration::from_secs(20)));
        }
        let id = client.notify(&body).await;
        let delivery = paused(&client, &id).await;
        if what == "expiry" {
            assert_eq!(delivery["held_until"], body["expires_at"], "{delivery}");
        }
        held.push((what, id, recipient));
    }
    for (what, id, Recipient { user, .. }) in &held {
        let path = format!("/api/v1/users/{user}");
        let answer = match *what {
            "opt-out" => {
                let off = json!({"preferences": {"push": false}});
                client.json(Method::PUT, &format!("{path}/preferences"), &admin, &off).await
            }
            "cancel" => client.json(Method::DELETE, &format!("/api/v1/notifications/{id}"), &admin, &Value::Null).await,
            "erasure" => client.json(Method::DELETE, &path, &admin, &Value::Null).await,
            _ => continue,
        };
        assert!(answer.status.is_success(), "{what}: {}", answer.text);
    }
    // What expires ends although the pause goes on.
    eventually(async || {
        let released = tick(&client).await;
        (released == 1).then_some(())
    })
    .await;
    let expired = held.iter().find(|(what, ..)| *what == "expiry").expect("one");
    is(&client.settled(&expired.1).await, "skipped", json!("expired"));
    resume(&stack, &client, "all").await;
    assert_eq!(tick(&client).await, 3, "of who is erased nothing is left");
    client.is_drained().await;
    for (what, id, recipient) in &held {
        let sent = got(&client).await.contains_key(&recipient.address);
        match *what {
            "opt-out" => is(&client.settled(id).await, "skipped", json!("channel_off")),
            "cancel" => is(&client.settled(id).await, "cancelled", json!("cancelled")),
            "expiry" => is(&client.settled(id).await, "skipped", json!("expired")),
            "erasure" => {
                let gone = client.get(&format!("/api/v1/notifications/{id}"), &client.token("service").await).await;
                assert_eq!(gone.status.as_u16(), 404, "{}", gone.text);
            }
            _ => is(&client.settled(id).await, "sent", Value::Null),
        }
        assert_eq!(sent, *what == "nothing", "{what}");
    }
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_says_that_it_is_paused_as_soon_as_it_is() {
    let (stack, client) = stack().await;
    let recipient = somebody(&client).await;
    let service = client.token("service").await;
    let explain = async |body: &Value| {
        let answer = client.json(Method::POST, "/api/v1/notifications/explain", &service, body).await;
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
        answer.json()["data"]["channels"][0].clone()
    };
    let body = of_group(&recipient, "news");
    assert_eq!(explain(&body).await["decision"], "send");
    let until = ahead(HOUR);
    by_admin(&client, Method::PUT, "channel:push", json!({"until": until, "note": "Do not tell"})).await;
    let hold = explain(&body).await;
    let seen = (&hold["decision"], &hold["reason"], &hold["until"]);
    assert_eq!(seen, (&json!("hold"), &json!("paused"), &json!(until)), "{hold}");
    assert_eq!(
        said(&hold),
        json!({"rule": "not_paused", "saw": format!("channel:push held until {until}"), "said": "stop"})
    );
    by_admin(&client, Method::DELETE, "channel:push", Value::Null).await;
    by_admin(&client, Method::PUT, "group:news", json!({"mode": "drop"})).await;
    let skip = explain(&body).await;
    assert_eq!((&skip["decision"], &skip["reason"], &skip["until"]), (&json!("skip"), &json!("paused"), &Value::Null));
    by_admin(&client, Method::DELETE, "group:news", Value::Null).await;
    assert_eq!(explain(&body).await["decision"], "send");
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redriven_delivery_waits_for_the_end_of_a_pause_too() {
    let (stack, client) = stack().await;
    let recipient = somebody(&client).await;
    crate::faults::answers(&client, "fcm", json!([{"to": recipient.address, "status": 503, "always": true}])).await;
    let id = client.notify(&recipient.notification()).await;
    is(&client.settled(&id).await, "dead_lettered", json!("provider_unavailable"));
    client.queues_empty().await;
    crate::faults::answers(&client, "fcm", json!([])).await;
    pause(&stack, &client, "channel:push", json!({})).await;
    let redrive = json!({"all": true});
    let admin = client.token("admin").await;
    let answer = client.json(Method::POST, "/api/v1/dead-letters/redrive", &admin, &redrive).await;
    assert_eq!(answer.json()["redriven"], 1, "{}", answer.text);
    let held = |data: &Value| data["deliveries"][0]["status"] == "held";
    is(&client.notification_when(&id, held).await, "held", json!("paused"));
    resume(&stack, &client, "channel:push").await;
    assert_eq!(tick(&client).await, 1);
    is(&client.settled(&id).await, "sent", Value::Null);
    client.is_drained().await;
    stack.shutdown().await;
}
