//! Many writers change the same settings: no acknowledged write is lost.

use std::{collections::BTreeMap, sync::Arc};

use api::{Client, options, own};
use futures::future::join_all;
use local::stack::Options;
use reqwest::Method;
use serde_json::{Map, Value, json};
use shared::domain::{Json, json::Object};

use super::{MERGED, Person, documents::merge_patch, done};

const WRITERS: usize = 64;

/// The rounds of each writer. There are few by default, so that CI is quick; with `TIDINGS_LONG=1` there are 200.
fn rounds() -> usize {
    if std::env::var_os("TIDINGS_LONG").is_some() { 200 } else { 20 }
}

/// The patch of one writer in one round. The patches change the same objects, and some replace these by scalars or
/// remove them.
fn patch(writer: usize, round: usize) -> Value {
    let (own, stamp) = (format!("w{writer}"), writer * 1000 + round);
    match (writer + round) % 8 {
        0 => json!({"flip": stamp}),
        1 => json!({"flip": {"deep": {own: stamp}}}),
        2 => json!({"flip": {"deep": {"last": stamp, own: null}}, "last": {"flip": stamp}}),
        3 => json!({"flip": {"deep": stamp}}),
        4 => json!({"flip": null, own: {"round": round, format!("r{}", round.wrapping_sub(1)): null}}),
        5 => json!({"shared": {own: {"a": stamp}, "list": [writer, round]}}),
        6 if writer == 6 => wide(stamp),
        6 => json!({"shared": {own: {"b": {"c": stamp}}}}),
        _ => json!({own: {format!("r{round}"): stamp}, "shared": {"last": stamp}}),
    }
}

/// A patch that is too large for one update expression, so that its write depends on the record's version.
fn wide(stamp: usize) -> Value {
    (0..300).map(|n| (format!("wide-{n}"), json!(stamp))).collect::<Map<_, _>>().into()
}

/// Sends the patch until it is accepted. Returns the new version, and how many times the service answered 503.
async fn write(person: &Person, patch: &Value) -> (u64, usize) {
    for waited in 0.. {
        let answer = person.put(patch).await;
        if answer.status.as_u16() == 503 {
            assert_eq!(answer.header("retry-after"), "1");
            continue;
        }
        answer.is(200, done(MERGED));
        return (answer.version(), waited);
    }
    unreachable!()
}

async fn flips(client: &Client, user: &str, rounds: usize) {
    for round in 0..rounds {
        let body = json!({"preferences": {"sms": round.is_multiple_of(2)}});
        let answer = client.json(Method::PUT, &format!("/api/v1/users/{user}/preferences"), "", &body).await;
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_writers_of_one_user_s_settings_lose_nothing() {
    let (stack, client) = own(Options { concurrency: 8, ..options(&[("HttpTimeout", "29")]) }).await;
    let user = client.new_user(json!({})).await;
    let id = user["id"].as_str().unwrap().to_owned();
    let person = Arc::new(Person::of(client.clone(), &id));
    client.json(Method::DELETE, "/_local/calls", "", &Value::Null).await;

    let rounds = rounds();
    // Every eighth writer changes the same user's channels instead.
    let is_flipping = |writer: usize| writer % 8 == 7;
    let writers = (0..WRITERS).map(|writer| {
        let (person, id) = (person.clone(), id.clone());
        tokio::spawn(async move {
            let mut writes = Vec::with_capacity(rounds);
            if is_flipping(writer) {
                flips(&person.client, &id, rounds).await;
                return (writes, 0);
            }
            let mut waits = 0;
            for round in 0..rounds {
                let patch = patch(writer, round);
                let (version, waited) = write(&person, &patch).await;
                // Only a write that depends on the version can be told to wait.
                assert!(waited == 0 || patch.get("wide-0").is_some(), "{patch} was told to wait {waited} times");
                writes.push((version, patch));
                waits += waited;
            }
            assert!(writes.is_sorted_by_key(|(version, _)| *version), "writer {writer} went back in time");
            (writes, waits)
        })
    });
    let mut by_version = BTreeMap::new();
    let mut waits = 0;
    for writer in join_all(writers).await {
        let (writes, waited) = writer.unwrap();
        by_version.extend(writes);
        waits += waited;
    }

    // Each write made a version of its own, and the versions have no gap: no write was lost, and none was counted
    // twice.
    let writing = (0..WRITERS).filter(|writer| !is_flipping(*writer)).count();
    let versions: Vec<_> = by_version.keys().copied().collect();
    assert_eq!(versions, (1..=u64::try_from(writing * rounds).unwrap()).collect::<Vec<_>>());
    // The patches, applied in the order of their versions, make the stored settings.
    let object = |value: &Value| Json::Object(Json::object(&value.to_string(), "it").unwrap());
    let merged =
        by_version.values().fold(Json::Object(Object::new()), |all, patch| merge_patch(Some(all), &object(patch)));
    let read = person.get().await;
    assert_eq!(object(&read.json()["settings"]), merged);
    assert_eq!(Some(&read.version()), versions.last());
    let channels = client.get(&format!("/api/v1/users/{id}"), &person.token).await;
    assert_eq!(channels.version(), 1 + u64::try_from((WRITERS - writing) * rounds).unwrap());

    let calls = client.get("/_local/calls", "").await.json();
    let overlap = calls["dynamodb"]["max_in_flight"].as_u64().unwrap();
    assert!(overlap > 1, "the calls never overlapped: {calls}");
    println!(
        "{} writes: {} calls, {overlap} at once, {waits} told to wait",
        versions.len(),
        calls["dynamodb"]["total"]
    );
    stack.shutdown().await;
}
