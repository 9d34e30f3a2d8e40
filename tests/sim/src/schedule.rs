//! The schedule of held deliveries: when it comes, and which runs it begins then.

use std::{sync::Arc, time::Duration};

use dispatch::Share;
use serde_json::{Value, json};
use shared::store::PARTS;

use crate::{dynamo, world::World};

/// How often held deliveries are released. The template says every minute; each time costs some reads for each part of the lists, and
/// the worker looks almost fifteen minutes ahead.
const EVERY: Duration = Duration::from_secs(8 * 60);
/// How many shares the template's schedule has.
const SHARES: usize = 4;
/// How many of a thousand times a schedule of a version of before begins one run over everything.
const WHOLE: u32 = 250;

/// The schedule. It does nothing while nothing is listed: an invocation would find nothing.
pub async fn run(world: Arc<World>) {
    while !world.state().is_over {
        world.time.sleep(EVERY).await;
        if is_any_listed(&world) {
            world.state().is_release_due = true;
        }
    }
}

/// Every run: the template's shares, and one over everything.
pub fn all() -> impl Iterator<Item = Share> {
    (0..SHARES).map(|number| Share { number, of: SHARES }).chain([Share { number: 0, of: 1 }])
}

/// The runs that the schedule begins, the last one first. Workers that are idle take them, so that several work at the same time. Runs
/// that would find nothing are left out: they would be half of all calls. There is always one more over parts that another run
/// works on, as when an invocation comes twice.
pub fn runs(world: &World) -> Vec<Share> {
    let listed: Vec<_> = listed_parts(world).collect();
    let mut runs: Vec<_> =
        all().take(SHARES).filter(|share| share.parts().any(|part| listed.contains(&part))).collect();
    if !runs.is_empty() {
        let dice = &mut world.state().dice;
        let more = if dice.per_mille(WHOLE) { Share { number: 0, of: 1 } } else { dice.one(&runs) };
        runs.push(more);
    }
    runs
}

/// Whether anything waits for the schedule.
pub fn is_any_listed(world: &World) -> bool {
    listed_parts(world).next().is_some()
}

/// The parts of the lists in which something stands.
fn listed_parts(world: &World) -> impl Iterator<Item = usize> {
    let parts = if world.state().is_held_seen { 0..PARTS } else { 0..0 };
    parts.filter(|part| {
        ["HELD", "PAUSED", "ERASING", "ERASED"].iter().any(|list| is_listed(world, &format!("{list}#{part}")))
    })
}

fn is_listed(world: &World, owner: &str) -> bool {
    let request = json!({
        "TableName": dynamo::TABLE, "IndexName": dynamo::INDEX, "Select": "COUNT", "Limit": 1,
        "KeyConditionExpression": "#o = :o", "ExpressionAttributeNames": {"#o": "owner"},
        "ExpressionAttributeValues": {":o": {"S": owner}},
    });
    let (_, answer) = dynamo::answer(&world.database, "Query", &request.to_string());
    serde_json::from_str::<Value>(&answer).is_ok_and(|answer| answer["Count"] != 0)
}
