//! The queues of a data folder, over the emulator's own end point.

use std::path::PathBuf;
use std::time::Duration;

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;

use super::*;
use crate::aws::emulators::Emulators;
use crate::aws::sqs::{Counts, Sqs};

const MAX_RECEIVES: u64 = 3;

/// The emulators with a queue and its dead-letter queue, and with what the folder has kept.
struct World {
    emulators: Emulators,
    sqs: Sqs,
    url: String,
    dead_letters: String,
}

impl World {
    async fn start(folder: &Path) -> Self {
        let emulators = Emulators::start(Some(folder)).await.unwrap();
        let sqs = Sqs::new(emulators.sqs_endpoint());
        let queue = |name: &str, policy: Option<Value>| Queue {
            logical_id: name.to_owned(),
            name: name.to_owned(),
            url: String::new(),
            arn: format!("arn:aws:sqs:us-east-1:000000000000:{name}"),
            attributes: policy.map(|policy| ("RedrivePolicy".to_owned(), policy.to_string())).into_iter().collect(),
        };
        let dead = queue("dead", None);
        let policy = json!({"deadLetterTargetArn": dead.arn, "maxReceiveCount": MAX_RECEIVES});
        let queues = [dead, queue("jobs", Some(policy))];
        crate::aws::provision::create_queues(&queues, emulators.sqs_endpoint()).await.unwrap();
        emulators.send_kept_messages(&queues).await;
        let url = |name: &str| format!("{}/000000000000/{name}", emulators.sqs_endpoint());
        Self { url: url("jobs"), dead_letters: url("dead"), emulators, sqs }
    }

    /// Receives up to ten messages. Returns their bodies and handles.
    async fn receive(&self, url: &str) -> Vec<(String, String)> {
        let messages = self.sqs.receive(url, 10, Duration::ZERO).await.unwrap();
        let own = |text: Option<&str>| text.unwrap_or_default().to_owned();
        messages.iter().map(|message| (own(message.body()), own(message.receipt_handle()))).collect()
    }

    async fn bodies(&self, url: &str) -> Vec<String> {
        self.receive(url).await.into_iter().map(|(body, _)| body).collect()
    }

    /// Ends the emulators as the end of the process does: nothing is written any more.
    fn dies(self) {
        drop(self.emulators);
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("tidings-queues-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

#[tokio::test]
async fn messages_that_were_not_deleted_come_back_also_those_that_a_worker_had() {
    let folder = folder("come-back");
    let world = World::start(&folder).await;
    for body in ["deleted", "in flight"] {
        world.sqs.send(&world.url, body).await.unwrap();
    }
    let received = world.receive(&world.url).await;
    let handle = |body: &str| received.iter().find(|(own, _)| own == body).unwrap().1.clone();
    world.sqs.delete(&world.url, &[&handle("deleted")]).await.unwrap();
    let attribute = ("due", "107000".to_owned());
    world.sqs.send_with(&world.url, "waiting", attribute).await.unwrap();
    world.dies();

    let world = World::start(&folder).await;
    let messages = world.sqs.receive(&world.url, 10, Duration::ZERO).await.unwrap();
    let bodies: Vec<_> = messages.iter().filter_map(|message| message.body()).collect();
    assert_eq!(bodies, ["in flight", "waiting"]);
    let due = messages[1].message_attributes().unwrap()["due"].string_value();
    assert_eq!(due, Some("107000"), "attributes are kept");
    // What was sent by the run before can be deleted in this one.
    let handles: Vec<_> = messages.iter().filter_map(|message| message.receipt_handle()).collect();
    world.sqs.delete(&world.url, &handles).await.unwrap();
    world.dies();

    let world = World::start(&folder).await;
    assert_eq!(world.sqs.counts(&world.url).await.unwrap(), Counts::default());
    world.dies();
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn a_message_of_a_batch_keeps_what_is_left_of_its_delay() {
    let folder = folder("delay");
    let world = World::start(&folder).await;
    let entry = |id: &str, delay| {
        let entry = SendMessageBatchRequestEntry::builder().id(id).message_body(id).delay_seconds(delay);
        entry.build().unwrap()
    };
    let batch = world.sqs.client().send_message_batch().queue_url(&world.url);
    batch.entries(entry("later", 900)).entries(entry("now", 0)).send().await.unwrap();
    world.dies();

    let world = World::start(&folder).await;
    let counts = world.sqs.counts(&world.url).await.unwrap();
    assert_eq!(counts, Counts { visible: 1, in_flight: 0, delayed: 1 });
    assert_eq!(world.bodies(&world.url).await, ["now"]);
    world.dies();
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn a_delay_that_is_over_when_the_stack_starts_is_over() {
    let folder = folder("over");
    std::fs::create_dir_all(&folder).unwrap();
    let message = |body, due| Message { queue: "jobs".to_owned(), body, attributes: json!({}), due, receives: 0 };
    let mut journal = Journal::open(&folder).unwrap();
    journal.sent(message("over".to_owned(), 1000)).unwrap();
    // No delay is longer than SQS lets it be, whatever the clock was when the message was sent.
    journal.sent(message("far away".to_owned(), i64::MAX)).unwrap();
    drop(journal);
    let world = World::start(&folder).await;
    assert_eq!(world.bodies(&world.url).await, ["over"]);
    let counts = world.sqs.counts(&world.url).await.unwrap();
    assert_eq!(counts, Counts { visible: 0, in_flight: 1, delayed: 1 });
    world.dies();
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn what_was_received_too_often_is_a_dead_letter_also_across_starts() {
    let folder = folder("too-often");
    let world = World::start(&folder).await;
    world.sqs.send(&world.url, "poison").await.unwrap();
    world.dies();
    for _ in 0..MAX_RECEIVES {
        let world = World::start(&folder).await;
        assert_eq!(world.bodies(&world.url).await, ["poison"]);
        world.dies();
    }
    let world = World::start(&folder).await;
    assert_eq!(world.bodies(&world.url).await, [""; 0]);
    assert_eq!(world.bodies(&world.dead_letters).await, ["poison"]);
    world.dies();
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn a_purged_queue_is_empty_and_a_message_without_a_queue_waits_for_it() {
    let folder = folder("purged");
    let world = World::start(&folder).await;
    world.sqs.send(&world.url, "purged").await.unwrap();
    world.sqs.client().purge_queue().queue_url(&world.url).send().await.unwrap();
    world.sqs.client().create_queue().queue_name("other").send().await.unwrap();
    let other = world.url.replace("/jobs", "/other");
    world.sqs.send(&other, "elsewhere").await.unwrap();
    world.dies();

    let world = World::start(&folder).await;
    assert_eq!(world.sqs.counts(&world.url).await.unwrap(), Counts::default());
    world.dies();
    let left: Vec<_> = Journal::open(&folder).unwrap().messages().map(|(_, message)| message.body.clone()).collect();
    assert_eq!(left, ["elsewhere"]);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn requests_that_are_refused_are_refused_as_without_a_folder() {
    let folder = folder("refused");
    let (kept, plain) = (World::start(&folder).await, Emulators::start(None).await.unwrap());
    let ask = async |endpoint: &str, target: &str, body: &str| {
        let request = reqwest::Client::new().post(endpoint).header("x-amz-target", target).body(body.to_owned());
        let answer = request.send().await.unwrap();
        let content_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (answer.status(), content_type, answer.json::<Value>().await.unwrap())
    };
    for (target, body) in [
        ("AmazonSQS.NoSuchThing", "{}"),
        ("AmazonSQS.SendMessage", "{}"),
        ("AmazonSQS.SendMessage", r#"{"QueueUrl": "http://127.0.0.1/000000000000/none", "MessageBody": "x"}"#),
        ("AmazonSQS.ListQueues", r#"{"QueueNamePrefix": "none"}"#),
    ] {
        let with = ask(kept.emulators.sqs_endpoint(), target, body).await;
        assert_eq!(with, ask(plain.sqs_endpoint(), target, body).await, "{target} {body}");
    }
    kept.dies();
    std::fs::remove_dir_all(&folder).unwrap();
}
