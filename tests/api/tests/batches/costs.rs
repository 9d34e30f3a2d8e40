//! The calls and units that a batch costs. They do not depend on the machine.

use api::{Client, forgiving, options, own};
use local::stack::{Options, Stack};
use reqwest::Method;
use serde_json::{Map, Value, json};
use shared::clock::Clock;

use super::{Batch, calls, dispatch};
use crate::{
    contract3::Operator,
    faults::{Recipient, answers},
    long_pauses::pause_ends,
};

/// A stack with one process per function. Its worker has sent one push and one email, so it has cached the channels and
/// the keys.
async fn warm() -> (Stack, Client) {
    let options = forgiving("batches::costs", options(&[("DispatchTimeout", "10")]));
    let (stack, client) = own(Options { concurrency: 1, ..options }).await;
    let first = Batch::plain(&stack, &client, 2).await;
    assert_eq!(dispatch(&stack, first.messages(1)).await, Some(Vec::new()));
    (stack, client)
}

fn is(count: usize, units: usize) -> Value {
    json!([count, units as f64])
}

/// The reads of so many messages, with so many addresses of mails and devices in all: one call for users and notifications, and
/// one for the addresses and the devices. It costs a unit each, because among them is a device, whose owner must be known as
/// it is now.
fn reads(count: usize, looked_up: usize) -> Value {
    json!([2, (2 * count + looked_up) as f64])
}

#[tokio::test]
async fn ten_fresh_messages_are_thirteen_calls_and_one_is_three() {
    let (stack, client) = warm().await;
    // Each message has a user of its own, so it costs two reads of one unit each, a claim and a record.
    for (count, claims) in [(1, None), (2, Some(1)), (10, Some(1)), (30, Some(2))] {
        let batch = Batch::plain(&stack, &client, count).await;
        let made = calls(&stack, &client, batch.messages(1)).await;
        let expected = match claims {
            None => json!({"BatchGetItem": reads(1, 1), "UpdateItem": is(2, 2)}),
            Some(claims) => json!({
                "BatchGetItem": reads(count, count), "BatchExecuteStatement": is(claims, count),
                "UpdateItem": is(count, count),
            }),
        };
        assert_eq!(json!(made), expected, "{count}");
        for delivery in batch.deliveries(&client).await {
            assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("sent"), &json!(1)), "{delivery}");
        }
    }
    stack.shutdown().await;
}

#[tokio::test]
async fn what_has_a_record_is_claimed_by_itself_and_what_is_not_sent_is_one_write() {
    let (stack, client) = warm().await;
    let batch = Batch::plain(&stack, &client, 4).await;
    let after = json!({"retry-after": "800"});
    let refusal = |one: &Recipient| json!({"to": one.address, "status": 503, "headers": after});
    let refusals: Vec<_> = batch.recipients.iter().map(refusal).collect();
    answers(&client, "fcm", json!(refusals)).await;
    answers(&client, "ses", json!(refusals)).await;
    let sends = crate::counts::calls(&client, async || {
        assert_eq!(dispatch(&stack, batch.messages(1)).await, Some(Vec::new()), "a pause is a new message");
    })
    .await;
    assert_eq!((&sends["SendMessageBatch"], sends.contains_key("ChangeMessageVisibility")), (&json!(4), false));
    for (id, recipient) in batch.ids.iter().zip(&batch.recipients) {
        pause_ends(&stack, id, recipient.channel).await;
    }
    let again = calls(&stack, &client, batch.messages(2)).await;
    assert_eq!(json!(again), json!({"BatchGetItem": reads(4, 4), "UpdateItem": is(8, 8)}));
    for delivery in batch.deliveries(&client).await {
        assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("sent"), &json!(2)), "{delivery}");
    }
    // If a message was sent long after its notification was accepted, the worker takes the delivery for a held one, which has a
    // record already. So it claims that delivery alone.
    let later = Batch::plain(&stack, &client, 2).await;
    let mut messages = later.messages(1);
    let sent = Clock::system().now().plus(std::time::Duration::from_secs(60));
    messages.iter_mut().for_each(|message| message["attributes"]["SentTimestamp"] = json!(sent.millis().to_string()));
    let held = calls(&stack, &client, messages).await;
    assert_eq!(json!(held), json!({"BatchGetItem": reads(2, 2), "UpdateItem": is(4, 4)}));

    let mixed = Batch::plain(&stack, &client, 4).await;
    let path = format!("/api/v1/users/{}/preferences", mixed.recipients[0].user);
    client.json(Method::PUT, &path, "", &json!({"preferences": {"push": false}})).await;
    let made = calls(&stack, &client, mixed.messages(1)).await;
    let expected = json!({"BatchGetItem": reads(4, 3), "BatchExecuteStatement": is(1, 3), "UpdateItem": is(4, 4)});
    assert_eq!(json!(made), expected, "three are sent, one is skipped");
    stack.shutdown().await;
}

#[tokio::test]
async fn a_message_that_was_sent_already_costs_what_finds_that_out() {
    let (stack, client) = warm().await;
    let batch = Batch::plain(&stack, &client, 2).await;
    assert_eq!(dispatch(&stack, batch.messages(1)).await, Some(Vec::new()));
    let again = calls(&stack, &client, batch.messages(1)).await;
    let in_vain = json!({"BatchGetItem": reads(2, 2), "BatchExecuteStatement": is(1, 2), "UpdateItem": is(2, 2)});
    assert_eq!(json!(again), in_vain);
    let known = calls(&stack, &client, batch.messages(2)).await;
    assert_eq!(json!(known), json!({"BatchGetItem": reads(2, 2), "UpdateItem": is(2, 2)}));
    for recipient in &batch.recipients {
        assert_eq!(client.deliveries_to(&recipient.address).await.len(), 1, "{recipient:?}");
    }
    stack.shutdown().await;
}

#[tokio::test]
async fn fifty_devices_cost_a_few_writes_and_not_one_each() {
    let (stack, client) = warm().await;
    let batch = Batch::plain(&stack, &client, 1).await;
    let user = batch.recipients[0].user.clone();
    let operator = Operator { user, ..Operator::of(client.clone()).await };
    let tokens: Vec<_> = (0..50).map(|token| format!("token-{token}-{}", operator.user)).collect();
    let settings = json!({"settings": {"device_tokens": tokens}});
    let put = operator.send(Method::PUT, &operator.path("fcm"), settings).await;
    assert_eq!(put.status.as_u16(), 200, "{}", put.text);
    let made = calls(&stack, &client, batch.messages(1)).await;
    // There are 51 devices, with the token in the user's own record. The worker writes the claim, the end, and one
    // update for all outcomes that arrived while the write before was under way.
    let writes = made["UpdateItem"][0].as_u64().unwrap();
    assert!((3..=12).contains(&writes), "{made:?}");
    let delivery = batch.deliveries(&client).await.remove(0);
    assert_eq!(
        (&delivery["status"], delivery["addresses"].as_object().map(Map::len)),
        (&json!("sent"), Some(51)),
        "{delivery}"
    );
    stack.shutdown().await;
}

#[tokio::test]
async fn a_recipient_with_two_devices_of_two_platforms_is_one_unit_and_at_most_one_call_more() {
    let (stack, client) = warm().await;
    let batch = Batch::plain(&stack, &client, 1).await;
    let user = batch.recipients[0].user.clone();
    let operator = Operator { user, ..Operator::of(client.clone()).await };
    let iphone = format!("iphone-{}", operator.user);
    let settings = json!({"settings": {"device_tokens": [iphone]}});
    let put = operator.send(Method::PUT, &operator.path("apns"), settings).await;
    assert_eq!(put.status.as_u16(), 200, "{}", put.text);
    let made = calls(&stack, &client, batch.messages(1)).await;
    // The user and the notification, then both devices; the claim, the first device's outcome unless both have one at once,
    // and the end, whose record is above 1 KiB with two outcomes.
    assert_eq!(made["BatchGetItem"], reads(1, 2), "{made:?}");
    let writes = made["UpdateItem"][0].as_u64().unwrap() as usize;
    assert!((2..=3).contains(&writes) && made["UpdateItem"] == is(writes, writes + 1), "{made:?}");
    for token in [&batch.recipients[0].address, &iphone] {
        assert_eq!(client.deliveries_to(token).await.len(), 1, "{token}");
    }
    stack.shutdown().await;
}
