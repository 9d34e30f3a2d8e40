//! `expires_at`: a notification is not sent after this time.

use std::time::Duration;

use api::{options, own};
use local::fidelity::CLOCK_SKEW;
use serde_json::json;
use shared::clock::Clock;

use super::{recipient, retrying, told};
use crate::faults::got;

#[tokio::test]
async fn what_has_expired_is_skipped_and_what_has_not_is_sent() {
    let (stack, client) = own(options(&[])).await;
    for channel in ["push", "email"] {
        let recipient = recipient(&client, channel).await;
        let mut body = recipient.notification();
        body["expires_at"] = json!(Clock::system().now());
        let data = client.settled(&client.notify(&body).await).await;
        let delivery = &data["deliveries"][0];
        assert_eq!((&delivery["status"], &delivery["reason"]), (&json!("skipped"), &json!("expired")), "{data}");
        assert_eq!((&data["expires_at"], &delivery["attempts"]), (&body["expires_at"], &json!(0)), "{data}");
        body["expires_at"] = json!(Clock::system().now().plus(Duration::from_secs(600)));
        assert_eq!(client.settled(&client.notify(&body).await).await["status"], "sent");
        client.is_drained().await;
        let got = &got(&client).await[&recipient.address];
        assert_eq!(got.len(), 1, "only what had time left");
        if channel == "push" {
            let ttl = got[0]["request"]["body"]["message"]["android"]["ttl"].as_str().unwrap_or_default();
            let seconds: u64 = ttl.trim_end_matches('s').parse().unwrap();
            assert!((540..=600).contains(&seconds), "the provider is told how long it is of use: {ttl}");
            let message = &got[0]["request"]["body"]["message"];
            assert_eq!(message["webpush"]["headers"]["TTL"], seconds.to_string());
            let end = shared::domain::Timestamp::parse(body["expires_at"].as_str().unwrap_or_default()).unwrap();
            assert_eq!(message["apns"]["headers"]["apns-expiration"], end.seconds().to_string());
        }
    }
    stack.shutdown().await;
}

#[tokio::test]
async fn what_expires_between_two_attempts_is_not_tried_again() {
    let (stack, client) = own(options(&[])).await;
    let recipient = recipient(&client, "push").await;
    let mut body = recipient.notification();
    // Even a clock that is ahead has time for the first attempt, and one that is right has none for the second.
    body["expires_at"] = json!(Clock::system().now().plus(3 * CLOCK_SKEW));
    let id = retrying(&client, &recipient, &body, 4 * CLOCK_SKEW).await;
    let data = client.notification_when(&id, |data| data["status"] == "skipped").await;
    let delivery = &data["deliveries"][0];
    assert_eq!((&delivery["reason"], &delivery["attempts"]), (&json!("expired"), &json!(1)), "{data}");
    client.is_drained().await;
    assert_eq!(got(&client).await[&recipient.address].len(), 1);
    // A notification without an end is still sent.
    assert_eq!(told(&client, &recipient).await["status"], "sent");
    stack.shutdown().await;
}
