//! Deliveries to inboxes, which have no lease at first: what a batch of them costs, and that each is there once, whatever fails.

use api::{Client, eventually, options, own};
use local::stack::{Options, Stack};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Batch, a_batch_is_written, calls, dispatch};
use crate::faults::{Recipient, faults};

/// What the call is about that writes entries, and the one that records deliveries.
const ENTRIES: &str = "INBOX#";
const RECORDS: &str = "DELIVERY#in_app";

/// A stack that has an inbox, and one process per function.
async fn with_inbox() -> (Stack, Client) {
    let (stack, client) = own(Options { concurrency: 1, ..options(&[("DispatchTimeout", "10")]) }).await;
    client.set_up_inbox().await;
    (stack, client)
}

/// Notifications to the inboxes of so many new users.
async fn to_inboxes(stack: &Stack, client: &Client, count: usize) -> Batch {
    let to_inbox = |_, recipient: &Recipient| {
        let content = json!({"body": "words"});
        json!({"notification_type": "in_app", "user_id": recipient.user, "content": content})
    };
    Batch::of(stack, client, count, to_inbox).await.by_inbox()
}

impl Batch {
    /// The same, whose messages go to inboxes.
    fn by_inbox(mut self) -> Self {
        self.recipients.iter_mut().for_each(|recipient| recipient.channel = "in_app");
        self
    }

    /// How many entries each recipient has in the inbox.
    async fn entries(&self, client: &Client) -> Vec<usize> {
        let admin = client.token("admin").await;
        let mut entries = Vec::new();
        for recipient in &self.recipients {
            let inbox = client.get(&format!("/api/v1/users/{}/inbox", recipient.user), &admin).await;
            entries.push(inbox.json()["data"]["items"].as_array().expect("items").len());
        }
        entries
    }

    /// The first recipient wants no messages in the inbox any more.
    async fn first_opts_out(&self, client: &Client) {
        let path = format!("/api/v1/users/{}/preferences", self.recipients[0].user);
        let out = client.json(Method::PUT, &path, "", &json!({"preferences": {"in_app": false}})).await;
        assert_eq!(out.status, 200, "{}", out.text);
    }

    /// The queue has given out the messages as often as it may, and moves them to the dead letters.
    async fn are_given_up_by_the_queue(&self, stack: &Stack) {
        let mut letters = self.messages(9);
        let arn = &stack.template().queue("DeadLetterQueue").expect("a queue").arn;
        letters.iter_mut().for_each(|letter| letter["eventSourceARN"] = json!(arn));
        assert_eq!(dispatch(stack, letters).await, Some(Vec::new()));
    }

    /// Waits until the first delivery has this status. Returns it.
    async fn first_is(&self, client: &Client, status: &str) -> Value {
        let first = async || self.deliveries(client).await.remove(0);
        eventually(async || Some(first().await).filter(|delivery| delivery["status"] == status)).await
    }

    /// Asserts that each is sent by its first attempt, without any doubt, and is in its inbox once.
    async fn each_is_there_once(&self, client: &Client) {
        for delivery in self.deliveries(client).await {
            let seen = (&delivery["status"], &delivery["attempts"], &delivery["ambiguous"]);
            assert_eq!(seen, (&json!("sent"), &json!(1), &Value::Null), "{delivery}");
            assert!(delivery["provider_message_id"].is_string(), "{delivery}");
        }
        assert_eq!(self.entries(client).await, vec![1; self.recipients.len()]);
    }
}

/// A fault of the call that writes these.
fn fault(of: &str, more: Value) -> Value {
    let mut fault = json!({"operation": "BatchExecuteStatement", "containing": [of]});
    fault.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    json!({"dynamodb": [fault]})
}

#[tokio::test]
async fn ten_are_four_calls_and_two_write_units_each() {
    let (stack, client) = with_inbox().await;
    let first = to_inboxes(&stack, &client, 1).await;
    assert_eq!(dispatch(&stack, first.messages(1)).await, Some(Vec::new()), "the worker knows the channels now");
    for (count, groups) in [(1, 1), (10, 1), (30, 2)] {
        let batch = to_inboxes(&stack, &client, count).await;
        let made = calls(&stack, &client, batch.messages(1)).await;
        // A user and a notification are read, and the user once more after the entry was written.
        let expected = json!({
            "BatchGetItem": [1 + groups, 3.0 * count as f64], "BatchExecuteStatement": [2 * groups, 2.0 * count as f64],
        });
        assert_eq!(json!(made), expected, "{count}");
        batch.each_is_there_once(&client).await;
        let again = calls(&stack, &client, batch.messages(2)).await;
        let in_vain = json!({"BatchGetItem": [1, 2.0 * count as f64], "UpdateItem": [count, count as f64]});
        assert_eq!(json!(again), in_vain, "each finds that it was sent");
        batch.each_is_there_once(&client).await;
    }
    stack.shutdown().await;
}

#[tokio::test]
async fn copies_in_one_batch_are_there_once() {
    let (stack, client) = with_inbox().await;
    let batch = to_inboxes(&stack, &client, 3).await;
    let copies = || [batch.messages(1), batch.messages(1)].concat();
    let event = || dispatch(&stack, copies());
    let (one, other) = tokio::join!(event(), event());
    assert!(one.is_some() && other.is_some());
    batch.each_is_there_once(&client).await;
    stack.shutdown().await;
}

#[tokio::test]
async fn what_was_written_in_part_or_whose_answer_was_lost_is_there_once() {
    let (stack, client) = with_inbox().await;
    for of in [ENTRIES, RECORDS] {
        for more in [
            json!({"kind": "partial", "times": 1}),
            json!({"kind": "error"}),
            json!({"kind": "reset", "applied": true, "times": 1}),
            json!({"kind": "reset", "applied": true}),
        ] {
            let batch = to_inboxes(&stack, &client, 4).await;
            faults(&client, fault(of, more.clone())).await;
            let calls = calls(&stack, &client, batch.messages(1)).await;
            if of == ENTRIES && more["kind"] == "error" {
                assert_eq!(
                    calls["BatchExecuteStatement"],
                    json!([3, 0.0]),
                    "nothing is written, so nothing is recorded"
                );
            }
            if of == RECORDS && more["applied"] == true {
                assert!(!calls.contains_key("UpdateItem"), "it finds its own records: {calls:?}");
            }
            faults(&client, json!({})).await;
            batch.each_is_there_once(&client).await;
        }
    }
    stack.shutdown().await;
}

/// A worker that dies leaves an entry and no record, or neither. Whoever gets the messages next finds which.
#[tokio::test]
async fn what_a_worker_left_that_died_is_sent_once_or_taken_back() {
    let (stack, client) = with_inbox().await;
    for (of, applied) in [(ENTRIES, false), (ENTRIES, true), (RECORDS, false), (RECORDS, true)] {
        let batch = to_inboxes(&stack, &client, 3).await;
        let kill = json!({"kind": "kill", "caller": "dispatch", "times": 1, "applied": applied});
        faults(&client, fault(of, kill)).await;
        assert_eq!(dispatch(&stack, batch.messages(1)).await, None, "it died");
        batch.first_opts_out(&client).await;
        assert_eq!(dispatch(&stack, batch.messages(2)).await, Some(Vec::new()));
        let deliveries = batch.deliveries(&client).await;
        let statuses: Vec<_> = deliveries.iter().map(|delivery| &delivery["status"]).collect();
        let is_recorded = of == RECORDS && applied;
        let first = if is_recorded { "sent" } else { "skipped" };
        assert_eq!(statuses, [first, "sent", "sent"], "{of} {applied}");
        // What the dead worker asked for may still be done.
        assert_eq!(deliveries[0]["ambiguous"] == true, !is_recorded, "{of} {applied}: {}", deliveries[0]);
        assert_eq!(deliveries[1]["ambiguous"], Value::Null, "{of} {applied}: {}", deliveries[1]);
        assert_eq!(batch.entries(&client).await, [usize::from(is_recorded), 1, 1], "{of} {applied}");
    }
    stack.shutdown().await;
}

#[tokio::test]
async fn what_is_cancelled_while_its_entry_is_written_is_taken_back() {
    let (stack, client) = with_inbox().await;
    let batch = to_inboxes(&stack, &client, 3).await;
    faults(&client, fault(RECORDS, json!({"kind": "delay", "delay_ms": 2500, "times": 1}))).await;
    let service = client.token("service").await;
    let path = format!("/api/v1/notifications/{}", batch.ids[1]);
    let cancel = async {
        eventually(async || (batch.entries(&client).await == [1, 1, 1]).then_some(())).await;
        client.json(Method::DELETE, &path, &service, &Value::Null).await
    };
    let (back, cancelled) = tokio::join!(dispatch(&stack, batch.messages(1)), cancel);
    assert_eq!(back, Some(Vec::new()));
    assert_eq!(cancelled.json()["message"], "Notification cancelled", "{}", cancelled.text);
    let deliveries = batch.deliveries(&client).await;
    let statuses: Vec<_> = deliveries.iter().map(|delivery| &delivery["status"]).collect();
    assert_eq!(statuses, ["sent", "cancelled", "sent"]);
    assert_eq!(deliveries[1]["ambiguous"], Value::Null, "{}", deliveries[1]);
    assert_eq!(batch.entries(&client).await, [1, 0, 1]);
    stack.shutdown().await;
}

/// A message that is sent anew was received once. So it says itself that its entry may be there.
#[tokio::test]
async fn a_doubt_is_not_forgotten_when_the_table_fails_and_the_message_is_sent_anew() {
    let (stack, client) = with_inbox().await;
    let batch = to_inboxes(&stack, &client, 1).await;
    let no_record = |operation| json!({"operation": operation, "containing": [RECORDS], "kind": "error"});
    faults(&client, json!({"dynamodb": [no_record("BatchExecuteStatement"), no_record("UpdateItem")]})).await;
    assert_eq!(dispatch(&stack, batch.messages(1)).await, Some(Vec::new()), "it is sent anew");
    assert_eq!(batch.entries(&client).await, [1]);
    batch.first_opts_out(&client).await;
    faults(&client, json!({})).await;
    let skipped = batch.first_is(&client, "skipped").await;
    assert_eq!(skipped["ambiguous"], true, "{skipped}");
    assert_eq!(batch.entries(&client).await, [0]);
    stack.shutdown().await;
}

/// Nobody knows whether a write was done that took too long. It uses up no attempt.
#[tokio::test]
async fn an_entry_whose_write_took_too_long_is_in_doubt() {
    // A worker has no time to wait until the table has been asked three times.
    let (stack, client) = own(options(&[("DispatchTimeout", "5")])).await;
    client.set_up_inbox().await;
    let batch = to_inboxes(&stack, &client, 1).await;
    let slow = json!({"operation": "PutItem", "containing": [ENTRIES], "kind": "delay", "delay_ms": 60_000});
    faults(&client, json!({"dynamodb": [slow]})).await;
    let mut later = batch.messages(1);
    later[0]["attributes"]["SentTimestamp"] = json!("4000000000000");
    assert_eq!(dispatch(&stack, later).await, Some(Vec::new()), "it is sent anew");
    let retrying = batch.first_is(&client, "retrying").await;
    assert_eq!((&retrying["ambiguous"], &retrying["attempts"]), (&json!(true), &json!(0)), "{retrying}");
    batch.first_opts_out(&client).await;
    faults(&client, json!({})).await;
    let skipped = batch.first_is(&client, "skipped").await;
    assert_eq!(skipped["ambiguous"], true, "{skipped}");
    stack.shutdown().await;
}

#[tokio::test]
async fn what_ended_without_a_doubt_has_none_when_its_message_comes_again() {
    let (stack, client) = with_inbox().await;
    let batch = to_inboxes(&stack, &client, 1).await;
    batch.first_opts_out(&client).await;
    for receive in [1, 2, 1] {
        assert_eq!(dispatch(&stack, batch.messages(receive)).await, Some(Vec::new()));
        let skipped = batch.first_is(&client, "skipped").await;
        assert_eq!(skipped["ambiguous"], Value::Null, "{skipped}");
    }
    stack.shutdown().await;
}

/// A copy of the message has found a pause that this worker does not know yet.
#[tokio::test]
async fn what_a_copy_holds_while_its_entry_is_written_is_in_doubt() {
    let (stack, client) = with_inbox().await;
    let batch = to_inboxes(&stack, &client, 1).await;
    faults(&client, fault(RECORDS, json!({"kind": "delay", "delay_ms": 2500, "times": 1}))).await;
    let hold = async {
        eventually(async || (batch.entries(&client).await == [1]).then_some(())).await;
        let (until, owner) = (json!({"N": "4000000000000"}), json!({"S": "HELD#1"}));
        let held = json!({"status": {"S": "held"}, "held_until": until, "not_before": until, "owner": owner});
        batch.had_three_attempts(&stack, 0, held).await;
    };
    let (back, ()) = tokio::join!(dispatch(&stack, batch.messages(1)), hold);
    assert_eq!(back, Some(Vec::new()));
    let held = batch.deliveries(&client).await.remove(0);
    assert_eq!((&held["status"], &held["ambiguous"]), (&json!("held"), &json!(true)), "{held}");
    stack.shutdown().await;
}

/// The worker reads the user, the user is erased, and the entry is written.
#[tokio::test]
async fn an_entry_of_a_user_who_is_erased_meanwhile_is_taken_back() {
    let (stack, client) = with_inbox().await;
    let batch = to_inboxes(&stack, &client, 2).await;
    faults(&client, fault(ENTRIES, json!({"kind": "delay", "delay_ms": 2500, "times": 1}))).await;
    let admin = client.token("admin").await;
    let path = format!("/api/v1/users/{}", batch.recipients[0].user);
    let erase = async {
        a_batch_is_written(&client).await;
        client.json(Method::DELETE, &path, &admin, &Value::Null).await
    };
    client.json(Method::DELETE, "/_local/calls", "", &Value::Null).await;
    let (back, erased) = tokio::join!(dispatch(&stack, batch.messages(1)), erase);
    assert_eq!(erased.status, 204, "{}", erased.text);
    assert!(back.is_some());
    let table = api::dynamodb(&stack, "Scan", json!({})).await.to_string();
    assert_eq!((table.matches("words").count(), table.matches(ENTRIES).count()), (2, 1), "the other's: {table}");
    stack.shutdown().await;
}

/// Its first worker has put the entry into the inbox and died, and all others have died before they did anything.
#[tokio::test]
async fn what_the_queue_gives_up_is_in_doubt_until_it_is_redriven() {
    let (stack, client) = with_inbox().await;
    let batch = to_inboxes(&stack, &client, 1).await;
    faults(&client, fault(RECORDS, json!({"kind": "kill", "caller": "dispatch", "times": 1}))).await;
    assert_eq!(dispatch(&stack, batch.messages(1)).await, None, "it died");
    batch.are_given_up_by_the_queue(&stack).await;
    let given_up = batch.deliveries(&client).await.remove(0);
    assert_eq!((&given_up["status"], &given_up["ambiguous"]), (&json!("dead_lettered"), &json!(true)), "{given_up}");
    assert_eq!(batch.entries(&client).await, [0], "it is taken back");
    let admin = client.token("admin").await;
    let redriven = client.json(Method::POST, "/api/v1/dead-letters/redrive", &admin, &json!({"all": true})).await;
    assert_eq!(redriven.status, 202, "{}", redriven.text);
    eventually(async || (batch.deliveries(&client).await[0]["status"] == "sent").then_some(())).await;
    batch.each_is_there_once(&client).await;
    stack.shutdown().await;
}

/// A request of a worker that died has come late, and nobody works on the delivery any more.
#[tokio::test]
async fn whoever_cancels_what_is_in_doubt_takes_its_entry_back() {
    let (stack, client) = with_inbox().await;
    let batch = to_inboxes(&stack, &client, 1).await;
    faults(&client, fault(RECORDS, json!({"kind": "kill", "caller": "dispatch", "times": 1}))).await;
    assert_eq!(dispatch(&stack, batch.messages(1)).await, None, "it died");
    let key = json!({"pk": {"S": format!("USER#{}", batch.recipients[0].user)}, "sk": {"S": "INBOX#"}});
    let query = json!({
        "KeyConditionExpression": "pk = :p AND begins_with(sk, :s)",
        "ExpressionAttributeValues": {":p": key["pk"], ":s": key["sk"]},
    });
    let entry = api::dynamodb(&stack, "Query", query).await["Items"][0].clone();
    batch.are_given_up_by_the_queue(&stack).await;
    api::dynamodb(&stack, "PutItem", json!({"Item": entry})).await;
    assert_eq!(batch.entries(&client).await, [1]);
    let (service, path) = (client.token("service").await, format!("/api/v1/notifications/{}", batch.ids[0]));
    let cancelled = client.json(Method::DELETE, &path, &service, &Value::Null).await;
    assert_eq!(cancelled.json()["message"], "Notification cancelled", "{}", cancelled.text);
    assert_eq!(batch.entries(&client).await, [0]);
    stack.shutdown().await;
}

/// Where a message is at most once anyway, a worker that died is no reason to count no attempts.
#[tokio::test]
async fn the_budget_of_attempts_holds_for_an_inbox_too() {
    let (stack, client) = own(options(&[("MaxAttempts", "1")])).await;
    client.set_up_inbox().await;
    let batch = Batch::of(&stack, &client, 2, |place, recipient| {
        json!({
            "notification_type": "in_app", "user_id": recipient.user, "content": {"body": "words"},
            "at_most_once": place == 1,
        })
    });
    let batch = batch.await.by_inbox();
    for place in 0..2 {
        batch.had_three_attempts(&stack, place, json!({"recorded": {"N": "2"}})).await;
    }
    assert_eq!(dispatch(&stack, batch.messages(2)).await, Some(Vec::new()));
    for delivery in batch.deliveries(&client).await {
        let seen = (&delivery["status"], &delivery["ambiguous"]);
        assert_eq!(seen, (&json!("dead_lettered"), &json!(true)), "{delivery}");
    }
    assert_eq!(batch.entries(&client).await, [0, 0]);
    stack.shutdown().await;
}
