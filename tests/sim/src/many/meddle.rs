//! What happens to recipients while runs are expanded and sent: users are erased, leave the topic and come to it, the topic is deleted and
//! created anew, and the notification to one user is cancelled.

use std::{sync::Arc, time::Duration};

use futures::FutureExt;
use lambda_http::http::Method;
use serde_json::Value;
use shared::domain::RunId;

use super::{
    TOPIC, TRIES,
    model::{Asked, Model, Step, What},
    people::{Crowd, generation, topic},
};
use crate::{
    caller::Caller,
    dice::Dice,
    invariants,
    people::{self, USERS},
    world::World,
};

/// Does one thing, or nothing.
pub async fn meddle(
    world: &Arc<World>,
    dice: &mut Dice,
    model: &mut Model,
    caller: &mut Caller,
    crowd: Crowd,
    runs: &[Asked],
) {
    // The parts of a topic are read some three seconds after its run was accepted.
    let pause = if dice.per_mille(600) { dice.millis(0, 9000) } else { dice.millis(0, 90_000) };
    world.time.sleep(pause).await;
    let user = dice.below(USERS);
    match (dice.below(100), generation(world)) {
        (0..10, _) => erase(world, model, caller, user).await,
        (10..25, Some(life)) if user < USERS - 1 => leave(world, model, caller, user, life).await,
        (25..40, Some(life)) => join(world, model, caller, USERS - 1, life).await,
        (40..55, Some(life)) => {
            end(world, model, caller, life).await;
            if dice.per_mille(700) {
                world.time.sleep(dice.millis(0, 8000)).await;
                create(world, model, caller, crowd).await;
            }
        }
        (40..55, None) => create(world, model, caller, crowd).await,
        (55..70, _) => {
            let known: Vec<_> = runs.iter().enumerate().filter(|(_, run)| run.id.is_some()).collect();
            if !known.is_empty() {
                let (number, run) = known[dice.below(known.len())];
                cancel_one(world, model, caller, number, run, user).await;
            }
        }
        _ => {}
    }
}

/// Asks again until it is done. `ask` returns whether it is, and `None` if nobody knows.
async fn step(world: &World, model: &mut Model, what: What, mut ask: impl AsyncFnMut() -> Option<bool>) {
    for _ in 0..TRIES {
        let began = world.time.now();
        let done = ask().await;
        let acked = done.filter(|done| *done).map(|_| world.time.now());
        model.steps.push(Step { what: what.clone(), began, acked });
        if done.is_some() {
            return;
        }
    }
}

/// The answer to a request that may fail only for a while.
fn told(world: &World, request: &str, answer: Option<(u16, Value)>, missing: u16) -> Option<bool> {
    match answer {
        Some((200 | 201 | 204, _)) => Some(true),
        Some((status, _)) if status == missing => Some(false),
        answer => {
            invariants::refused(world, request, answer);
            None
        }
    }
}

/// Erases a user.
pub async fn erase(world: &Arc<World>, model: &mut Model, caller: &mut Caller, user: usize) {
    world.state().cuts.event("users erased meanwhile");
    let path = format!("/api/v1/users/{}", people::id(user));
    step(world, model, What::Erase(user), async || {
        let answer = caller.request(Method::DELETE, &path, Value::Null).await;
        // Who is not there any more was erased by an earlier try.
        if matches!(answer, Some((404, _))) { Some(true) } else { told(world, "DELETE /api/v1/users", answer, 0) }
    })
    .await;
}

async fn leave(world: &Arc<World>, model: &mut Model, caller: &mut Caller, user: usize, life: String) {
    world.state().cuts.event("users who leave the topic meanwhile");
    let path = format!("/api/v1/users/{}/subscriptions/{TOPIC}", people::id(user));
    step(world, model, What::Leave(user, life), async || {
        let answer = caller.request(Method::DELETE, &path, Value::Null).await;
        // Who is not subscribed has left by an earlier try, or was erased.
        if matches!(answer, Some((404, _))) { Some(true) } else { told(world, "DELETE subscriptions", answer, 0) }
    })
    .await;
}

async fn join(world: &Arc<World>, model: &mut Model, caller: &mut Caller, user: usize, life: String) {
    world.state().cuts.event("users who are subscribed meanwhile");
    let path = format!("/api/v1/users/{}/subscriptions", people::id(user));
    step(world, model, What::Join(user, life), async || {
        let answer = caller.request(Method::POST, &path, serde_json::json!({"topic": TOPIC})).await;
        told(world, "POST subscriptions", answer, 404)
    })
    .await;
}

async fn end(world: &Arc<World>, model: &mut Model, caller: &mut Caller, life: String) {
    world.state().cuts.event("topics deleted meanwhile");
    let wall = world.wall();
    step(world, model, What::End(life), async || {
        let ended = caller.work("ends the topic", |api| {
            let store = api.users.store.clone();
            async move { store.end_topic(&topic(), wall).await.is_ok() }.boxed_local()
        });
        ended.await.filter(|is_done| *is_done)
    })
    .await;
}

async fn create(world: &Arc<World>, model: &mut Model, caller: &mut Caller, crowd: Crowd) {
    world.state().cuts.event("topics created anew meanwhile");
    let users: Vec<_> = (0..crowd.users).map(people::id).collect();
    let (began, wall) = (world.time.now(), world.wall());
    for _ in 0..TRIES {
        let users = users.clone();
        let done = caller.work("creates the topic", |api| {
            let store = api.users.store.clone();
            async move { store.subscribe_all(&topic(), &users, wall).await.is_ok() }.boxed_local()
        });
        let is_done = done.await == Some(true);
        let Some(life) = generation(world) else { continue };
        let acked = is_done.then(|| world.time.now());
        model.steps.extend((0..crowd.users).map(|user| Step { what: What::Join(user, life.clone()), began, acked }));
        if is_done {
            return;
        }
    }
}

async fn cancel_one(
    world: &Arc<World>,
    model: &mut Model,
    caller: &mut Caller,
    number: usize,
    run: &Asked,
    user: usize,
) {
    let Some(id) = run.id.as_deref().and_then(RunId::parse) else { return };
    let path = format!("/api/v1/notifications/{}", id.notification_to(people::id(user)));
    let mut is_cancelled = false;
    step(world, model, What::Cancel(number, user), async || {
        let answer = caller.request(Method::DELETE, &path, Value::Null).await;
        is_cancelled |= matches!(answer, Some((200, _)));
        told(world, "DELETE /api/v1/notifications", answer, 404)
    })
    .await;
    if is_cancelled {
        world.state().cuts.event("notifications of a run cancelled one by one");
        // The pages come once more, just then.
        let now: Duration = world.time.now();
        let text = id.to_string();
        world.state().sqs.repeat(&text, now, now);
    }
}
