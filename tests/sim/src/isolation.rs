//! A provider that hangs, and how late that makes the channels of the others.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use lambda_http::http::Method;
use serde_json::{Value, json};

use crate::{
    caller::Caller,
    dynamo,
    people::{self, CHANNELS, USERS},
    providers,
    run::{self, Spawner},
    sqs::{self, Sqs},
    weather::Weather,
    worker,
    world::World,
};

/// The notifications of one load. Each goes out on every channel.
const NOTIFICATIONS: usize = 200;
/// The time from one notification to the next.
const INTERVAL: Duration = Duration::from_millis(100);
/// How long the last of them may take at most. What takes longer is not measured.
const END: Duration = Duration::from_secs(30);

/// What goes wrong while notifications are sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    /// The provider that never answers. Its caller gives up after 10 s.
    pub hangs: Option<&'static str>,
    /// Whether all channels have one queue.
    pub is_one_queue: bool,
}

/// How long after it was due each delivery reached its provider, by channel, the shortest first. The inbox has no
/// provider: there it is the time of the record.
pub type Lateness = BTreeMap<&'static str, Vec<Duration>>;

/// Sends notifications under a load, and measures.
pub fn lateness(load: Load) -> Lateness {
    let database = dynamo::database();
    people::settle(&database);
    let world = World::new(1, database);
    {
        let mut state = world.state();
        state.weather = Weather { hangs: load.hangs, ..Weather::CLEAR };
        // Messages come in order and once.
        state.sqs = Sqs::default();
        state.is_one_queue = load.is_one_queue;
        if load.is_one_queue {
            // As many as all five had.
            state.concurrency *= CHANNELS.len();
        }
    }
    let mut lateness = Lateness::new();
    run::until_done(&world, |spawner| send(world.clone(), spawner));
    let state = world.state();
    let (due, broken) = (&state.due, &state.broken);
    assert!(broken.is_empty() && due.len() == NOTIFICATIONS, "{broken:?}");
    let mut first = BTreeMap::new();
    for call in state.calls.iter().filter(|call| Some(call.provider) != load.hangs) {
        first.entry((call.notice, people::channel_of(call.provider))).or_insert(call.began);
    }
    for item in dynamo::items(&world.database, Some("sent")).iter().filter(|item| item["channel"]["S"] == "in_app") {
        let id = item["pk"]["S"].as_str().expect("a key").trim_start_matches("NOTIFICATION#");
        let notice = due.iter().position(|(known, _)| known == id).expect("a notification");
        let at: i64 = item["at_millis"]["N"].as_str().and_then(|at| at.parse().ok()).expect("a time");
        first.insert((notice, "in_app"), Duration::from_millis((at - world.begin.millis()).max(0).unsigned_abs()));
    }
    for ((notice, channel), began) in first {
        lateness.entry(channel).or_default().push(began.saturating_sub(due[notice].1));
    }
    lateness.values_mut().for_each(|all| all.sort());
    lateness
}

async fn send(world: Arc<World>, spawner: Spawner) {
    // As many workers as all queues together may have: as on Lambda, no queue waits for another one's worker.
    let workers = sqs::all().count() * world.state().concurrency;
    for worker in 0..workers {
        spawner.spawn(worker::serve(world.clone(), format!("w{worker}")));
    }
    let mut caller = Caller::new(&world, "a", true);
    for number in 0..NOTIFICATIONS {
        let next = world.time.now() + INTERVAL;
        let body = json!({"user_id": people::id(number % USERS), "content": {"body": providers::text(number)}});
        let answer = caller.request(Method::POST, "/api/v1/notifications", body).await;
        let Some((202, answer)) = answer else { panic!("not accepted: {answer:?}") };
        let id = answer["data"]["notification_id"].as_str().unwrap_or_default().to_owned();
        let now = world.time.now();
        world.state().due.push((id, now));
        world.time.sleep(next.saturating_sub(now)).await;
    }
    let end = world.time.now() + END;
    while world.time.now() < end && !is_all_begun(&world) {
        world.time.sleep(Duration::from_secs(1)).await;
    }
    world.state().is_over = true;
}

/// Whether nothing is left to be sent but what goes to the provider that hangs.
fn is_all_begun(world: &World) -> bool {
    let state = world.state();
    let hangs = state.weather.hangs.map(people::channel_of);
    let is_left = |body: &str| {
        let message: Value = serde_json::from_str(body).unwrap_or_default();
        message["channel"].as_str() != hangs
    };
    !state.sqs.bodies().any(is_left)
}
