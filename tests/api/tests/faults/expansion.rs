//! A run to the subscribers of a topic: each gets it once, though workers die at every write of the expansion, or never learn that it was
//! done.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use api::{Client, dynamodb, eventually, options, own, past_for_every_clock, put_all};
use futures::{StreamExt, stream};
use local::stack::{Options, Stack};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{faults, got, size};
use crate::runs::{notifications, read, send};

const TOPIC: &str = "many";

/// Users who have a device each. The first is created by a request, and the others are copies: so many requests would take longer than
/// all that is tested here.
async fn people(stack: &Stack, client: &Client, count: usize) -> Vec<String> {
    let first = client.new_user(json!({"email": "many-0@example.com", "push_token": "many-0"})).await;
    let first = first["id"].as_str().expect("an id");
    let key = json!({"Key": {"pk": {"S": format!("USER#{first}")}, "sk": {"S": "USER"}}});
    let item = dynamodb(stack, "GetItem", key).await["Item"].to_string();
    let others: Vec<_> = (1..count).map(|_| Uuid::new_v4().to_string()).collect();
    let copy = |(n, id): (usize, &String)| item.replace(first, id).replace("many-0", &format!("many-{}", n + 1));
    let copies = others.iter().enumerate().map(copy).map(|copy| serde_json::from_str(&copy).expect("JSON"));
    put_all(stack, &copies.collect::<Vec<_>>()).await;
    [first.to_owned()].into_iter().chain(others).collect()
}

async fn subscribe(client: &Client, users: &[String]) {
    let demo = client.demo().await;
    let key = |name: &str| demo["notiflows"][name].as_str().expect("a key");
    let keys = [("x-notiflows-api-key", key("api_key")), ("x-notiflows-secret-key", key("secret_key"))];
    // The first request creates the topic.
    let (first, others) = users.split_at(1);
    let requests = [first].into_iter().chain(others.chunks(500));
    let subscribe = requests.map(async |users| {
        let body = json!({"user_external_ids": users}).to_string().into_bytes();
        let path = format!("/admin/v1/topics/{TOPIC}/subscriptions");
        let subscribed = client.send(Method::POST, &path, &keys, Some(body)).await;
        assert_eq!(subscribed.status, StatusCode::OK, "{}", subscribed.text);
    });
    stream::iter(subscribe).buffered(2).collect::<Vec<_>>().await;
}

/// Waits for the end of something that takes long, in which something must happen every two minutes. Returns what was seen last.
async fn the_end(look: impl AsyncFn() -> Value, is_end: impl Fn(&Value) -> bool) -> Value {
    let mut seen = Value::Null;
    while !is_end(&seen) {
        seen = eventually(async || Some(look().await).filter(|now| *now != seen)).await;
    }
    seen
}

/// Workers die before and after each write, and the answers to each write are lost, done and not done: each once.
fn all_cuts() -> Value {
    let cuts = |operation: &str, containing: &str| {
        let cut = |kind, applied| {
            json!({
                "caller": "dispatch", "operation": operation, "containing": [containing], "kind": kind, "times": 1,
                "applied": applied,
            })
        };
        [cut("kill", false), cut("reset", false), cut("kill", true), cut("reset", true)]
    };
    let dynamodb = [("PutItem", "PAGE#"), ("BatchExecuteStatement", "of_run"), ("PutItem", "DONE#")];
    let sqs = ["expand.v1", "deliver.v1"].map(|message| cuts("SendMessageBatch", message));
    json!({"dynamodb": dynamodb.map(|(operation, what)| cuts(operation, what)).concat(), "sqs": sqs.concat()})
}

/// `TIDINGS_LONG=1` has 100,000 recipients.
#[tokio::test(flavor = "multi_thread")]
async fn each_of_ten_thousand_gets_it_once_though_workers_die_at_every_write_of_the_expansion() {
    let parameters = [("DispatchTimeout", "5")];
    let (stack, client) = own(Options { concurrency: 4, ..options(&parameters) }).await;
    let count = size(10_000, 100_000);
    let began = Instant::now();
    let say = |what: &str| println!("{:>6.1} s {what}", began.elapsed().as_secs_f64());
    let users = people(&stack, &client, count).await;
    say("users are there");
    subscribe(&client, &users).await;
    say("users are subscribed");
    client.index_catches_up().await;
    past_for_every_clock().await;
    faults(&client, all_cuts()).await;
    let body = json!({"topic": TOPIC, "notification_type": "push", "content": {"title": "T", "body": "b"}});
    let id = send(&client, &body).await;
    let run = the_end(async || read(&client, &id).await, |run| run["status"] == "done").await;
    say("the run is expanded");
    let seen = (&run["recipients"], &run["expanded"], &run["left_out"]);
    assert_eq!(seen, (&json!(count), &json!(count), &json!({})), "{run}");
    let queues = async || client.get("/_local/queues", "").await.json();
    let is_empty = |queues: &Value| ["visible", "in_flight", "delayed"].iter().all(|name| queues[*name] == 0);
    the_end(queues, is_empty).await;
    say("all is sent");
    client.is_drained().await;
    let left = [stack.dynamodb_proxy(), stack.sqs_proxy()].map(|proxy| proxy.faults_left());
    assert_eq!(left, [0, 0], "not every cut was made");
    let got = got(&client).await;
    let pushes: BTreeMap<_, _> = got.iter().filter(|(_, got)| got[0]["provider"] == "fcm").collect();
    assert_eq!(pushes.len(), count);
    let doubled: Vec<_> = pushes.iter().filter(|(_, got)| got.len() != 1).collect();
    assert!(doubled.is_empty(), "{doubled:?}");
    let all = notifications(&client, &id, 100).await;
    assert_eq!(all.iter().map(|one| one["user_id"].to_string()).collect::<BTreeSet<_>>().len(), count);
    say("all is listed");
    stack.shutdown().await;
}
