//! Webhooks: each answer but 2xx is asked again, and 410 switches the endpoint off until it is set again.

use api::past_for_every_clock;
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::NotificationId;

use super::{WAYS, Way, World};
use crate::{
    batches::{Batch, dispatch},
    faults::{answers, faults, got, notify_all, settled},
};

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_but_2xx_is_asked_again_with_the_same_body_and_ends_as_a_dead_letter() {
    let world = World::start(4, &[("MaxAttempts", "2")]).await;
    let way = &WAYS[5];
    let (mut recipients, mut planned) = (Vec::new(), Vec::new());
    // The last one never answers otherwise.
    let statuses = [302, 308, 400, 401, 404, 413, 500, 404];
    for (number, status) in statuses.iter().enumerate() {
        let recipient = world.recipient(way).await;
        let always = number + 1 == statuses.len();
        planned.push(json!({"to": recipient.address, "status": status, "always": always}));
        recipients.push(recipient);
    }
    answers(&world.client, way.stand_in, json!(planned)).await;
    let ids = notify_all(&world.client, &recipients).await;
    let deliveries = settled(&world.client, &ids).await;
    let got = got(&world.client).await;
    for (number, (status, recipient)) in statuses.iter().zip(&recipients).enumerate() {
        let delivery = &deliveries[number];
        let (ended, reason) = if number + 1 == statuses.len() {
            ("dead_lettered", json!("provider_unavailable"))
        } else {
            ("sent", Value::Null)
        };
        let seen = (&delivery["status"], &delivery["reason"], &delivery["attempts"]);
        assert_eq!(seen, (&json!(ended), &reason, &json!(2)), "{status}: {delivery}");
        assert!(delivery["ambiguous"].is_null(), "{status}: an answer is no doubt: {delivery}");
        let requests: Vec<_> = got[&recipient.address].iter().map(|call| &call["request"]).collect();
        assert_eq!(requests.len(), 2, "{status}");
        assert_eq!(requests[0]["body"], requests[1]["body"], "{status}");
        let header = |name: &str| [&requests[0]["headers"][name], &requests[1]["headers"][name]];
        assert_eq!(header("content-length")[0], header("content-length")[1]);
        assert_eq!(header("webhook-id")[0], header("webhook-id")[1]);
    }
    assert!(!got.keys().any(|to| to.ends_with("/followed")), "no redirection is followed");
    world.stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_gone_is_shown_as_switched_off_until_it_is_set_anew() {
    let world = World::start(2, &[("DispatchTimeout", "15")]).await;
    let (way, client) = (&WAYS[5], &world.client);
    let recipient = world.recipient(way).await;
    let again = way.settings(&recipient.address);
    let read = async || world.settings(Method::GET, &recipient.user, "webhook", Vec::new()).await;
    let before = read().await;
    assert_eq!(before.json()["gone_at"], Value::Null);
    past_for_every_clock().await;
    answers(client, way.stand_in, json!([{"to": recipient.address, "status": 410}])).await;
    let send = async || settled(client, &notify_all(client, std::slice::from_ref(&recipient)).await).await.remove(0);
    assert_eq!(send().await["reason"], "address_gone");
    client.is_drained().await;
    let off = read().await;
    assert!(off.json()["gone_at"].is_string(), "{}", off.text);
    assert_eq!(
        (&off.json()["settings"], off.json()["updated_at"].clone()),
        (&again, before.json()["updated_at"].clone())
    );
    assert_ne!(off.header("etag"), before.header("etag"), "another answer has another version");
    let path = "/api/v1/notifications/explain";
    let explained = client.json(Method::POST, path, &client.token("service").await, &recipient.notification()).await;
    let explained = &explained.json()["data"]["channels"][0];
    assert_eq!((&explained["decision"], &explained["reason"]), (&json!("skip"), &json!("no_address")));
    let trace = explained["trace"].as_array().expect("a trace");
    let address = trace.iter().find(|step| step["rule"] == "address").expect("a step");
    assert_eq!(address["saw"], "1 switched off: it answered that it is gone");
    assert_eq!(send().await["reason"], "no_address");
    // The same URL again is an endpoint that works again.
    let on = world.set(&recipient.user, "webhook", &again).await;
    assert_eq!(on.json()["gone_at"], Value::Null);
    assert_eq!(send().await["status"], "sent");
    // An answer of 410 to a message that was sent before says nothing about settings that were written since.
    answers(client, way.stand_in, json!([{"to": recipient.address, "status": 410, "delay_ms": 4000}])).await;
    let ids = notify_all(client, std::slice::from_ref(&recipient)).await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    past_for_every_clock().await;
    world.set(&recipient.user, "webhook", &again).await;
    assert_eq!(settled(client, &ids).await[0]["reason"], "address_gone");
    client.is_drained().await;
    assert_eq!(read().await.json()["gone_at"], Value::Null);
    world.stack.shutdown().await;
}

/// It has a lease from the start, whichever channel it carries.
#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_to_an_inbox_elsewhere_is_in_no_doubt_when_its_message_comes_twice() {
    let world = World::start(2, &[]).await;
    let (way, client) = (Way { channel: "in_app", ..WAYS[5] }, &world.client);
    world.put_channel(&way, "elsewhere", "tidings/webhook").await;
    let recipient = world.recipient_on(&way, "elsewhere").await;
    faults(client, json!({"sqs": [{"operation": "SendMessageBatch", "kind": "error"}]})).await;
    let (service, request) = (client.token("service").await, format!("elsewhere-{}", recipient.user));
    let mut body = recipient.notification();
    body["request_id"] = json!(request);
    let accepted = client.json(Method::POST, "/api/v1/notifications", &service, &body).await;
    assert_eq!(accepted.status.as_u16(), 503, "{}", accepted.text);
    faults(client, json!({})).await;
    let id = NotificationId::of_request(api::namespace(&world.stack), "demo-service", &request).to_string();
    let batch = Batch { recipients: vec![recipient], ids: vec![id] };
    assert_eq!(dispatch(&world.stack, batch.messages(2)).await, Some(Vec::new()));
    let delivery = batch.deliveries(client).await.remove(0);
    assert_eq!((&delivery["status"], &delivery["ambiguous"]), (&json!("sent"), &Value::Null), "{delivery}");
    world.stack.shutdown().await;
}
