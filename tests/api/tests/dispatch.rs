//! The way of a message from the queue to a provider. Each test has its own stack, because it sets up faults there.

use std::time::Duration;

use api::{Client, dynamodb, eventually, options, own};
use local::stack::Stack;
use reqwest::Method;
use serde_json::{Value, json};

async fn answers(client: &Client, provider: &str, answers: Value) {
    let path = format!("/_local/providers/{provider}");
    let set = client.json(Method::PUT, &path, "", &json!({"answers": answers})).await;
    assert!(set.status.is_success(), "{}", set.text);
}

async fn faults(client: &Client, faults: Value) {
    let set = client.json(Method::PUT, "/_local/faults", "", &faults).await;
    assert!(set.status.is_success(), "{}", set.text);
}

async fn send(stack: &Stack, queue: &str, body: &str) {
    stack.sqs().client().send_message().queue_url(queue).message_body(body).send().await.unwrap();
}

/// Sends a push message to a new user with that device token. Returns the notification's id.
async fn push(client: &Client, token: &str) -> String {
    let user = client.new_user(json!({"push_token": token})).await;
    client.notify(&json!({"notification_type": "push", "user_id": user["id"], "content": {"body": "x"}})).await
}

#[tokio::test]
async fn a_failing_provider_is_tried_again_and_then_sent_once() {
    let (stack, client) = own(options(&[])).await;
    answers(&client, "fcm", json!([{"status": 503}, {"status": 429, "headers": {"retry-after": "1"}}])).await;
    let id = push(&client, "later").await;
    let seen = client.notification_when(&id, |data| data["status"] == "retrying").await;
    assert_eq!(seen["deliveries"][0]["reason"], "provider_unavailable");
    let data = client.settled(&id).await;
    let delivery = &data["deliveries"][0];
    // With the 429 the provider looked at nothing, so that was no attempt.
    assert_eq!(
        (&data["status"], &delivery["attempts"], &delivery["reason"]),
        (&json!("sent"), &json!(2), &Value::Null)
    );
    let got = client.deliveries_to("later").await;
    let statuses: Vec<_> = got.iter().map(|delivery| delivery["response"]["status"].clone()).collect();
    assert_eq!(statuses, [503, 429, 200]);
    client.is_drained().await;
    stack.shutdown().await;
}

#[tokio::test]
async fn what_a_provider_refuses_for_good_is_not_tried_again() {
    let (stack, client) = own(options(&[])).await;
    let error = |code: &str| {
        let kind = "type.googleapis.com/google.firebase.fcm.v1.FcmError";
        json!({"error": {"code": 400, "message": "x", "details": [{"@type": kind, "errorCode": code}]}})
    };
    for (token, status, code, reason) in
        [("gone", 404, "UNREGISTERED", "address_gone"), ("bad", 400, "INVALID_ARGUMENT", "provider_rejected")]
    {
        answers(&client, "fcm", json!([{"status": status, "body": error(code)}])).await;
        let data = client.settled(&push(&client, token).await).await;
        let delivery = &data["deliveries"][0];
        assert_eq!((&delivery["status"], &delivery["reason"]), (&json!("failed"), &json!(reason)));
        assert_eq!(delivery["attempts"], 1);
    }
    client.is_drained().await;
    stack.shutdown().await;
}

#[tokio::test]
async fn after_five_attempts_a_message_is_a_dead_letter_and_its_delivery_failed() {
    let (stack, client) = own(options(&[("RetryMostSeconds", "1")])).await;
    let refusals: Vec<_> = (0..9).map(|_| json!({"status": 500})).collect();
    answers(&client, "fcm", json!(refusals)).await;
    let id = push(&client, "never").await;
    let letter = eventually(async || client.dead_letters().await.pop()).await;
    assert_eq!(letter["reason"], "provider_unavailable");
    assert_eq!((&letter["notification_id"], &letter["channel"]), (&json!(id), &json!("push")));
    client.queues_empty().await;
    let delivery = client.settled(&id).await["deliveries"][0].clone();
    assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("dead_lettered"), &json!(5)));
    assert_eq!(delivery["reason"], "provider_unavailable");

    // A redriven message is decided and sent again.
    answers(&client, "fcm", json!([])).await;
    let token = client.token("admin").await;
    let body = json!({"ids": [letter["id"]]});
    let redriven = client.json(Method::POST, "/api/v1/dead-letters/redrive", &token, &body).await;
    let expected = json!({"redriven": 1, "already_done": 0, "not_found": [], "has_more": false});
    redriven.is(202, expected);
    let redriven = client.notification_when(&id, |data| data["status"] == "sent").await;
    assert_eq!(redriven["deliveries"][0]["attempts"], 6);
    client.is_drained().await;
    stack.shutdown().await;
}

#[tokio::test]
async fn a_killed_worker_s_delivery_is_taken_up_again() {
    let (stack, client) = own(options(&[])).await;
    answers(&client, "fcm", json!([{"delay_ms": 1500, "status": 503}])).await;
    let id = push(&client, "killed").await;
    eventually(async || (client.deliveries_to("killed").await.len() == 1).then_some(())).await;
    let killed = client.json(Method::POST, "/_local/functions/dispatch/kill", "", &Value::Null).await;
    assert!(!killed.json()["killed"].as_array().unwrap().is_empty(), "{}", killed.text);
    let data = client.settled(&id).await;
    assert_eq!((&data["status"], &data["deliveries"][0]["attempts"]), (&json!("sent"), &json!(2)));
    client.is_drained().await;
    stack.shutdown().await;
}

#[tokio::test]
async fn a_hanging_provider_ends_before_the_invocation_does() {
    let (stack, client) = own(options(&[])).await;
    answers(&client, "fcm", json!([{"delay_ms": 10_000}])).await;
    let data = client.settled(&push(&client, "slow").await).await;
    assert_eq!((&data["status"], &data["deliveries"][0]["attempts"]), (&json!("sent"), &json!(2)));
    stack.shutdown().await;
}

#[tokio::test]
async fn an_opt_out_acknowledged_before_the_worker_looks_is_honoured() {
    let (stack, client) = own(options(&[("DispatchTimeout", "15")])).await;
    faults(
        &client,
        json!({"dynamodb": [{"operation": "BatchGetItem", "kind": "delay", "delay_ms": 4000, "times": 1}]}),
    )
    .await;
    let user = client.new_user(json!({"push_token": "late"})).await;
    let body = json!({"notification_type": "push", "user_id": user["id"], "content": {"body": "x"}});
    let id = client.notify(&body).await;
    let path = format!("/api/v1/users/{}/preferences", user["id"].as_str().unwrap());
    let out = client.json(Method::PUT, &path, "", &json!({"preferences": {"push": false}})).await;
    assert_eq!(out.status.as_u16(), 200);
    let data = client.settled(&id).await;
    assert_eq!((&data["status"], &data["deliveries"][0]["reason"]), (&json!("skipped"), &json!("channel_off")));
    assert!(client.deliveries_to("late").await.is_empty());
    stack.shutdown().await;
}

#[tokio::test]
async fn a_message_that_nobody_can_read_is_set_aside_and_holds_nobody_back() {
    let (stack, client) = own(options(&[])).await;
    let queue = stack.template().queue("Queue").unwrap().url.clone();
    send(&stack, &queue, "no message of ours").await;
    assert_eq!(client.settled(&push(&client, "beside").await).await["status"], "sent");
    let letter = eventually(async || client.dead_letters().await.pop()).await;
    assert_eq!(letter["message"], "no message of ours");
    assert!(letter["reason"].as_str().is_some_and(|reason| reason.contains("cannot be read")), "{letter}");
    assert_eq!(letter["notification_id"], Value::Null);
    stack.shutdown().await;
}

#[tokio::test]
async fn a_batch_that_sqs_takes_in_part_is_completed_before_202() {
    let (stack, client) = own(options(&[])).await;
    faults(&client, json!({"sqs": [{"operation": "SendMessageBatch", "kind": "partial", "times": 1}]})).await;
    let user = client.new_user(json!({"push_token": "both"})).await;
    let id = client.notify(&json!({"user_id": user["id"], "content": {"body": "x"}})).await;
    let data = client.settled(&id).await;
    let statuses: Vec<_> = data["deliveries"].as_array().unwrap().iter().map(|d| d["status"].clone()).collect();
    assert_eq!(statuses, ["sent", "sent", "skipped"]);
    stack.shutdown().await;
}

#[tokio::test]
async fn without_the_queue_there_is_no_202_and_the_same_request_heals_it() {
    let (stack, client) = own(options(&[])).await;
    let user = client.new_user(json!({"push_token": "healed"})).await;
    let body = json!({
        "notification_type": "push", "user_id": user["id"], "content": {"body": "x"}, "request_id": "heal",
    });
    faults(&client, json!({"sqs": [{"operation": "SendMessageBatch", "kind": "error"}]})).await;
    let service = client.token("service").await;
    let refused = client.json(Method::POST, "/api/v1/notifications", &service, &body).await;
    refused.is(503, json!({"statusCode": 503, "message": "Temporarily unavailable, please try again"}));
    assert_eq!(refused.header("retry-after"), "1");
    faults(&client, json!({})).await;
    let id = client.notify(&body).await;
    assert_eq!(client.settled(&id).await["status"], "sent");
    assert_eq!(client.deliveries_to("healed").await.len(), 1);
    stack.shutdown().await;
}

/// A worker empties what is accepted for an erased user. It sees only what SQS has taken.
#[tokio::test]
async fn what_sqs_never_took_is_emptied_if_its_recipient_is_erased_before_or_after() {
    let (stack, client) = own(options(&[])).await;
    faults(&client, json!({"sqs": [{"operation": "SendMessageBatch", "kind": "error"}]})).await;
    let (admin, service) = (client.token("admin").await, client.token("service").await);
    let text = "only for you";
    let left = async || {
        let scanned = dynamodb(&stack, "Scan", json!({"ConsistentRead": true})).await["Items"].to_string();
        scanned.matches(text).count()
    };
    for is_erased_first in [true, false] {
        let user = client.new_user(json!({})).await["id"].as_str().unwrap().to_owned();
        let erase = async || {
            let path = format!("/api/v1/users/{user}");
            let erased = client.json(Method::DELETE, &path, &admin, &Value::Null).await;
            assert_eq!(erased.status.as_u16(), 204, "{}", erased.text);
        };
        let accept = async || {
            let body = json!({
                "notification_type": "email", "user_id": user, "content": {"body": text}, "metadata": {"of": text},
                "request_id": user,
            });
            for _ in 0..4 {
                let refused = client.json(Method::POST, "/api/v1/notifications", &service, &body).await;
                assert_eq!(refused.status.as_u16(), 503, "{}", refused.text);
            }
        };
        if is_erased_first {
            erase().await;
            accept().await;
        } else {
            accept().await;
            assert_eq!(left().await, 2, "content and metadata: it can still be sent by the same request again");
            erase().await;
        }
        assert_eq!(left().await, 0, "erased first: {is_erased_first}");
    }
    stack.shutdown().await;
}

#[tokio::test]
async fn a_message_delivered_again_sends_nothing_again() {
    let (stack, client) = own(options(&[])).await;
    let user = client.new_user(json!({"push_token": "once"})).await;
    let body = json!({"notification_type": "push", "user_id": user["id"], "content": {"body": "x"}});
    let id = client.notify(&body).await;
    client.settled(&id).await;
    let queue = stack.template().queue("Queue").unwrap().url.clone();
    let message = json!({"kind": "deliver.v1", "notification_id": id, "user_id": user["id"], "channel": "push"});
    for _ in 0..5 {
        send(&stack, &queue, &message.to_string()).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    client.is_drained().await;
    assert_eq!(client.deliveries_to("once").await.len(), 1);
    stack.shutdown().await;
}

#[tokio::test]
async fn only_the_device_that_did_not_answer_is_sent_to_again() {
    let (stack, client) = own(options(&[])).await;
    let demo = client.demo().await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let user = client.new_user(json!({})).await;
    let path = format!("/admin/users/{}/channel-settings/{}", text(&user["id"]), text(&demo["channels"]["fcm"]));
    let (key, secret) = (text(&demo["notiflows"]["api_key"]), text(&demo["notiflows"]["secret_key"]));
    let keys = [("x-notiflows-api-key", key.as_str()), ("x-notiflows-secret-key", secret.as_str())];
    let body = br#"{"settings":{"device_tokens":["phone","tablet"]}}"#.to_vec();
    assert_eq!(client.send(Method::PUT, &path, &keys, Some(body)).await.status.as_u16(), 200);
    answers(&client, "fcm", json!([{"delay_ms": 10_000}])).await;
    let body = json!({"notification_type": "push", "user_id": user["id"], "content": {"body": "x"}});
    let data = client.settled(&client.notify(&body).await).await;
    let delivery = &data["deliveries"][0];
    assert_eq!(
        (&data["status"], &delivery["attempts"], &delivery["ambiguous"]),
        (&json!("sent"), &json!(2), &json!(true))
    );
    let states: Vec<_> = delivery["addresses"].as_object().unwrap().values().map(|one| one["state"].clone()).collect();
    assert_eq!(states, ["sent", "sent"]);
    client.is_drained().await;
    let mut got = [client.deliveries_to("phone").await.len(), client.deliveries_to("tablet").await.len()];
    got.sort_unstable();
    assert_eq!(got, [1, 2], "only the one that did not answer");
    stack.shutdown().await;
}

#[tokio::test]
async fn an_item_that_cannot_be_read_holds_nobody_back() {
    let (stack, client) = own(options(&[])).await;
    let broken = client.new_user(json!({"push_token": "broken"})).await;
    let key = format!("USER#{}", broken["id"].as_str().unwrap());
    let item = json!({"pk": {"S": key}, "sk": {"S": "USER"}, "version": {"S": "one"}});
    dynamodb(&stack, "PutItem", json!({"Item": item})).await;
    let body = json!({"notification_type": "push", "user_id": broken["id"], "content": {"body": "x"}});
    let id = client.notify(&body).await;
    assert_eq!(client.settled(&push(&client, "whole").await).await["status"], "sent");
    let waiting = client.notification_when(&id, |_| true).await;
    assert_eq!(waiting["deliveries"][0]["status"], "queued");
    let queues = client.get("/_local/queues", "").await.json();
    assert_eq!((&queues["in_flight"], &queues["dead_lettered"]), (&json!(1), &json!(0)), "{queues}");
    stack.shutdown().await;
}
