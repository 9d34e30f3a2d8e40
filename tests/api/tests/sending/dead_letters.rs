//! `/api/v1/dead-letters`.

use api::{Answer, Client, dynamodb, eventually, forbidden, options, own, shared};
use futures::future::join_all;
use local::stack::Stack;
use reqwest::Method;
use serde_json::{Value, json};

use crate::faults::{Recipient, answers, each_got_one, got, notify_all, settled};

const LETTERS: &str = "/api/v1/dead-letters";
const REDRIVE: &str = "/api/v1/dead-letters/redrive";

/// A stack on which pushes to new recipients became dead letters after one call each. Returns the recipients and the
/// ids of their notifications too.
async fn given_up(count: usize) -> (Stack, Client, Vec<Recipient>, Vec<String>) {
    let (stack, client) = own(options(&[("MaxAttempts", "1")])).await;
    answers(&client, "fcm", json!([{"status": 503, "always": true}])).await;
    let token = client.token("admin").await;
    let mut recipients = Vec::new();
    for _ in 0..count {
        recipients.push(Recipient::new(&client, &token, "push").await);
    }
    let ids = notify_all(&client, &recipients).await;
    eventually(async || (client.dead_letters().await.len() == count).then_some(())).await;
    client.queues_empty().await;
    answers(&client, "fcm", json!([])).await;
    client.json(Method::DELETE, "/_local/deliveries", "", &Value::Null).await;
    (stack, client, recipients, ids)
}

async fn redrive(client: &Client, body: Value) -> Answer {
    client.json(Method::POST, REDRIVE, &client.token("admin").await, &body).await
}

fn done(redriven: usize, already_done: usize, not_found: &[&str]) -> Value {
    json!({"redriven": redriven, "already_done": already_done, "not_found": not_found, "has_more": false})
}

#[tokio::test]
async fn they_come_in_pages_newest_first() {
    let (stack, client, _, ids) = given_up(5).await;
    let admin = client.token("admin").await;
    let whole = client.dead_letters().await;
    let (mut paged, mut after, mut sizes) = (Vec::new(), None::<String>, Vec::new());
    loop {
        let cursor = after.map(|after| format!("&after={after}")).unwrap_or_default();
        let answer = client.get(&format!("{LETTERS}?limit=2{cursor}"), &admin).await;
        let page = answer.json();
        let items = page["items"].as_array().unwrap();
        sizes.push(items.len());
        paged.extend(items.clone());
        assert_eq!((&page["page"]["limit"], page["page"]["has_more_after"] == true), (&json!(2), sizes.len() < 3));
        after = page["page"]["after"].as_str().map(str::to_owned);
        if after.is_none() {
            break;
        }
    }
    assert_eq!((sizes, &paged), (vec![2, 2, 1], &whole));
    let letter_ids: Vec<_> = whole.iter().map(|letter| letter["id"].as_str().unwrap()).collect();
    assert!(letter_ids.is_sorted_by(|newer, older| newer > older), "{letter_ids:?}");
    for letter in &whole {
        let (id, about) = (&letter["notification_id"], &letter["user_id"]);
        assert!(ids.iter().any(|known| *id == known.as_str()), "{letter}");
        let expected = json!({
            "id": letter["id"], "reason": "provider_unavailable", "notification_id": id, "user_id": about,
            "channel": "push", "at": letter["at"],
        });
        assert_eq!(*letter, expected);
    }
    let (limit, cursor) = ("limit must be a whole number from 1 to 100", "after must be the cursor of an earlier page");
    for (query, fault) in [("limit=0", limit), ("limit=101", limit), ("limit=x", limit), ("after=x", cursor)] {
        let answer = client.get(&format!("{LETTERS}?{query}"), &admin).await;
        answer.is(400, json!({"statusCode": 400, "message": "Validation failed", "errors": [fault]}));
    }
    stack.shutdown().await;
}

/// Dead letters of before the list had parts stand in one partition. One of them stands in its part as well: two copies of its message
/// came, one to each version.
#[tokio::test]
async fn letters_of_before_there_were_parts_are_listed_in_their_place_and_redriven() {
    let (stack, client, recipients, _) = given_up(4).await;
    let whole = client.dead_letters().await;
    let scan = dynamodb(&stack, "Scan", json!({})).await;
    let stored = scan["Items"].as_array().unwrap().iter();
    let stored: Vec<_> = stored.filter(|item| item["pk"]["S"].as_str().unwrap().starts_with("DEADLETTER#")).collect();
    assert_eq!(stored.len(), 4);
    for letter in [&whole[1], &whole[2]] {
        let item = stored.iter().find(|item| item["sk"]["S"] == letter["id"]).unwrap();
        if letter["id"] == whole[1]["id"] {
            let key = json!({"pk": item["pk"], "sk": item["sk"]});
            dynamodb(&stack, "DeleteItem", json!({"Key": key})).await;
        }
        let old = Value::Object(
            item.as_object().unwrap().clone().into_iter().chain([("pk".into(), json!({"S": "DEADLETTER"}))]).collect(),
        );
        dynamodb(&stack, "PutItem", json!({"Item": old})).await;
    }
    assert_eq!(client.dead_letters().await, whole);
    redrive(&client, json!({"ids": [whole[1]["id"]]})).await.is(202, done(1, 0, &[]));
    assert_eq!(client.dead_letters().await, [whole[0].clone(), whole[2].clone(), whole[3].clone()]);
    redrive(&client, json!({"all": true})).await.is(202, done(3, 0, &[]));
    assert!(client.dead_letters().await.is_empty());
    client.is_drained().await;
    each_got_one(&client, &recipients).await;
    stack.shutdown().await;
}

#[tokio::test]
async fn one_some_and_all_are_redriven_and_each_is_sent_once() {
    let (stack, client, recipients, ids) = given_up(6).await;
    let letters = client.dead_letters().await;
    let id = |number: usize| letters[number]["id"].as_str().unwrap();
    let nobody = "2026-01-01T00:00:00.000Z#no-such-letter";
    redrive(&client, json!({"ids": [id(0)]})).await.is(202, done(1, 0, &[]));
    redrive(&client, json!({"ids": [id(0)]})).await.is(202, done(0, 0, &[id(0)]));
    redrive(&client, json!({"ids": [id(1), nobody, id(2)]})).await.is(202, done(2, 0, &[nobody]));
    assert_eq!(client.dead_letters().await.len(), 3);
    redrive(&client, json!({"all": true})).await.is(202, done(3, 0, &[]));
    redrive(&client, json!({"all": true})).await.is(202, done(0, 0, &[]));
    eventually(async || (got(&client).await.len() == 6).then_some(())).await;
    for delivery in settled(&client, &ids).await {
        assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("sent"), &json!(2)), "{delivery}");
        assert!(delivery["ambiguous"].is_null(), "{delivery}");
    }
    client.is_drained().await;
    each_got_one(&client, &recipients).await;
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_one_redriven_many_times_at_once_is_sent_once() {
    let (stack, client, recipients, ids) = given_up(2).await;
    let letters = client.dead_letters().await;
    let both = json!({"ids": [letters[0]["id"], letters[1]["id"]]});
    let answers = join_all((0..8).map(|number| {
        let body = if number % 2 == 0 { both.clone() } else { json!({"all": true}) };
        redrive(&client, body)
    }))
    .await;
    for answer in &answers {
        assert_eq!(answer.status.as_u16(), 202, "{}", answer.text);
    }
    for delivery in settled(&client, &ids).await {
        assert_eq!(delivery["status"], "sent", "{delivery}");
    }
    client.is_drained().await;
    each_got_one(&client, &recipients).await;
    stack.shutdown().await;
}

#[tokio::test]
async fn a_redrive_that_died_half_way_is_done_again_and_sends_once() {
    let (stack, client, recipients, ids) = given_up(3).await;
    // The redrive has sent the messages to the queue and dies before it deletes the dead letters.
    let kill = json!({"operation": "DeleteItem", "kind": "kill", "times": 1, "containing": ["DEADLETTER"]});
    crate::faults::faults(&client, json!({"dynamodb": [kill]})).await;
    let died = redrive(&client, json!({"all": true})).await;
    assert!(died.status.is_server_error(), "{}", died.text);
    assert!(settled(&client, &ids).await.iter().all(|delivery| delivery["status"] == "sent"));
    let left = client.dead_letters().await.len();
    assert!(left > 0, "it died too late");
    redrive(&client, json!({"all": true})).await.is(202, done(0, left, &[]));
    client.is_drained().await;
    each_got_one(&client, &recipients).await;
    stack.shutdown().await;
}

/// Each copy of a delivery's message whose worker finds it given up makes a message in the dead-letter queue.
#[tokio::test]
async fn a_copy_that_comes_after_a_redrive_does_not_give_the_delivery_up_once_more() {
    let (stack, client, recipients, ids) = given_up(1).await;
    let letters = client.dead_letters().await;
    // The table does not take the copy's letter, so the copy comes back to the dead-letter queue later.
    let letter =
        json!({"operation": "UpdateItem", "caller": "dispatch", "kind": "error", "containing": ["\"letter\""]});
    crate::faults::faults(&client, json!({"dynamodb": [letter]})).await;
    let queue = &stack.template().queue("PushQueue").unwrap().url;
    stack
        .sqs()
        .client()
        .send_message()
        .queue_url(queue)
        .message_body(recipients[0].message(&ids[0]))
        .send()
        .await
        .unwrap();
    let batches = async || client.get("/_local/batches", "").await.json()["dispatch"]["reported"].clone();
    eventually(async || batches().await.as_object().filter(|all| !all.is_empty()).map(drop)).await;
    // The redrive opens the delivery, and SQS takes no message. The letter stays, by which that can be done again.
    let send = json!({"operation": "SendMessageBatch", "kind": "error", "containing": ["tidings-PushQueue"]});
    crate::faults::faults(&client, json!({"sqs": [send]})).await;
    assert_eq!(redrive(&client, json!({"all": true})).await.status.as_u16(), 503);
    client.queues_empty().await;
    let open = client.get(&format!("/api/v1/notifications/{}", ids[0]), &client.token("admin").await).await.json();
    assert_eq!(open["data"]["deliveries"][0]["status"], "queued", "{open}");
    assert_eq!(client.dead_letters().await, letters);
    crate::faults::faults(&client, json!({})).await;
    redrive(&client, json!({"all": true})).await.is(202, done(1, 0, &[]));
    assert_eq!(settled(&client, &ids).await[0]["status"], "sent");
    client.is_drained().await;
    each_got_one(&client, &recipients).await;
    stack.shutdown().await;
}

#[tokio::test]
async fn only_operators_see_and_redrive_them() {
    let client = shared();
    for who in ["user", "broker", "service"] {
        let token = client.token(who).await;
        for answer in
            [client.get(LETTERS, &token).await, client.json(Method::POST, REDRIVE, &token, &json!({"all": true})).await]
        {
            answer.is(403, forbidden("operator, or admin without an organization"));
        }
    }
    let demo = client.demo().await;
    let text = |name: &str| demo["notiflows"][name].as_str().unwrap().to_owned();
    let (key, secret) = (text("api_key"), text("secret_key"));
    let keys = [("x-notiflows-api-key", key.as_str()), ("x-notiflows-secret-key", secret.as_str())];
    for headers in [[].as_slice(), &keys] {
        let answer = client.send(Method::GET, LETTERS, headers, None).await;
        answer.is(401, json!({"statusCode": 401, "message": "Unauthorized"}));
        let answer = client.send(Method::POST, REDRIVE, headers, Some(br#"{"all":true}"#.to_vec())).await;
        answer.is(401, json!({"statusCode": 401, "message": "Unauthorized"}));
    }
    let admin = client.token("admin").await;
    for body in [json!({}), json!({"ids": []}), json!({"all": false})] {
        let answer = client.json(Method::POST, REDRIVE, &admin, &body).await;
        let fault = "ids must be 1 to 100 ids of dead letters; or give all, which must be true";
        answer.is(400, json!({"statusCode": 400, "message": "Validation failed", "errors": [fault]}));
    }
    let malformed = client.json(Method::POST, REDRIVE, &admin, &json!({"ids": ["x"]})).await;
    let fault = malformed.json()["errors"][0].as_str().unwrap_or_default().to_owned();
    assert!(malformed.status == 400 && fault.starts_with("ids[0] must be a dead letter's id"), "{}", malformed.text);
}
