//! Another story: runs, each one request for many recipients, while everything fails. Its seeds are its own.

mod afterwards;
mod check;
mod meddle;
mod model;
mod people;

use std::{sync::Arc, time::Duration};

use lambda_http::http::Method;
use serde_json::{Value, json};
use shared::domain::UserId;

use crate::{
    apps,
    boundaries::{Cuts, Plan},
    caller::Caller,
    dice::Dice,
    dynamo, invariants,
    people::{self as everybody, USERS},
    providers,
    run::{self, Spawner},
    schedule,
    story::{redrive, rest},
    weather::Weather,
    worker,
    world::World,
};
use model::{Asked, Model, Step, What};
use people::Crowd;

/// The runs of a story.
const RUNS: usize = 3;
/// The recipients of a run that names them: three pages, and more with a crowd. All but the users are nobody.
const NAMED: usize = 230;
/// How often a caller sends a request that was not confirmed.
const TRIES: usize = 4;
const TOPIC: &str = "news";
/// How often a message is given out in the stories in which much is given up.
const FEW_RECEIVES: u32 = 2;

/// What happens in stories of runs beside cuts. A test fails if one of these is rare.
pub const EVENTS: [&str; 9] = [
    "users erased meanwhile",
    "users who leave the topic meanwhile",
    "users who are subscribed meanwhile",
    "topics deleted meanwhile",
    "topics created anew meanwhile",
    "notifications of a run cancelled one by one",
    "runs cancelled",
    "runs with a page that was given up",
    "runs that are kept no longer when their messages come",
];

/// How a seed went.
#[derive(Debug)]
pub struct Ran {
    /// What does not hold. Empty if all is well.
    pub broken: Vec<String>,
    /// What happened.
    pub history: Vec<String>,
    /// Where runs were cut, and what else happened.
    pub cuts: Cuts,
}

/// Tells the story of a seed.
pub fn runs(seed: u64) -> Ran {
    let database = dynamo::database();
    everybody::settle(&database);
    // No story of another kind has this seed.
    let world = World::new(seed ^ 0x7275_6e73_0000, database);
    run::until_done(&world, |spawner| tell(world.clone(), spawner, seed));
    let state = world.state();
    Ran { broken: state.broken.clone(), history: state.history.lines().to_vec(), cuts: state.cuts.clone() }
}

/// What a story is made of beside what its dice say, so that the boundary comes by at which it is cut.
#[derive(Clone, Copy, Debug)]
struct Shape {
    crowd: Crowd,
    /// Whether all runs are to the topic, or none is.
    is_to_topic: Option<bool>,
    /// Whether a user is erased after the first run.
    erases: bool,
    /// How often messages are given out, if only a few times.
    most_receives: Option<u32>,
    /// Whether the boundary comes by so rarely that the first time is taken.
    is_rare: bool,
}

impl Shape {
    fn of(seed: u64, plan: Option<&Plan>) -> Self {
        let is_at = |boundary| plan.is_some_and(|plan| plan.is_at(boundary));
        let has_next = is_at("expand: send the message of the next page");
        let has_more = has_next || is_at("expand: insert further ones") || is_at("expand: send further ones");
        let (looks, gives_up) =
            (is_at("expand: look who has a notification already"), is_at("give up: record the page"));
        let is_to_topic = if has_next { Some(true) } else { looks.then_some(false) };
        Self {
            crowd: Crowd::of(has_more || seed % 4 == 1),
            is_to_topic,
            erases: looks,
            most_receives: if gives_up { Some(0) } else { (seed % 5 == 2).then_some(FEW_RECEIVES) },
            is_rare: has_next || looks || gives_up,
        }
    }
}

async fn tell(world: Arc<World>, spawner: Spawner, seed: u64) {
    let mut dice = Dice::new(world.seed);
    // Every tenth story has only what the weather brings.
    let after = dice.below(3);
    let plan = (!seed.is_multiple_of(10)).then(|| Plan::of(usize::try_from(seed).unwrap_or_default(), after));
    let shape = Shape::of(seed, plan.as_ref());
    let crowd = shape.crowd;
    let mut model = Model::default();
    set_up(&world, crowd, &mut model).await;
    // Clocks are wrong by a second.
    world.time.sleep(Duration::from_secs(5)).await;
    {
        let mut state = world.state();
        state.plan = plan.map(|plan| if shape.is_rare { plan.at_once() } else { plan });
        state.sqs.most_receives = shape.most_receives;
    }
    for worker in 0..2 + dice.below(2) {
        spawner.spawn(worker::serve(world.clone(), format!("w{worker}")));
    }
    spawner.spawn(schedule::run(world.clone()));
    let mut asked = Vec::new();
    let mut caller = Caller::new(&world, "m", false);
    for number in 0..RUNS {
        let run = ask(&world, &mut dice, number, shape).await;
        asked.push(run);
        if shape.erases && number == 0 {
            meddle::erase(&world, &mut model, &mut caller, 0).await;
        }
        meddle::meddle(&world, &mut dice, &mut model, &mut caller, crowd, &asked).await;
    }
    world.time.sleep(dice.millis(0, 600_000)).await;
    {
        let mut state = world.state();
        state.weather = Weather::CLEAR;
        state.plan = None;
        state.cleared = Some(world.time.now());
        state.sqs.is_unruly = false;
        state.history.add(world.time.now(), "weather", "clears");
    }
    let mut operator = Caller::new(&world, "op", true);
    for one in &mut asked {
        // The same request again is the same run, whether its first answer was lost or it was never accepted.
        let (status, answer) =
            operator.request(Method::POST, "/api/v1/runs", one.body.clone()).await.unwrap_or_default();
        let id = answer["data"]["run_id"].as_str().map(str::to_owned);
        // Of a run that was never accepted, the topic may be gone.
        let is_gone = status == 404 && one.id.is_none() && one.is_to_topic() && people::generation(&world).is_none();
        if !is_gone && (status != 202 || one.id.is_some() && one.id != id) {
            invariants::broken(&world, format!("a repeated run is answered with {status} {answer}"));
        }
        if one.id.is_none() {
            one.accepted = world.time.now();
        }
        one.id = id;
    }
    rest(&world).await;
    check::unfinished(&world, &mut operator, &asked).await;
    world.state().sqs.most_receives = None;
    for _ in 0..8 {
        if redrive(&world, &mut operator).await == 0 {
            break;
        }
        rest(&world).await;
    }
    check::all(&world, &mut operator, &asked, &model, crowd).await;
    if seed % 8 == 3 {
        afterwards::tell(&world, &spawner).await;
    }
    world.state().is_over = true;
}

async fn set_up(world: &Arc<World>, crowd: Crowd, model: &mut Model) {
    let store = apps::store(&world.start("set-up", true));
    people::subscribe(world, &store, crowd).await;
    let (life, now) = (people::generation(world).unwrap_or_default(), world.time.now());
    // The last of those who are always there comes later, if at all.
    let first = (0..crowd.users).filter(|user| *user != USERS - 1);
    model.steps.extend(first.map(|user| Step { what: What::Join(user, life.clone()), began: now, acked: Some(now) }));
}

/// Sends a run, and sometimes cancels it.
async fn ask(world: &Arc<World>, dice: &mut Dice, number: usize, shape: Shape) -> Asked {
    let mut body = json!({
        "notification_type": dice.one(&["email", "push", "in_app"]), "content": {"body": providers::text(number)},
        "request_id": format!("run{number}"),
    });
    let is_to_topic = dice.per_mille(500);
    if shape.is_to_topic.unwrap_or(is_to_topic) {
        body["topic"] = json!(TOPIC);
    } else {
        let crowd = (USERS..shape.crowd.users).map(everybody::id);
        body["recipients"] = crowd.chain((0..NAMED).map(recipient)).map(|user| json!({"user_id": user})).collect();
    }
    let now = world.time.now();
    let mut one = Asked { body, id: None, began: now, accepted: now, cancelled: None, may_be_cancelled: false };
    let mut caller = Caller::new(world, "a", false);
    for _ in 0..TRIES {
        match caller.request(Method::POST, "/api/v1/runs", one.body.clone()).await {
            Some((202, answer)) => {
                one.id = answer["data"]["run_id"].as_str().map(str::to_owned);
                one.accepted = world.time.now();
                break;
            }
            Some((404, _)) if one.is_to_topic() && people::generation(world).is_none() => {}
            answer => invariants::refused(world, "POST /api/v1/runs", answer),
        }
    }
    world.time.sleep(if dice.per_mille(500) { dice.millis(0, 500) } else { dice.millis(0, 60_000) }).await;
    let Some(id) = one.id.clone().filter(|_| dice.per_mille(400)) else { return one };
    world.state().cuts.event("runs cancelled");
    one.may_be_cancelled = true;
    for _ in 0..TRIES {
        match caller.request(Method::DELETE, &format!("/api/v1/runs/{id}"), Value::Null).await {
            Some((200, _)) => {
                one.cancelled = Some(world.time.now());
                // Messages of the run come once more, just then.
                let now = world.time.now();
                world.state().sqs.repeat(&id, now, now);
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
        return everybody::id(place / every);
    }
    let mut nobody = [0xf0; 16];
    nobody[0] = u8::try_from(place % 256).unwrap_or_default();
    UserId::from_bytes(nobody)
}
