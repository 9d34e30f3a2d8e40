//! A month later: what a run has left expires, and a part of it is removed already, as DynamoDB has it. Messages that come then, as from a
//! letter that somebody redrives, send nothing any more.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use serde_json::{Value, json};

use crate::{
    dynamo, invariants,
    run::Spawner,
    sqs::{self, DEAD, FEEDBACK},
    story::rest,
    worker,
    world::World,
};

/// Longer than anything of a run is kept.
const LATER: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// Lets the time pass, sends all messages of runs once more, and looks what they do.
pub async fn tell(world: &Arc<World>, spawner: &Spawner) {
    world.state().cuts.event("runs that are kept no longer when their messages come");
    world.state().is_over = true;
    world.time.sleep(LATER).await;
    let expired: Vec<_> =
        dynamo::items(&world.database, None).into_iter().filter(|item| is_expired(world, item)).collect();
    for item in expired {
        if world.state().dice.per_mille(500) {
            let request = json!({"TableName": dynamo::TABLE, "Key": {"pk": item["pk"], "sk": item["sk"]}});
            dynamo::answer(&world.database, "DeleteItem", &request.to_string());
        }
    }
    let before = notifications(world);
    let began = {
        let (now, mut state) = (world.time.now(), world.state());
        let state = &mut *state;
        let bodies: BTreeSet<_> = state.invocations.iter().flat_map(|one| &one.bodies).cloned().collect();
        for body in bodies {
            let message: Value = serde_json::from_str(&body).unwrap_or_default();
            let channel = message["channel"].as_str().unwrap_or_default();
            let mut queues = sqs::all().filter(|queue| ![DEAD, FEEDBACK].contains(queue));
            if let Some(queue) = queues.find(|queue| *queue == channel) {
                state.sqs.send(queue, &body, Duration::ZERO, now, &mut state.dice);
            }
        }
        state.is_over = false;
        state.are_batches_full = true;
        now
    };
    spawner.spawn(worker::serve(world.clone(), "late".to_owned()));
    rest(world).await;
    let calls = world.state().calls.iter().filter(|call| call.began >= began).count();
    if calls > 0 {
        invariants::broken(world, format!("{calls} messages are sent a month after their run"));
    }
    let new = notifications(world).difference(&before).count();
    if new > 0 {
        invariants::broken(world, format!("{new} notifications of a run are made a month after it"));
    }
}

fn is_expired(world: &World, item: &Value) -> bool {
    let expires_at = item["expires_at"]["N"].as_str().and_then(|at| at.parse::<i64>().ok());
    expires_at.is_some_and(|at| at < world.wall().seconds())
}

fn notifications(world: &World) -> BTreeSet<String> {
    let items = dynamo::items(&world.database, None);
    let keys = items.iter().filter_map(|item| item["pk"]["S"].as_str());
    keys.filter(|pk| pk.starts_with("NOTIFICATION#")).map(str::to_owned).collect()
}
