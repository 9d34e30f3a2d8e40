//! The answers of each provider other than success.

use std::time::Duration;

use api::{eventually, past_for_every_clock};
use local::fidelity::CLOCK_SKEW;
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::Timestamp;

use super::{WAYS, Way, World};
use crate::faults::{Recipient, answers, got, notify_all, settled};

/// The provider's `Retry-After`.
const ASKED: Duration = Duration::from_secs(3);

fn at(call: &Value) -> Timestamp {
    Timestamp::parse(call["at"].as_str().unwrap_or_default()).expect("a time")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_provider_that_cannot_now_is_asked_again_once_it_has_had_the_time_it_asked_for() {
    let world = World::start(4, &[("DispatchTimeout", "10")]).await;
    let (mut recipients, mut rows) = (Vec::new(), Vec::new());
    for way in &WAYS {
        let mut planned = Vec::new();
        for status in [429, 503] {
            let recipient = world.recipient(way).await;
            let headers = json!({"retry-after": ASKED.as_secs().to_string()});
            planned.push(json!({"to": recipient.address, "status": status, "headers": headers}));
            recipients.push(recipient);
            rows.push((way.stand_in, status));
        }
        answers(&world.client, way.stand_in, json!(planned)).await;
    }
    let ids = notify_all(&world.client, &recipients).await;
    let deliveries = settled(&world.client, &ids).await;
    world.client.is_drained().await;
    let got = got(&world.client).await;
    for ((row, recipient), delivery) in rows.iter().zip(&recipients).zip(&deliveries) {
        // What a provider turns away because it gets too many was no attempt. A webhook's 429 is an answer as every other.
        let attempts = if row.1 == 429 && row.0 != "webhook" { 1 } else { 2 };
        let seen = (&delivery["status"], &delivery["attempts"]);
        assert_eq!(seen, (&json!("sent"), &json!(attempts)), "{row:?}: {delivery}");
        assert!(delivery["ambiguous"].is_null(), "a refusal is no doubt: {row:?}");
        let calls = &got[&recipient.address];
        let statuses: Vec<_> = calls.iter().map(|call| call["response"]["status"].clone()).collect();
        assert_eq!(statuses, [json!(row.1), json!(200)], "{row:?}");
        let gap = at(&calls[1]).saturating_duration_since(at(&calls[0]));
        // Two workers' clocks measure it.
        assert!(gap >= ASKED.saturating_sub(CLOCK_SKEW), "{row:?}: asked again after {gap:?}");
    }
    world.stack.shutdown().await;
}

/// The provider's answer for an address that is gone, the reason of the delivery's end, and whether the address is
/// not used again. `None` if the provider does not tell it in its answer.
fn gone(way: &Way) -> Option<(Value, &'static str, bool)> {
    match way.stand_in {
        "fcm" => Some((json!({"status": 404}), "address_gone", true)),
        "apns" => Some((json!({"status": 410}), "address_gone", true)),
        "slack" => Some((json!({"body": {"ok": false, "error": "is_archived"}}), "address_gone", false)),
        "webhook" => Some((json!({"status": 410}), "address_gone", true)),
        // A recipient who has answered STOP still has the number.
        "sms" => Some((json!({"status": 400}), "provider_rejected", false)),
        // SES reports bounces later, through its events.
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_gone_ends_the_delivery_and_a_device_token_or_a_webhook_goes_with_it() {
    let world = World::start(2, &[]).await;
    let mut rows = Vec::new();
    for way in &WAYS {
        let Some((mut answer, reason, pruned)) = gone(way) else { continue };
        let recipient = world.recipient(way).await;
        answer["to"] = json!(recipient.address);
        answers(&world.client, way.stand_in, json!([answer])).await;
        rows.push((way.stand_in, reason, pruned, recipient));
    }
    let recipients: Vec<Recipient> = rows.iter().map(|(.., recipient)| recipient.clone()).collect();
    // A token that seems to be registered after it was gone stays, and clocks differ.
    past_for_every_clock().await;
    let both = async || settled(&world.client, &notify_all(&world.client, &recipients).await).await;
    let first = both().await;
    world.client.is_drained().await;
    let second = both().await;
    world.client.is_drained().await;
    let got = got(&world.client).await;
    for (((name, reason, pruned, recipient), first), second) in rows.iter().zip(&first).zip(&second) {
        let ended = (&first["status"], &first["reason"], &first["attempts"]);
        assert_eq!(ended, (&json!("failed"), &json!(reason), &json!(1)), "{name}: {first}");
        // The stand-in would accept the second message.
        let (then, calls) = if *pruned { (json!("no_address"), 1) } else { (Value::Null, 2) };
        assert_eq!((&second["reason"], got[&recipient.address].len()), (&then, calls), "{name}: {second}");
    }
    world.stack.shutdown().await;
}

/// A text that is not a valid secret for the provider.
fn nonsense(way: &Way) -> &'static str {
    match way.stand_in {
        "slack" => "a password",
        "webhook" => "whsec_short",
        "fcm" => "no JSON",
        _ => "{}",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_not_there_or_is_none_calls_nobody_and_can_be_mended() {
    let world = World::start(2, &[("MaxAttempts", "1"), ("DispatchTimeout", "10")]).await;
    let ways = &WAYS[1..];
    let (mut missing, mut wrong) = (Vec::new(), Vec::new());
    for way in ways {
        for (kind, recipients) in [("missing", &mut missing), ("wrong", &mut wrong)] {
            let id = format!("{kind}-{}", way.stand_in);
            world.put_channel(way, &id, &format!("tidings/{id}")).await;
            recipients.push(world.recipient_on(way, &id).await);
        }
        world.stack.providers().put_secret(&format!("tidings/wrong-{}", way.stand_in), nonsense(way));
    }
    let all: Vec<_> = missing.iter().chain(&wrong).cloned().collect();
    let ids = notify_all(&world.client, &all).await;
    for (delivery, recipient) in settled(&world.client, &ids).await.iter().zip(&all) {
        let ended = (&delivery["status"], &delivery["reason"], &delivery["attempts"]);
        let expected = (&json!("dead_lettered"), &json!("provider_misconfigured"), &json!(1));
        assert_eq!(ended, expected, "{recipient:?}: {delivery}");
    }
    eventually(async || (world.client.dead_letters().await.len() == all.len()).then_some(())).await;
    assert!(got(&world.client).await.is_empty(), "nobody was called");
    for way in ways {
        world.stack.providers().put_secret(&format!("tidings/missing-{}", way.stand_in), &world.secret(way));
    }
    let admin = world.client.token("admin").await;
    let redrive = "/api/v1/dead-letters/redrive";
    let redriven = world.client.json(Method::POST, redrive, &admin, &json!({"all": true})).await;
    assert_eq!(redriven.status.as_u16(), 202, "{}", redriven.text);
    for (id, recipient) in ids.iter().zip(&missing) {
        let data = world.client.notification_when(id, |data| data["status"] == "sent").await;
        assert_eq!(data["deliveries"][0]["attempts"], 2, "{recipient:?}: {data}");
        assert_eq!(got(&world.client).await[&recipient.address].len(), 1, "{recipient:?}");
    }
    world.stack.shutdown().await;
}
