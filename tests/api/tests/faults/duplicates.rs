//! SQS may deliver a message more than once, even at the same time: each recipient gets one message.

use std::time::Duration;

use api::{options, own};
use futures::{StreamExt, stream};
use local::stack::Options;
use serde_json::json;

use super::{Dice, Recipient, answers, each_got_one, notify_all, queue, settled, size};

const SEED: u64 = 7;

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_comes_two_to_five_times_is_sent_once() {
    let (stack, client) =
        own(Options { concurrency: 4, ..options(&[("MaxAttempts", "1"), ("DispatchTimeout", "5")]) }).await;
    let count = size(200, 2000);
    let recipients = Recipient::many(&client, count).await;
    // The provider answers slowly, so that the copies arrive while the first message is being sent.
    let slow = json!([{"delay_ms": 60, "always": true}]);
    answers(&client, "fcm", slow.clone()).await;
    answers(&client, "ses", slow).await;

    let ids = notify_all(&client, &recipients).await;
    let (queue, mut dice) = (queue(&stack), Dice::new(SEED));
    let (mut at_once, mut later) = (Vec::new(), Vec::new());
    for (number, (id, recipient)) in ids.iter().zip(&recipients).enumerate() {
        let copies = 1 + dice.throw(4);
        let place = if number % 2 == 0 { &mut at_once } else { &mut later };
        place.extend((0..copies).map(|_| recipient.message(id)));
    }
    dice.shuffle(&mut later);
    let (together, scattered) = (at_once.len(), later.len());
    let send = async |body: String| stack.sqs().send(&queue, &body).await.expect("sent");
    // Copies of each message are sent while the original is in the queue or being sent.
    stream::iter(at_once).map(send).buffered(10).collect::<Vec<_>>().await;
    for body in later {
        send(body).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    let deliveries = settled(&client, &ids).await;
    client.is_drained().await;
    let batches = client.get("/_local/batches", "").await.json()["dispatch"].clone();
    let given_out = batches["records"].as_u64().expect("records");
    println!(
        "seed {SEED}; {count} messages, {together} copies at once, {scattered} later; given out {given_out} times"
    );
    assert!(given_out as usize >= count + together + scattered);
    each_got_one(&client, &recipients).await;
    for delivery in &deliveries {
        assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("sent"), &json!(1)), "{delivery}");
        assert!(delivery["ambiguous"].is_null(), "{delivery}");
    }
    stack.shutdown().await;
}
