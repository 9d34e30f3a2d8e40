//! `explain` and `dispatch` agree: for generated users and notifications of every kind, `dispatch` does what `explain`
//! said.

mod made_up;

use std::{collections::BTreeMap, time::Instant};

use api::{Client, eventually, options, own};
use futures::{StreamExt, stream};
use local::{
    demo,
    stack::{Options, Stack},
};
use reqwest::Method;
use serde_json::{Value, json};
use shared::store::Store;

use crate::faults::{Dice, queue};
use made_up::{Case, case};

const SEED: u64 = 20_260;
/// The number of notifications that are sent at the same time.
const AT_ONCE: usize = 12;

struct World {
    stack: Stack,
    client: Client,
    store: Store,
    queue: String,
    service: String,
}

/// One notification, and the answer of `explain` about it.
struct Said {
    number: usize,
    body: Value,
    id: String,
    channels: Value,
}

impl World {
    async fn start() -> Self {
        let options = options(&[("DispatchTimeout", "15")]);
        let (stack, client) = own(Options { concurrency: 3, ..options }).await;
        let store = demo::store(stack.dynamodb_proxy().direct_endpoint(), &stack.template().table.name).unwrap();
        let (admin, service) = (client.token("admin").await, client.token("service").await);
        stack.providers().put_secret("tidings/sms", &stack.providers().sms_secret());
        let channels = [
            ("second-fcm", json!({"provider": "fcm", "secret": demo::FCM_SECRET, "position": 3})),
            ("sms", json!({"provider": "sms", "secret": "tidings/sms"})),
        ];
        for (id, body) in channels {
            let put = client.json(Method::PUT, &format!("/api/v1/channels/{id}"), &admin, &body).await;
            assert!(put.status.is_success(), "{}", put.text);
        }
        let words = "Hi {{ name }}, {{ way|distance }} to go";
        let whole = json!({
            "email": {"subject": words, "text": words}, "push": {"title": "Hi", "body": words}, "sms": {"text": words},
            "slack": {"text": words}, "in_app": {"body": words},
        });
        for (code, parts) in [(made_up::WHOLE, whole), (made_up::PART, json!({"sms": {"text": words}}))] {
            let (path, body) = (format!("/api/v1/templates/{code}"), json!({"locales": {"default": parts}}));
            let put = client.json(Method::PUT, &path, &admin, &body).await;
            assert!(put.status.is_success(), "{}", put.text);
        }
        let queue = queue(&stack);
        Self { stack, client, store, queue, service }
    }

    /// Asks `explain` about the case, then sends its notification.
    async fn put_through(&self, number: usize, case: &Case) -> Said {
        case.write_user(&self.store).await;
        let explain = "/api/v1/notifications/explain";
        let said = self.client.json(Method::POST, explain, &self.service, &case.body).await;
        assert_eq!(said.status.as_u16(), 200, "{number}: {} {}", case.body, said.text);
        let channels = said.json()["data"]["channels"].clone();
        let sent = self.client.json(Method::POST, "/api/v1/notifications", &self.service, &case.body).await;
        let id = match sent.status.as_u16() {
            202 => sent.json()["data"]["notification_id"].as_str().expect("an id").to_owned(),
            // The API refuses a notification whose template cannot be rendered. Such a notification can still be in the
            // table: its template was changed or deleted after it was accepted.
            400 => self.smuggle(case, &channels).await,
            other => panic!("{number}: {other}: {} {}", case.body, sent.text),
        };
        Said { number, body: case.body.clone(), id, channels }
    }

    /// Writes a notification without the API, as if the API had accepted it before its template was changed. Returns
    /// its id.
    async fn smuggle(&self, case: &Case, channels: &Value) -> String {
        let notification = case.notification(channels);
        self.store.accept(&notification, "none").await.expect("written");
        for channel in &notification.channels {
            let message = json!({
                "kind": "deliver.v1", "notification_id": notification.id, "user_id": notification.user_id,
                "channel": channel,
            });
            self.stack.sqs().send(&self.queue, &message.to_string()).await.expect("sent");
        }
        notification.id.to_string()
    }

    /// Waits until a worker has decided on each delivery and has finished with it. Returns the deliveries.
    async fn done(&self, id: &str) -> Vec<Value> {
        let path = format!("/api/v1/notifications/{id}");
        eventually(async || {
            let deliveries = self.client.get(&path, &self.service).await.json()["data"]["deliveries"].clone();
            let deliveries = deliveries.as_array().cloned().unwrap_or_default();
            // On a busy machine a provider may not answer within one attempt.
            let decided = |delivery: &Value| delivery["trace"].is_array() && delivery["status"] != "retrying";
            (!deliveries.is_empty() && deliveries.iter().all(decided)).then_some(deliveries)
        })
        .await
    }
}

/// The delivery in the shape in which `explain` describes it.
fn done_as_said(said: &Value, delivery: &Value) -> Value {
    let decision = match delivery["status"].as_str().unwrap_or_default() {
        "sent" => "send",
        "held" => "hold",
        "skipped" => "skip",
        "failed" => "fail",
        other => other,
    };
    let mut done = json!({"channel": delivery["channel"], "decision": decision, "trace": delivery["trace"]});
    for (said, done_by) in [("reason", "reason"), ("until", "held_until"), ("template_version", "template_version")] {
        if !delivery[done_by].is_null() {
            done[said] = delivery[done_by].clone();
        }
    }
    // Every provider accepts every message here, so only the first channel of each platform is used.
    if decision == "send" {
        let mut used: BTreeMap<&str, usize> = BTreeMap::new();
        for one in delivery["addresses"].as_object().into_iter().flat_map(|all| all.values()) {
            *used.entry(one["channel_id"].as_str().unwrap()).or_default() += 1;
        }
        let mut firsts: BTreeMap<&str, &Value> = BTreeMap::new();
        for route in said["through"].as_array().into_iter().flatten() {
            let platform = if said["channel"] == "push" { route["provider"].as_str().unwrap() } else { "" };
            firsts.entry(platform).or_insert(route);
        }
        let expected = firsts.values().map(|route| {
            (route["channel_id"].as_str().unwrap(), route["addresses"].as_u64().unwrap().try_into().unwrap())
        });
        assert_eq!(used, expected.collect(), "{said} {delivery}");
        done["through"] = said["through"].clone();
    }
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_and_what_is_then_done_agree() {
    let (world, count, started) = (World::start().await, 2000, Instant::now());
    let mut dice = Dice::new(SEED);
    let cases: Vec<_> = (0..count).map(|_| case(&mut dice)).collect();
    let put_through = async |(number, case)| world.put_through(number, case).await;
    let all: Vec<Said> = stream::iter(cases.iter().enumerate()).map(put_through).buffered(AT_ONCE).collect().await;
    let done = async |said: &Said| world.done(&said.id).await;
    let all_done: Vec<_> = stream::iter(&all).map(done).buffered(AT_ONCE).collect().await;

    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (Said { number, body, channels, .. }, deliveries) in all.iter().zip(&all_done) {
        let channels = channels.as_array().expect("channels");
        assert_eq!(channels.len(), deliveries.len(), "seed {SEED}, case {number}: {body}");
        for (said, delivery) in channels.iter().zip(deliveries) {
            assert_eq!(said, &done_as_said(said, delivery), "seed {SEED}, case {number}: {body}");
            let reason = said["reason"].as_str().unwrap_or_default();
            *seen.entry(format!("{} {reason}", said["decision"].as_str().unwrap_or_default())).or_default() += 1;
        }
    }
    println!("seed {SEED}: {count} notifications in {:?}: {seen:#?}", started.elapsed());
    for expected in [
        "send ",
        "hold not_yet_due",
        "hold quiet_hours",
        "skip expired",
        "skip user_not_found",
        "skip user_erased",
        "skip channel_off",
        "skip group_opted_out",
        "skip no_address",
        "skip address_suppressed",
        "fail render_failed",
    ] {
        assert!(seen.contains_key(expected), "the cases made none of {expected:?}: {seen:?}");
    }
    world.client.is_drained().await;
    world.stack.shutdown().await;
}
