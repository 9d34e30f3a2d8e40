//! Providers with a rate: in some of the seeds' stories, and in scenes of their own, with many workers and a backlog.

use std::{collections::BTreeMap, fmt, rc::Rc, sync::Arc, time::Duration};

use futures::future::join_all;
use lambda_http::http::Method;
use serde_json::{Value, json};
use shared::{
    domain::{Channel, Content, Notification, NotificationId},
    queue::Message,
};

use crate::{
    apps,
    bucket::Bucket,
    caller::Caller,
    dice::Dice,
    dynamo, people, providers, run, schedule,
    sqs::queue_of,
    weather::Weather,
    worker,
    world::{State, World},
};

/// In one story of so many, providers have rates.
const STORIES: usize = 3;
/// Two clocks are at most so far apart, in seconds.
const SKEW: f64 = 2.0;
/// After the weather has cleared, what began before may go on for so long.
const SETTLED: Duration = Duration::from_secs(120);

/// Gives a configured channel a rate.
fn set_rate(world: &World, channel: &str, per_second: f64, position: Option<u16>) {
    let mut values = json!({":r": {"N": per_second.to_string()}});
    let mut update = "SET rate_per_second = :r".to_owned();
    let mut names = json!({});
    if let Some(position) = position {
        values[":p"] = json!({"N": position.to_string()});
        names["#p"] = "position".into();
        update.push_str(", #p = :p");
    }
    let mut request = json!({
        "TableName": dynamo::TABLE, "Key": {"pk": {"S": "CHANNELS"}, "sk": {"S": format!("CHANNEL#{channel}")}},
        "UpdateExpression": update, "ExpressionAttributeValues": values,
    });
    if position.is_some() {
        request["ExpressionAttributeNames"] = names;
    }
    let (status, answer) = dynamo::answer(&world.database, "UpdateItem", &request.to_string());
    assert_eq!(status, 200, "{answer}");
}

/// Gives some channels of some seeds' stories a rate. The seed's other dice are not touched. The providers count with what clocks
/// that are wrong can make of a rate: who is early by the difference sends so much more at once, and never again.
pub fn set_up(world: &World) {
    let mut dice = Dice::new(world.seed ^ 0x7261_7465);
    if dice.below(STORIES) > 0 {
        return;
    }
    for (channel, provider) in
        [("c-email", "email"), ("c-fcm", "fcm"), ("c-sms", "sms"), ("c-webhook", "webhook"), ("c-slack", "slack")]
    {
        if dice.per_mille(500) {
            let per_second = dice.one(&[0.02, 0.1, 0.5, 2.0, 14.0]);
            set_rate(world, channel, per_second, None);
            let bucket = Bucket::new(per_second, per_second * (SKEW + 1.0) + 2.0);
            world.state().buckets.insert(provider, bucket);
        }
    }
}

/// In clear weather no provider has to refuse.
pub fn check(state: &State, faults: &mut Vec<String>) {
    let Some(cleared) = state.cleared else { return };
    for (provider, at) in state.throttled.iter().filter(|(_, at)| *at >= cleared + SETTLED) {
        faults
            .push(format!("{provider} has to refuse a message at {:.3}: it gets more than its rate", at.as_secs_f64()));
    }
}

/// Many workers, a backlog, and channels with a rate.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The seed.
    pub seed: u64,
    /// The workers, each with up to ten messages.
    pub workers: usize,
    /// The messages, all at once.
    pub messages: usize,
    /// The channel type of the messages.
    pub channel: Channel,
    /// The configured channels with a rate, their provider, their position, and their rate.
    pub rates: Vec<(&'static str, &'static str, u16, f64)>,
    /// How many of a thousand calls of AWS go wrong.
    pub aws: u32,
    /// Whether clocks are up to two seconds apart. Then the provider's count holds as much more.
    pub is_skewed: bool,
    /// How many of a thousand messages are cancelled while they wait.
    pub cancelled: u32,
}

/// What came of it.
#[derive(Debug)]
pub struct Played {
    /// What each provider accepted: how many, the share of its rate until nearly the last of them, and how long it took.
    pub providers: BTreeMap<&'static str, (usize, f64, Duration)>,
    /// How often a provider refused a message because of its rate.
    pub throttled: usize,
    /// What does not hold.
    pub broken: Vec<String>,
    /// Invocations, receives, writes of the rates' schedules, and calls for each message.
    pub each: [f64; 4],
}

impl fmt::Display for Played {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { providers, throttled, each: [invocations, receives, writes, calls], .. } = self;
        for (provider, (accepted, share, took)) in providers {
            write!(f, "{provider} {accepted} in {:.1} s, {:.1}% of its rate; ", took.as_secs_f64(), share * 100.0)?;
        }
        write!(f, "{throttled} throttled; for each message {invocations:.2} invocations, {receives:.2} receives, ")?;
        write!(f, "{writes:.2} writes of the schedule, {calls:.1} calls in all")
    }
}

/// Plays a scene.
pub fn play(scene: &Scene) -> Played {
    let database = dynamo::database();
    people::settle(&database);
    let world = World::new(scene.seed, database);
    for (channel, provider, position, per_second) in &scene.rates {
        set_rate(&world, channel, *per_second, Some(*position));
        let capacity = per_second.max(2.0) + if scene.is_skewed { SKEW * per_second } else { 0.0 };
        world.state().buckets.insert(*provider, Bucket::new(*per_second, capacity));
    }
    {
        let mut state = world.state();
        (state.weather, state.first_weather) = (Weather::CLEAR, Weather::CLEAR);
        (state.sqs.is_unruly, state.is_skewed, state.are_batches_full) = (false, scene.is_skewed, true);
        state.concurrency = scene.workers;
    }
    let (scene, begun) = (Rc::new(scene.clone()), Rc::new(std::cell::Cell::new(Duration::ZERO)));
    run::until_done(&world, |spawner| {
        let (world, scene, begun) = (world.clone(), scene.clone(), begun.clone());
        async move {
            let ids = accept(&world, &scene).await;
            begun.set(world.time.now());
            world.state().weather.aws = scene.aws;
            enqueue(&world, &scene, &ids);
            for worker in 0..scene.workers {
                spawner.spawn(worker::serve(world.clone(), format!("w{worker}")));
            }
            cancel(&world, &scene, &ids).await;
            while !world.state().sqs.is_empty() || schedule::is_any_listed(&world) {
                world.time.sleep(Duration::from_secs(20)).await;
                if schedule::is_any_listed(&world) {
                    world.state().is_release_due = true;
                }
                assert!(world.time.now() < Duration::from_secs(7 * 24 * 60 * 60), "it does not come to rest");
            }
            world.state().is_over = true;
        }
    });
    played(&world, &scene, begun.get())
}

fn id(notice: usize) -> NotificationId {
    NotificationId::of_request(uuid::Uuid::from_u128(7), "scene", &notice.to_string())
}

fn user(notice: usize) -> usize {
    notice % people::USERS
}

async fn accept(world: &Arc<World>, scene: &Scene) -> Vec<NotificationId> {
    let store = &apps::store(&world.start("accept", true));
    let ids: Vec<_> = (0..scene.messages).map(id).collect();
    join_all(ids.iter().enumerate().map(async |(notice, id)| {
        let content = Content::Inline { subject: None, title: None, body: providers::text(notice) };
        let now = world.wall();
        let kept_until = now.plus(Duration::from_secs(30 * 24 * 60 * 60));
        let new = Notification::new(*id, people::id(user(notice)), vec![scene.channel], content, now);
        store.accept(&Notification { kept_until, ..new }, "hash").await.expect("accepted");
    }))
    .await;
    ids
}

fn enqueue(world: &World, scene: &Scene, ids: &[NotificationId]) {
    let (now, mut state) = (world.time.now(), world.state());
    let state = &mut *state;
    for (notice, notification_id) in ids.iter().enumerate() {
        let (user_id, channel) = (people::id(user(notice)), scene.channel);
        let message = Message::Deliver { notification_id: *notification_id, user_id, channel };
        state.sqs.send(queue_of(message.channel()), &message.to_json(), Duration::ZERO, now, &mut state.dice);
    }
}

/// Some notifications are cancelled once they wait.
async fn cancel(world: &Arc<World>, scene: &Scene, ids: &[NotificationId]) {
    if scene.cancelled == 0 {
        return;
    }
    world.time.sleep(Duration::from_secs(5)).await;
    let mut caller = Caller::new(world, "op", true);
    for id in ids {
        let is_chosen = { world.state().dice.per_mille(scene.cancelled) };
        if is_chosen {
            let answer = caller.request(Method::DELETE, &format!("/api/v1/notifications/{id}"), Value::Null).await;
            assert_eq!(answer.map(|(status, _)| status), Some(200));
        }
    }
}

fn played(world: &World, scene: &Scene, begun: Duration) -> Played {
    let state = world.state();
    let mut broken = state.broken.clone();
    let mut accepted = BTreeMap::<_, usize>::new();
    let mut times = BTreeMap::<_, Vec<Duration>>::new();
    for call in state.calls.iter().filter(|call| call.accepted) {
        *accepted.entry(call.notice).or_default() += 1;
        times.entry(call.provider).or_default().push(call.began);
    }
    let items = dynamo::items(&world.database, None);
    let deliveries: Vec<_> = items.iter().filter(|item| item["channel"]["S"].is_string()).collect();
    if deliveries.len() != scene.messages {
        broken.push(format!("{} of {} deliveries have a record", deliveries.len(), scene.messages));
    }
    for delivery in deliveries {
        let (status, attempts) = (&delivery["status"]["S"], &delivery["attempts"]["N"]);
        let is_sent = status == "sent" && (attempts == "1" || scene.aws > 0);
        let is_cancelled = status == "cancelled" && scene.cancelled > 0;
        if !is_sent && !is_cancelled {
            broken.push(format!("a delivery is {status} after {attempts} attempts: {delivery}"));
        }
    }
    broken
        .extend(accepted.iter().filter(|(_, times)| **times > 1).map(|(notice, _)| format!("{notice} is sent twice")));
    if accepted.len() != scene.messages && scene.cancelled == 0 {
        broken.push(format!("{} of {} are sent", accepted.len(), scene.messages));
    }
    let rates: BTreeMap<_, _> = scene.rates.iter().map(|(_, provider, _, rate)| (*provider, *rate)).collect();
    let mut shown = BTreeMap::new();
    for (provider, mut times) in times {
        times.sort();
        // Of the last ones, some have no backlog behind them any more.
        let most = (times.len() * 97 / 100).max(1);
        let took = times[most - 1].saturating_sub(times[0]);
        let share = (most - 1) as f64 / took.as_secs_f64() / rates.get(provider).copied().unwrap_or(f64::INFINITY);
        shown.insert(provider, (times.len(), share, times[times.len() - 1].saturating_sub(begun)));
    }
    let lines = |what: &str| state.history.lines().iter().filter(|line| line.contains(what)).count();
    let per = |count: usize| count as f64 / scene.messages as f64;
    let receives: usize = state.invocations.iter().map(|invocation| invocation.bodies.len()).sum();
    let each = [state.invocations.len(), receives, lines("UpdateItem RATE#"), state.counts.of("calls")].map(per);
    Played { providers: shown, throttled: state.throttled.len(), broken, each }
}
