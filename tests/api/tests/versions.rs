//! The version before and this one, side by side: the binaries of both, on one table and its queues, as while an update of the
//! stack runs or after it was rolled back. `tests/previous/build` builds the version before; without it these tests say that they
//! were skipped.
//!
//! All functions get the environment of this version's template. An update changes a function's code and its environment
//! together, so the other environment would be no other test as long as this one has all that the code of before asks for.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use api::{Client, eventually, options, own, unique};
use local::stack::{Options, Stack};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    contract3::Operator,
    faults::{Recipient, answers, got},
};

/// Which functions are of the version before.
type Old = &'static [&'static str];

const FUNCTIONS: Old = &["channel-settings", "dispatch", "notifications", "preferences", "users"];

/// The binaries of the version before; `None` if nobody has built them.
fn previous() -> Option<BTreeMap<String, PathBuf>> {
    let commit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../previous/commit");
    let commit = fs::read_to_string(commit).unwrap().trim().to_owned();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let folder = target.join("previous").join(&commit).join("debug");
    let binaries: BTreeMap<_, _> = FUNCTIONS.iter().map(|name| ((*name).to_owned(), folder.join(name))).collect();
    if binaries.values().all(|binary| binary.is_file()) {
        return Some(binaries);
    }
    eprintln!("skipped: the version before, {commit}, is not built (tests/previous/build)");
    None
}

/// A stack on which the functions `old` are of the version before.
async fn stack_of(previous: &BTreeMap<String, PathBuf>, old: Old, data: Option<&Path>) -> (Stack, Client) {
    let binaries = previous.iter().filter(|(name, _)| old.contains(&name.as_str()));
    let binaries = binaries.map(|(name, path)| (name.clone(), path.clone())).collect();
    let parameters = [("MaxAttempts", "2"), ("DispatchTimeout", "10")];
    own(Options { binaries, data: data.map(Path::to_owned), ..options(&parameters) }).await
}

async fn somebody(client: &Client) -> Recipient {
    Recipient::new(client, &client.token("admin").await, "push").await
}

async fn status_is(client: &Client, id: &str, status: &str) -> Value {
    client.notification_when(id, |data| data["deliveries"][0]["status"] == status).await["deliveries"][0].clone()
}

async fn admin(client: &Client, method: Method, path: &str, body: Value) -> Value {
    let answer = client.json(method, path, &client.token("admin").await, &body).await;
    assert!(answer.status.is_success(), "{path}: {} {}", answer.status, answer.text);
    answer.json()
}

async fn received(client: &Client, recipient: &Recipient) -> usize {
    got(client).await.get(&recipient.address).map_or(0, Vec::len)
}

async fn redrive(client: &Client, notification: &str) {
    let letters = client.dead_letters().await;
    let letter = letters.iter().find(|letter| letter["notification_id"] == notification).expect("a dead letter");
    let body = json!({"ids": [letter["id"]]});
    let redriven = admin(client, Method::POST, "/api/v1/dead-letters/redrive", body).await;
    assert_eq!(redriven["redriven"], 1, "{redriven}");
}

#[tokio::test]
async fn old_and_new_workers_share_one_table_and_its_queues() {
    let Some(previous) = previous() else { return };
    for old in [&["notifications"][..], &["dispatch"], &["users", "preferences", "channel-settings"]] {
        let (stack, client) = stack_of(&previous, old, None).await;
        let told = format!("of the version before: {old:?}");
        let people =
            [somebody(&client).await, somebody(&client).await, somebody(&client).await, somebody(&client).await];
        let [sent, retried, given_up, opted_out] = &people;
        let refusals = json!([
            {"to": retried.address, "status": 503},
            {"to": given_up.address, "status": 503, "times": 2},
        ]);
        answers(&client, "fcm", refusals).await;
        let path = format!("/api/v1/users/{}/preferences", opted_out.user);
        admin(&client, Method::PUT, &path, json!({"preferences": {"push": false}})).await;

        let mut ids = Vec::new();
        for person in &people {
            ids.push(client.notify(&person.notification()).await);
        }
        status_is(&client, &ids[0], "sent").await;
        assert_eq!(status_is(&client, &ids[1], "sent").await["attempts"], 2, "{told}");
        status_is(&client, &ids[2], "dead_lettered").await;
        assert_eq!(status_is(&client, &ids[3], "skipped").await["reason"], "channel_off", "{told}");
        // The version before does not list the dead letters of this one (functions/DEPLOYING.md, "Going back").
        if !old.contains(&"notifications") {
            redrive(&client, &ids[2]).await;
            status_is(&client, &ids[2], "sent").await;
        }
        let counts = [received(&client, sent).await, received(&client, opted_out).await];
        assert_eq!(counts, [1, 0], "{told}");

        // One that is due in a moment, and one that is held for long and cancelled.
        let mut soon = sent.notification();
        soon["send_at"] = json!(shared::clock::Clock::system().now().plus(std::time::Duration::from_secs(3)));
        let soon = client.notify(&soon).await;
        let mut late = retried.notification();
        late["send_at"] = json!(shared::clock::Clock::system().now().plus(std::time::Duration::from_secs(3600)));
        let late = client.notify(&late).await;
        status_is(&client, &late, "held").await;
        let token = client.token("service").await;
        let cancelled =
            client.json(Method::DELETE, &format!("/api/v1/notifications/{late}"), &token, &Value::Null).await;
        assert!(cancelled.status.is_success(), "{told}: {}", cancelled.text);
        status_is(&client, &soon, "sent").await;
        client.queues_empty().await;
        stack.shutdown().await;
    }
}

/// What the stack of one version has left in the table.
struct Left {
    user: Value,
    path: String,
    external: String,
    held: (Recipient, String),
    paused: (Recipient, String),
    waiting: (Recipient, String),
    given_up: (Recipient, String),
}

async fn leave(stack: &Stack, client: &Client) -> Left {
    let whole = json!({"push_token": format!("device-{}", unique()), "preferences": {"email": true, "sms": false}});
    let user = client.new_user(whole).await;
    let path = format!("/api/v1/users/{}", user["id"].as_str().unwrap());
    let quiet = json!({"start": "22:00", "end": "07:00"});
    let answer = client.json(Method::PUT, &format!("{path}/quiet-hours"), &client.token("admin").await, &quiet).await;
    assert!(answer.status.is_success(), "{}", answer.text);
    let operator = Operator::of(client.clone()).await;
    let external = format!("/admin/v1/users/external-{}", unique());
    let body = json!({"first_name": "Ada", "custom_fields": {"a": {"b": 1}}, "preferences": {"channel_types": {"chat": false}}});
    let made = operator.send(Method::PUT, &external, body).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.text);

    let held = somebody(client).await;
    let mut body = held.notification();
    body["send_at"] = json!(shared::clock::Clock::system().now().plus(std::time::Duration::from_secs(3600)));
    let held = (held, client.notify(&body).await);
    status_is(client, &held.1, "held").await;

    // A wait that is longer than a queue can delay a message stands in the table.
    let (waiting, given_up) = (somebody(client).await, somebody(client).await);
    let refusals = json!([
        {"to": waiting.address, "status": 503, "headers": {"retry-after": "3600"}},
        {"to": given_up.address, "status": 503, "times": 2},
    ]);
    answers(client, "fcm", refusals).await;
    let waiting_id = client.notify(&waiting.notification()).await;
    client.notification_when(&waiting_id, |data| data["status"] == "retrying").await;
    let given_up_id = client.notify(&given_up.notification()).await;
    status_is(client, &given_up_id, "dead_lettered").await;

    let paused = somebody(client).await;
    admin(client, Method::PUT, "/api/v1/pauses/group:news", json!({"mode": "hold"})).await;
    let mut body = paused.notification();
    body["group"] = json!("news");
    // A worker learns of a pause within a minute; another process knows it at once.
    stack.function("dispatch").expect("the worker").replace().await;
    let paused_id = client.notify(&body).await;
    status_is(client, &paused_id, "held").await;
    client.queues_empty().await;
    Left {
        user: client.get(&path, &client.token("admin").await).await.json(),
        path,
        external,
        held,
        paused: (paused, paused_id),
        waiting: (waiting, waiting_id),
        given_up: (given_up, given_up_id),
    }
}

/// Moves the time for which a delivery waits into the past. It is in `attribute`, and in the place of the delivery among all that
/// waits.
async fn time_passes(stack: &Stack, id: &str, attribute: &str) {
    let past = shared::clock::Clock::system().now().minus(std::time::Duration::from_secs(1));
    let key = |sk: &str| json!({"pk": {"S": format!("NOTIFICATION#{id}")}, "sk": {"S": sk}});
    let millis = json!({"N": past.millis().to_string()});
    if attribute == "held_until" {
        let due = json!({
            "Key": key("NOTIFICATION"), "UpdateExpression": "SET send_at = :b", "ExpressionAttributeValues": {":b": millis},
        });
        api::dynamodb(stack, "UpdateItem", due).await;
    }
    let item = api::dynamodb(stack, "GetItem", json!({"Key": key("DELIVERY#push")})).await["Item"].clone();
    let place = item["at"]["S"].as_str().expect("a place among what waits");
    let (_, about) = place.split_once('#').expect("a time first");
    let ends = json!({
        "Key": key("DELIVERY#push"), "UpdateExpression": "SET #a = :a, #b = :b",
        "ExpressionAttributeNames": {"#a": "at", "#b": attribute},
        "ExpressionAttributeValues": {":a": {"S": format!("{past}#{about}")}, ":b": millis},
    });
    api::dynamodb(stack, "UpdateItem", ends).await;
}

#[tokio::test]
async fn what_one_version_leaves_in_the_table_the_other_goes_on_with() {
    let Some(previous) = previous() else { return };
    for (first, second) in [(FUNCTIONS, &[][..]), (&[][..], FUNCTIONS)] {
        let data =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("versions-{}-{}", std::process::id(), first.len()));
        let _ = fs::remove_dir_all(&data);
        let (stack, client) = stack_of(&previous, first, Some(&data)).await;
        let left = leave(&stack, &client).await;
        stack.shutdown().await;

        let (stack, client) = stack_of(&previous, second, Some(&data)).await;
        let told = format!("then of the version before: {second:?}");
        let read = client.get(&left.path, &client.token("admin").await).await.json();
        assert_eq!(read, left.user, "{told}");
        let changed = admin(&client, Method::PUT, &left.path, json!({"name": "Changed"})).await;
        assert_eq!((&changed["name"], &changed["email"]), (&json!("Changed"), &left.user["email"]), "{told}");
        let operator = Operator::of(client.clone()).await;
        let known = operator.send(Method::PUT, &left.external, json!({"custom_fields": {"a": {"c": 2}}})).await;
        let fields = known.json()["custom_fields"].clone();
        assert_eq!((known.status.as_u16(), fields), (200, json!({"a": {"b": 1, "c": 2}})), "{told}");

        let (held, paused, waiting) = (&left.held.1, &left.paused.1, &left.waiting.1);
        status_is(&client, held, "held").await;
        status_is(&client, paused, "held").await;
        time_passes(&stack, held, "held_until").await;
        time_passes(&stack, waiting, "not_before").await;
        admin(&client, Method::DELETE, "/api/v1/pauses/group:news", Value::Null).await;
        stack.function("dispatch").expect("the worker").replace().await;
        for (recipient, id) in [&left.held, &left.waiting, &left.paused] {
            eventually(async || {
                client.send(Method::POST, "/_local/functions/dispatch/tick", &[], None).await;
                let data = admin(&client, Method::GET, &format!("/api/v1/notifications/{id}"), Value::Null).await;
                (data["data"]["deliveries"][0]["status"] == "sent").then_some(())
            })
            .await;
            assert_eq!(received(&client, recipient).await, 1, "{told}");
        }
        if second.is_empty() {
            redrive(&client, &left.given_up.1).await;
            status_is(&client, &left.given_up.1, "sent").await;
        }
        let erased = client.json(Method::DELETE, &left.path, &client.token("admin").await, &Value::Null).await;
        assert_eq!(erased.status.as_u16(), 204, "{told}: {}", erased.text);
        client.queues_empty().await;
        stack.shutdown().await;
        let _ = fs::remove_dir_all(&data);
    }
}
