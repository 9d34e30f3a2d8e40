//! Another story: runs, each one request for many recipients, while everything fails. Its seeds are its own.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use lambda_http::http::Method;
use serde_json::{Value, json};
use shared::domain::{RunId, TopicId, TopicName, UserId};

use crate::{
    apps,
    caller::Caller,
    dice::Dice,
    dynamo, invariants,
    people::{self, USERS},
    providers,
    run::{self, Spawner},
    schedule,
    story::{redrive, rest},
    weather::Weather,
    worker,
    world::World,
};

/// The runs of a story.
const RUNS: usize = 3;
/// The recipients of a run that names them: three pages. All but [`USERS`] of them are nobody.
const NAMED: usize = 230;
/// How often a caller sends a request that was not confirmed.
const TRIES: usize = 4;
const TOPIC: &str = "news";

/// A run that was asked for.
#[derive(Debug)]
struct Asked {
    body: Value,
    id: Option<RunId>,
    /// When its cancellation was confirmed.
    cancelled: Option<Duration>,
    /// Whether somebody has asked for its cancellation.
    may_be_cancelled: bool,
}

/// Tells the story of a seed. Returns what does not hold, and the history.
pub fn runs(seed: u64) -> (Vec<String>, Vec<String>) {
    let database = dynamo::database();
    people::settle(&database);
    // No story of another kind has this seed.
    let world = World::new(seed ^ 0x7275_6e73_0000, database);
    run::until_done(&world, |spawner| tell(world.clone(), spawner));
    let state = world.state();
    (state.broken.clone(), state.history.lines().to_vec())
}

async fn tell(world: Arc<World>, spawner: Spawner) {
    let mut dice = Dice::new(world.seed);
    let store = apps::store(&world.start("set-up", true));
    let topic = TopicId::of_deployment(TopicName::parse(TOPIC).expect("a name"));
    let all: Vec<_> = (0..USERS).map(people::id).collect();
    store.subscribe_all(&topic, &all, world.wall()).await.expect("subscribed");
    // Clocks are wrong by a second.
    world.time.sleep(Duration::from_secs(5)).await;
    for worker in 0..2 + dice.below(2) {
        spawner.spawn(worker::serve(world.clone(), format!("w{worker}")));
    }
    spawner.spawn(schedule::run(world.clone()));
    let mut asked = Vec::new();
    for number in 0..RUNS {
        asked.push(ask(&world, &mut dice, number).await);
    }
    world.time.sleep(dice.millis(0, 600_000)).await;
    {
        let mut state = world.state();
        state.weather = Weather::CLEAR;
        state.cleared = Some(world.time.now());
        state.sqs.is_unruly = false;
        state.history.add(world.time.now(), "weather", "clears");
    }
    let mut operator = Caller::new(&world, "op", true);
    for one in &mut asked {
        // The same request again is the same run, whether its first answer was lost or it was never accepted.
        let (status, answer) =
            operator.request(Method::POST, "/api/v1/runs", one.body.clone()).await.unwrap_or_default();
        let id = answer["data"]["run_id"].as_str().and_then(RunId::parse);
        if status != 202 || one.id.is_some() && one.id != id {
            invariants::broken(&world, format!("a repeated run is answered with {status} {answer}"));
        }
        one.id = id;
    }
    rest(&world).await;
    for _ in 0..8 {
        if redrive(&world, &mut operator).await == 0 {
            break;
        }
        rest(&world).await;
    }
    for (number, one) in asked.iter().enumerate() {
        check(&world, &mut operator, number, one).await;
    }
    world.state().is_over = true;
}

/// Sends a run, and sometimes cancels it.
async fn ask(world: &Arc<World>, dice: &mut Dice, number: usize) -> Asked {
    let mut body = json!({
        "notification_type": dice.one(&["email", "push", "in_app"]), "content": {"body": providers::text(number)},
        "request_id": format!("run{number}"),
    });
    if dice.per_mille(500) {
        body["topic"] = json!(TOPIC);
    } else {
        body["recipients"] = (0..NAMED).map(|place| json!({"user_id": recipient(place)})).collect();
    }
    let mut one = Asked { body, id: None, cancelled: None, may_be_cancelled: false };
    let mut caller = Caller::new(world, "a", false);
    for _ in 0..TRIES {
        match caller.request(Method::POST, "/api/v1/runs", one.body.clone()).await {
            Some((202, answer)) => {
                one.id = answer["data"]["run_id"].as_str().and_then(RunId::parse);
                break;
            }
            answer => invariants::refused(world, "POST /api/v1/runs", answer),
        }
    }
    world.time.sleep(if dice.per_mille(500) { dice.millis(0, 500) } else { dice.millis(0, 60_000) }).await;
    let Some(id) = one.id.filter(|_| dice.per_mille(400)) else { return one };
    one.may_be_cancelled = true;
    for _ in 0..TRIES {
        match caller.request(Method::DELETE, &format!("/api/v1/runs/{id}"), Value::Null).await {
            Some((200, _)) => {
                one.cancelled = Some(world.time.now());
                break;
            }
            answer => invariants::refused(world, "DELETE /api/v1/runs", answer),
        }
    }
    one
}

/// The users stand on all pages.
fn recipient(place: usize) -> UserId {
    let every = NAMED / USERS;
    if place.is_multiple_of(every) && place / every < USERS {
        return people::id(place / every);
    }
    let mut nobody = [0xf0; 16];
    nobody[0] = u8::try_from(place % 256).unwrap_or_default();
    UserId::from_bytes(nobody)
}

async fn check(world: &Arc<World>, operator: &mut Caller, number: usize, one: &Asked) {
    let Some(id) = one.id else { return };
    let answer = operator.request(Method::GET, &format!("/api/v1/runs/{id}"), Value::Null).await;
    let run = answer.map_or(Value::Null, |(_, answer)| answer["data"].clone());
    let is_cancelled = run["status"] == "cancelled";
    let is_topic = one.body.get("topic").is_some();
    let (recipients, unknown) = if is_topic { (USERS, 0) } else { (NAMED, NAMED - USERS) };
    let mut broken = Vec::new();
    if is_cancelled && !one.may_be_cancelled || !is_cancelled && one.cancelled.is_some() {
        broken.push(format!("it is {}", run["status"]));
    }
    if !is_cancelled {
        let left_out = run["left_out"]["user_not_found"].as_u64().unwrap_or_default();
        let seen = (&run["status"], &run["recipients"], &run["expanded"], left_out);
        if seen != (&json!("done"), &json!(recipients), &json!(USERS), unknown as u64) {
            broken.push(format!("it ends as {run}"));
        }
    }
    let items = dynamo::items(&world.database, None);
    let state = world.state();
    for user in 0..USERS {
        let key = format!("NOTIFICATION#{}", id.notification_to(people::id(user)));
        let of = |sk: &str| {
            items
                .iter()
                .find(|item| item["pk"]["S"] == key && item["sk"]["S"].as_str().is_some_and(|own| own.starts_with(sk)))
        };
        let (notification, delivery) = (of("NOTIFICATION"), of("DELIVERY#"));
        let status = delivery.and_then(|delivery| delivery["status"]["S"].as_str());
        let is_ambiguous = delivery.is_some_and(|delivery| {
            delivery["ambiguous"]["BOOL"] == true || delivery["attempts"]["N"] != delivery["recorded"]["N"]
        });
        if !is_cancelled && notification.is_none() {
            broken.push(format!("user {user} has no notification"));
        }
        // A page that broke off before its messages were sent is not expanded again once the run is cancelled.
        let is_never_begun = is_cancelled && status.is_none();
        let has_ended = matches!(status, Some("sent" | "skipped" | "failed" | "cancelled"));
        if notification.is_some() && !has_ended && !is_never_begun {
            broken.push(format!("user {user}: it ends as {status:?}"));
        }
        if status == Some("cancelled") && !is_cancelled {
            broken.push(format!("user {user}: it is cancelled, and nobody has asked for that"));
        }
        let own = [people::email(user)].into_iter().chain(people::devices(user)).collect::<Vec<_>>();
        let mut accepted = BTreeMap::<_, usize>::new();
        for call in state.calls.iter().filter(|call| call.notice == number && own.contains(&call.address)) {
            *accepted.entry(&call.address).or_default() += usize::from(call.accepted);
            let began = state.invocations[call.invocation].began;
            if one.cancelled.is_some_and(|cancelled| began > cancelled) {
                broken.push(format!("user {user}: it is sent at {:.3}, and cancelled", call.began.as_secs_f64()));
            }
        }
        if accepted.values().any(|times| *times > 1) && !is_ambiguous {
            broken.push(format!("user {user}: it was sent twice without any doubt"));
        }
    }
    drop(state);
    for what in broken {
        invariants::broken(world, format!("run {number} ({id}): {what}"));
    }
}
