//! What AWS does and a plain emulator does not (`tests/local/README.md`): the product works all the same. Each test also
//! sees that the stack really does it.

use std::{collections::BTreeSet, fs, time::Duration};

use api::{Client, eventually, options, own};
use local::{
    fidelity::Fidelity,
    stack::{Options, Stack},
};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::Timestamp;

use crate::faults::{Recipient, got, notify_all, settled};

/// A stack on which everything is on.
async fn unforgiving(parameters: &[(&str, &str)]) -> (Stack, Client) {
    own(Options { fidelity: Fidelity::full(), ..options(parameters) }).await
}

/// What Linux says a process does: `T` if it is stopped.
fn state_of(pid: u32) -> String {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").map(|(_, rest)| rest.chars().take(1).collect()).unwrap_or_default()
}

/// The states (`01` is open, `08` was closed by the other side) of the connections to this port, as their clients have them.
fn connections_to(endpoint: &str) -> Vec<String> {
    let port: u16 = endpoint.rsplit_once(':').unwrap().1.parse().unwrap();
    let to = format!(":{port:04X}");
    let table = fs::read_to_string("/proc/self/net/tcp").unwrap();
    let columns = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    columns.filter(|columns| columns[2].ends_with(&to)).map(|columns| columns[3].to_owned()).collect()
}

/// Waits until every process of every function is stopped, and the connections of all to the table were closed.
async fn all_are_frozen(stack: &Stack) {
    let names: BTreeSet<_> = stack.template().functions.iter().map(|function| function.binary.clone()).collect();
    eventually(async || {
        let stopped = |name: &String| stack.function(name).unwrap().pids().into_iter().all(|pid| state_of(pid) == "T");
        names.iter().all(stopped).then_some(())
    })
    .await;
    let endpoint = stack.dynamodb_proxy().endpoint();
    assert!(!connections_to(endpoint).is_empty(), "no function has called the table");
    eventually(async || connections_to(endpoint).iter().all(|state| state != "01").then_some(())).await;
    assert!(connections_to(endpoint).contains(&"08".to_owned()), "{:?}", connections_to(endpoint));
}

/// Sends a notification on all of a user's channels, and asserts that each channel got it at the first attempt, once.
async fn everything_works(client: &Client, user: &Value) {
    let id = user["id"].as_str().unwrap();
    let body = json!({"preferences": {"sms": true, "slack": true}});
    let put = client.json(Method::PUT, &format!("/api/v1/users/{id}/preferences"), "", &body).await;
    assert_eq!(put.status.as_u16(), 200, "{}", put.text);
    client.json(Method::DELETE, "/_local/deliveries", "", &Value::Null).await;
    let notification = client.notify(&json!({"user_id": id, "content": {"title": "t", "body": "x"}})).await;
    let data = client.settled(&notification).await;
    let deliveries = data["deliveries"].as_array().unwrap();
    assert!(deliveries.len() >= 2, "{data}");
    for delivery in deliveries {
        let channel = delivery["channel"].as_str().unwrap_or_default();
        if ["email", "push"].contains(&channel) {
            assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("sent"), &json!(1)), "{delivery}");
            assert!(!delivery.to_string().contains("ambiguous"), "{delivery}");
        }
    }
    for (address, messages) in got(client).await {
        assert_eq!(messages.len(), 1, "{address}");
    }
}

#[tokio::test]
async fn functions_that_were_frozen_and_lost_their_connections_go_on_as_if_nothing_were() {
    let (stack, client) = unforgiving(&[("DispatchTimeout", "10")]).await;
    let user = client.new_user(json!({"push_token": "device"})).await;
    everything_works(&client, &user).await;
    for _ in 0..3 {
        all_are_frozen(&stack).await;
        everything_works(&client, &user).await;
    }
    client.is_drained().await;
    stack.shutdown().await;
}

#[tokio::test]
async fn a_batch_that_lambda_turned_away_is_sent_later_and_no_attempt_is_used_up() {
    let (stack, client) = unforgiving(&[("MaxAttempts", "1")]).await;
    let recipient = Recipient::new(&client, &client.token("admin").await, "email").await;
    let concurrency = "/_local/functions/dispatch/concurrency";
    client.json(Method::PUT, concurrency, "", &json!({"reserved": 0})).await;
    let ids = notify_all(&client, std::slice::from_ref(&recipient)).await;
    eventually(async || {
        let batches = client.get("/_local/batches", "").await.json();
        (batches["dispatch"]["throttled"].as_u64() > Some(0)).then_some(())
    })
    .await;
    client.json(Method::DELETE, concurrency, "", &Value::Null).await;
    let delivery = settled(&client, &ids).await.remove(0);
    assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("sent"), &json!(1)), "{delivery}");
    assert_eq!(client.deliveries_to(&recipient.address).await.len(), 1);
    client.is_drained().await;
    stack.shutdown().await;
}

#[tokio::test]
async fn more_mail_than_ses_takes_is_sent_when_it_takes_it() {
    const MAILS: usize = 45;
    // As long as SES refuses, nothing counts as an attempt.
    let (stack, client) = unforgiving(&[("MaxAttempts", "1")]).await;
    let mail = Recipient::new(&client, &client.token("admin").await, "email").await;
    let concurrency = "/_local/functions/dispatch/concurrency";
    client.json(Method::PUT, concurrency, "", &json!({"reserved": 0})).await;
    let ids = notify_all(&client, &vec![mail.clone(); MAILS]).await;
    client.json(Method::DELETE, concurrency, "", &Value::Null).await;
    for delivery in settled(&client, &ids).await {
        assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("sent"), &json!(1)), "{delivery}");
    }
    let accepted = client.deliveries_to(&mail.address).await;
    assert_eq!(accepted.len(), MAILS, "each once");
    let refused = client.get("/_local/providers", "").await.json()["ses: maximum sending rate exceeded"].clone();
    println!("SES refused {refused} of them at first");
    let mut times: Vec<_> =
        accepted.iter().map(|mail| Timestamp::parse(mail["at"].as_str().unwrap()).unwrap()).collect();
    times.sort();
    let in_a_second = |from: Timestamp| {
        let end = from.plus(Duration::from_secs(1));
        times.iter().filter(|at| **at >= from && **at < end).count()
    };
    let most = times.iter().map(|from| in_a_second(*from)).max().unwrap();
    assert!(most <= 2 * 14, "SES took {most} within a second");
    client.is_drained().await;
    stack.shutdown().await;
}

#[tokio::test]
async fn two_processes_whose_clocks_differ_serve_the_same_users() {
    let (stack, client) = unforgiving(&[]).await;
    let (token, mut ahead, mut right) = (client.token("admin").await, None, None);
    // Two requests at a time, so that both processes get some.
    let create = async || {
        let user = client.new_user(json!({})).await;
        let now = shared::clock::Clock::system().now();
        let created = Timestamp::parse(user["created_at"].as_str().unwrap()).unwrap();
        (created > now.plus(Duration::from_millis(500)), user)
    };
    while ahead.is_none() || right.is_none() {
        let made: [_; 2] = tokio::join!(create(), create()).into();
        for (is_ahead, user) in made {
            *if is_ahead { &mut ahead } else { &mut right } = Some(user);
        }
    }
    for user in [ahead, right].into_iter().flatten() {
        let path = format!("/api/v1/users/{}", user["id"].as_str().unwrap());
        let changed = |user: &Value| Timestamp::parse(user["updated_at"].as_str().unwrap()).unwrap();
        let mut last = changed(&user);
        for round in 0..8 {
            let body = json!({"preferences": {"email": round % 2 == 0}});
            let preferences = format!("{path}/preferences");
            let (one, two) =
                tokio::join!(client.json(Method::PUT, &preferences, "", &body), client.get(&path, &token),);
            assert_eq!((one.status.as_u16(), two.status.as_u16()), (200, 200), "{} {}", one.text, two.text);
            let now = changed(&one.json());
            assert!(now >= last, "{now} after {last}");
            last = now;
        }
    }
    stack.shutdown().await;
}
