//! Many writers change one user: no acknowledged write is lost.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Instant,
};

use api::{Client, options, own, unique, unique_email};
use futures::future::join_all;
use local::stack::Options;
use reqwest::Method;
use serde_json::{Value, json};

const WRITERS: usize = 64;
const ROUNDS: usize = 200;
/// The fields that the writers change, besides the address.
const FIELDS: [&str; 7] = ["email", "push", "sms", "slack", "in_app", "name", "push_token"];

/// One acknowledged write: its value, when it was sent, when it was acknowledged, and the version that it made.
struct Write {
    value: Value,
    sent: Instant,
    acknowledged: Instant,
    version: u64,
}

async fn write(client: &Client, token: &str, user: &str, field: &'static str, round: usize) -> Write {
    let value = match field {
        "name" => json!(format!("Name {}", unique())),
        "push_token" => json!(format!("token-{}", unique())),
        "address" => json!(unique_email()),
        _ => json!(round.is_multiple_of(2)),
    };
    let (path, body) = match field {
        "name" | "push_token" => (format!("/api/v1/users/{user}"), json!({field: value})),
        "address" => (format!("/api/v1/users/{user}"), json!({"email": value})),
        channel => (format!("/api/v1/users/{user}/preferences"), json!({"preferences": {channel: value}})),
    };
    let sent = Instant::now();
    let answer = client.json(Method::PUT, &path, token, &body).await;
    let acknowledged = Instant::now();
    assert_eq!(answer.status.as_u16(), 200, "{body}: {}", answer.text);
    Write { value, sent, acknowledged, version: answer.version() }
}

/// The values that the field may have at the end: those of all writes that were not acknowledged before another one was
/// sent.
fn possible(writes: &[Write]) -> Vec<&Value> {
    let last_sent = writes.iter().map(|write| write.sent).max().unwrap();
    writes.iter().filter(|write| write.acknowledged >= last_sent).map(|write| &write.value).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_writers_lose_nothing_of_one_user() {
    let (stack, client) = own(Options { concurrency: 4, ..options(&[]) }).await;
    let user = client.new_user(json!({})).await;
    let id: Arc<str> = user["id"].as_str().unwrap().into();
    let token: Arc<str> = client.token("admin").await.into();
    client.json(Method::DELETE, "/_local/calls", "", &Value::Null).await;

    // Only one writer changes the address, because the transaction of an address refuses two writers at the same time.
    let field = |writer: usize| if writer == 0 { "address" } else { FIELDS[writer % FIELDS.len()] };
    let writers = (0..WRITERS).map(|writer| {
        let (client, token, id) = (client.clone(), token.clone(), id.clone());
        tokio::spawn(async move {
            let mut writes = Vec::with_capacity(ROUNDS);
            for round in 0..ROUNDS {
                writes.push(write(&client, &token, &id, field(writer), round).await);
            }
            (field(writer), writes)
        })
    });
    let mut written: BTreeMap<&str, Vec<Write>> = BTreeMap::new();
    for done in join_all(writers).await {
        let (field, writes) = done.unwrap();
        written.entry(field).or_default().extend(writes);
    }

    // In the last round each channel has one writer, so the stored value must be exactly the value that was
    // acknowledged.
    let channels = FIELDS.into_iter().filter(|field| !["name", "push_token"].contains(field));
    let last_round = channels.enumerate().map(|(n, channel)| {
        let (client, token, id) = (client.clone(), token.clone(), id.clone());
        async move { (channel, write(&client, &token, &id, channel, n).await) }
    });
    let last_round = join_all(last_round).await;
    let writes = u64::try_from(WRITERS * ROUNDS + last_round.len()).unwrap();

    let read = client.get(&format!("/api/v1/users/{id}"), &token).await;
    let last = read.json();
    for (channel, write) in &last_round {
        assert_eq!(last["preferences"][*channel], write.value, "{channel}");
    }
    for (field, writes) in &written {
        if last_round.iter().any(|(channel, _)| channel == field) {
            continue;
        }
        let value = match *field {
            "address" => &last["email"],
            field => &last[field],
        };
        assert!(possible(writes).contains(&value), "{field} ended as {value}");
    }
    // Each write raised the version by one: no write was lost, and none was counted twice.
    assert_eq!(read.version(), 1 + writes);
    let exact = written.iter().filter(|(field, _)| **field != "address").flat_map(|(_, writes)| writes);
    let versions: Vec<_> = exact.map(|write| write.version).collect();
    assert_eq!(versions.iter().collect::<HashSet<_>>().len(), versions.len());

    let calls = client.get("/_local/calls", "").await.json();
    let overlap = calls["dynamodb"]["max_in_flight"].as_u64().unwrap();
    assert!(overlap > 1, "the calls never overlapped: {calls}");
    println!("{WRITERS} writers, {ROUNDS} rounds: {} calls, {overlap} at once", calls["dynamodb"]["total"]);
    stack.shutdown().await;
}
