//! One message that no worker can process, among many good ones.

use std::collections::BTreeSet;

use api::{Client, dynamodb, eventually, options, own};
use local::stack::Stack;
use serde_json::{Value, json};

use super::{Recipient, each_got_one, notify_all, queue, queue_of, settled};

async fn reported(client: &Client) -> BTreeSet<String> {
    let batches = client.get("/_local/batches", "").await.json();
    let reported = batches["dispatch"]["reported"].as_object().cloned().unwrap_or_default();
    reported.into_iter().map(|(id, _)| id).collect()
}

fn all_sent(deliveries: &[Value]) {
    for delivery in deliveries {
        assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("sent"), &json!(1)), "{delivery}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_poison_message_in_500_is_a_dead_letter_and_499_are_sent_once() {
    let (stack, client) = own(options(&[("DispatchTimeout", "5")])).await;
    let recipients = Recipient::many(&client, 499).await;
    let mut ids = notify_all(&client, &recipients[..250]).await;
    let poison = r#"{"kind":"deliver.v1","notification_id":"no id"}"#;
    let poison_id = stack.sqs().send(&queue(&stack), poison).await.expect("sent");
    ids.extend(notify_all(&client, &recipients[250..]).await);
    all_sent(&settled(&client, &ids).await);
    let letter = eventually(async || client.dead_letters().await.pop()).await;
    client.queues_empty().await;
    let all = client.dead_letters().await;
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!((&letter["message"], &letter["notification_id"]), (&json!(poison), &Value::Null));
    let reason = letter["reason"].as_str().unwrap_or_default();
    assert!(reason.starts_with("the message cannot be read: it is of an unknown kind"), "{letter}");
    each_got_one(&client, &recipients).await;
    let mut others = reported(&client).await;
    others.remove(&poison_id);
    println!("499 sent once, 1 dead letter, {} other ids reported", others.len());
    assert_eq!(others, BTreeSet::new(), "what went well was reported as failed");
    stack.shutdown().await;
}

/// Lets SQS give each message out only so often. The template allows no such small number, and a test cannot wait for more.
async fn guard(stack: &Stack, receives: u32) {
    let dead = &stack.template().queue("DeadLetterQueue").unwrap().arn;
    let policy = json!({"deadLetterTargetArn": dead, "maxReceiveCount": receives}).to_string();
    for channel in ["email", "push"] {
        let set = stack.sqs().client().set_queue_attributes().queue_url(queue_of(stack, channel));
        set.attributes("RedrivePolicy".into(), &policy).send().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_about_an_item_that_cannot_be_read_comes_back_alone_until_it_is_a_dead_letter() {
    let (stack, client) = own(options(&[])).await;
    guard(&stack, 2).await;
    let recipients = Recipient::many(&client, 40).await;
    let broken = &recipients[20];
    let item = json!({"pk": {"S": format!("USER#{}", broken.user)}, "sk": {"S": "USER"}, "version": {"S": "one"}});
    dynamodb(&stack, "PutItem", json!({"Item": item})).await;
    let ids = notify_all(&client, &recipients).await;
    let (mut others, mut whole) = (ids.clone(), recipients.clone());
    let poison = others.remove(20);
    whole.remove(20);
    all_sent(&settled(&client, &others).await);
    let letter = eventually(async || client.dead_letters().await.pop()).await;
    assert_eq!((&letter["reason"], &letter["notification_id"]), (&json!("received_too_often"), &json!(poison)));
    client.queues_empty().await;
    assert_eq!(client.dead_letters().await.len(), 1);
    let delivery = settled(&client, &[poison]).await.remove(0);
    assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("dead_lettered"), &json!(0)), "{delivery}");
    each_got_one(&client, &whole).await;
    let reported = reported(&client).await;
    assert_eq!(reported.len(), 1, "{reported:?}");
    assert!(letter["id"].as_str().unwrap_or_default().ends_with(reported.first().expect("one")), "{letter}");
    stack.shutdown().await;
}
