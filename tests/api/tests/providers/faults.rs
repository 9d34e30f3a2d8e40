//! The faults, once for each provider: a worker that dies after the provider's answer, a message that is delivered
//! several times, and messages that no worker can process.

use std::time::Duration;

use api::{eventually, namespace};
use serde_json::{Value, json};
use shared::domain::NotificationId;

use super::{WAYS, World};
use crate::faults::{Recipient, answers, each_got_one, faults, got, notify_all, queue, settled};

/// The fault that kills the worker at the write of the outcome. The write is not applied.
fn kill(id: NotificationId) -> Value {
    json!({
        "operation": "UpdateItem", "caller": "dispatch", "kind": "kill", "times": 1, "applied": false,
        "containing": [id.to_string(), "\"recorded\""],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_death_that_follows_the_provider_s_answer_it_is_sent_again_or_given_up_as_was_asked() {
    let world = World::start(4, &[("MaxAttempts", "20")]).await;
    let namespace = namespace(&world.stack);
    let mut rounds: Vec<(&str, bool, Recipient, String, NotificationId)> = Vec::new();
    for way in &WAYS {
        for at_most_once in [false, true] {
            let request = format!("{}-{at_most_once}", way.stand_in);
            let id = NotificationId::of_request(namespace, "demo-service", &request);
            rounds.push((way.stand_in, at_most_once, world.recipient(way).await, request, id));
        }
    }
    let kills: Vec<_> = rounds.iter().map(|(.., id)| kill(*id)).collect();
    faults(&world.client, json!({"dynamodb": kills})).await;
    for (_, at_most_once, recipient, request, id) in &rounds {
        let mut body = recipient.notification();
        body["request_id"] = json!(request);
        body["at_most_once"] = json!(at_most_once);
        assert_eq!(world.client.notify(&body).await, id.to_string(), "the kill is armed for another id");
        // Each message is sent alone, because a worker that dies takes all messages of its batch with it.
        eventually(async || got(&world.client).await.contains_key(&recipient.address).then_some(())).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let ids: Vec<_> = rounds.iter().map(|(.., id)| id.to_string()).collect();
    let deliveries = settled(&world.client, &ids).await;
    world.client.is_drained().await;
    let got = got(&world.client).await;
    for ((name, at_most_once, recipient, ..), delivery) in rounds.iter().zip(&deliveries) {
        let seen = (got[&recipient.address].len(), &delivery["status"], &delivery["reason"]);
        let expected = match at_most_once {
            false => (2, &json!("sent"), &Value::Null),
            true => (1, &json!("failed"), &json!("outcome_unknown")),
        };
        assert_eq!(seen, expected, "{name}, at most once: {at_most_once}: {delivery}");
        // What is sent at most once ends without a call, and that is no attempt.
        let attempts = if *at_most_once { 1 } else { 2 };
        assert_eq!(
            (&delivery["ambiguous"], &delivery["attempts"]),
            (&json!(true), &json!(attempts)),
            "{name}: {delivery}"
        );
    }
    world.stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_comes_four_times_is_sent_once_and_poison_beside_it_touches_nothing() {
    let world = World::start(4, &[("MaxAttempts", "20"), ("DispatchTimeout", "10")]).await;
    let recipients = world.recipients().await;
    for way in &WAYS {
        // The provider answers slowly, so that the copies arrive while the first message is being sent.
        answers(&world.client, way.stand_in, json!([{"delay_ms": 400, "always": true}])).await;
    }
    let queue = queue(&world.stack);
    let send = async |body: &str| world.stack.sqs().send(&queue, body).await.expect("sent");
    let ids = notify_all(&world.client, &recipients).await;
    for (id, recipient) in ids.iter().zip(&recipients) {
        send(&recipient.message(id)).await;
        send(&json!({"kind": "deliver.v1", "notification_id": id}).to_string()).await;
        send(&recipient.message(id)).await;
    }
    let deliveries = settled(&world.client, &ids).await;
    for (id, recipient) in ids.iter().zip(&recipients) {
        send(&recipient.message(id)).await;
    }
    world.client.queues_empty().await;
    each_got_one(&world.client, &recipients).await;
    for (way, delivery) in WAYS.iter().zip(&deliveries) {
        let name = way.stand_in;
        assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("sent"), &json!(1)), "{name}: {delivery}");
        assert!(delivery["ambiguous"].is_null(), "{name}: {delivery}");
    }
    assert_eq!(settled(&world.client, &ids).await, deliveries, "a copy that comes later changes nothing");
    let letters = world.client.dead_letters().await;
    assert_eq!(letters.len(), WAYS.len(), "{letters:?}");
    for letter in &letters {
        let reason = letter["reason"].as_str().unwrap_or_default();
        assert!(reason.starts_with("the message cannot be read"), "{letter}");
    }
    world.stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_cut_off_by_the_end_of_the_invocation_has_sent_nothing() {
    // The server takes the connection and does not go on with TLS, so a connection is not ready before the end.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("https://localhost:{}", listener.local_addr().expect("an address").port());
    let held = tokio::spawn(async move {
        let mut streams = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            streams.push(stream);
        }
    });
    let parameters = [("SlackEndpoint", endpoint.as_str()), ("DispatchTimeout", "2"), ("MaxAttempts", "2")];
    let world = World::start(1, &parameters).await;
    let slack = WAYS.iter().find(|way| way.stand_in == "slack").expect("Slack");
    let mut body = world.recipient(slack).await.notification();
    body["at_most_once"] = json!(true);
    let id = world.client.notify(&body).await;
    let data = world.client.settled(&id).await;
    let delivery = &data["deliveries"][0];
    let ended = (&delivery["status"], &delivery["reason"], &delivery["attempts"], &delivery["ambiguous"]);
    let expected = (&json!("dead_lettered"), &json!("provider_unavailable"), &json!(2), &Value::Null);
    assert_eq!(ended, expected, "it was tried again, because it was not sent: {delivery}");
    held.abort();
    world.stack.shutdown().await;
}
