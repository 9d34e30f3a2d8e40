//! Counts the calls of a run: those that accept it, and those that expand it.

use serde_json::{Value, json};

use super::endpoints::units;
use super::{INSERTS, RUN};
use crate::harness::{Counts, SeedTemplate, World, named};
use crate::section::{Fault, Section};
use crate::table::Table;

/// Recipients of one page: more stand in pages of their own.
const PAGE: usize = 100;

/// Adds the table of runs.
pub async fn count(section: &mut Section) -> Result<(), Fault> {
    let world = World::start(&[]).await?;
    let user = world.new_user(&json!({})).await?;
    let people = SeedTemplate::of_user(&world, &user).await?;
    let pour = async |count| {
        let copies = people.pour(&world, count).await?;
        Ok::<_, Fault>(copies.into_iter().map(|copy| copy.user).collect::<Vec<_>>())
    };
    world.subscribe("news", &pour(1000).await?).await?;
    let mut table = Table::new(
        "A run, to one channel",
        &["recipients", "step", "DynamoDB", "read units", "write units", "SQS", "messages", "bytes to the table"],
    );
    for count in [1, PAGE, 10 * PAGE] {
        let audience = named(&pour(count).await?);
        let (accepted, expanded) = both(&world, &audience, count).await?;
        if count == PAGE {
            let (own, queue) = (accepted.table(), accepted.queue());
            let writes = accepted.dynamodb.get("PutItem").map_or(0, |put| put.calls);
            let figure = format!("{writes} write ({}), {} SQS call", accepted.in_words(), queue.calls);
            section.measured(&RUN, figure, (writes, own.calls, queue.calls) == (1, 1, 1));
            let inserts = expanded.dynamodb.get("BatchExecuteStatement").map_or(0, |call| call.calls);
            section.measured(&INSERTS, format!("{inserts} ({})", expanded.in_words()), inserts <= 4);
        }
        table.row(row(&count.to_string(), "accepted", &accepted, count.div_ceil(PAGE)));
        table.row(row("", "expanded", &expanded, count));
    }
    let (accepted, expanded) = both(&world, &json!({"topic": "news"}), 1000).await?;
    table.row(row("a topic of 1,000", "accepted", &accepted, 1));
    table.row(row("", "expanded", &expanded, 1016));
    section.tables.push(table.note(
        "The first run that a process expands costs it a call more, to read the run, and so once a minute. A topic's subscribers are found \
         in 16 parts of the index, each by pages of at most 200: a topic of 1,000 has 16 pages, each with a message of its own. Messages go \
         to the queue ten at a time, and notifications into the table 25 at a time. Nothing here counts what a delivery costs.",
    ));
    world.shutdown().await;
    Ok(())
}

/// What it takes to accept a run, and to expand it in a process that has not read it.
async fn both(world: &World, audience: &Value, count: usize) -> Result<(Counts, Counts), Fault> {
    // The process knows the topic's and the caller's data.
    let request = || world.run_request(audience, "sms", true);
    let accept = async || world.accept_run(request()).await;
    let (warm, _) = world.counted("notifications", accept).await?;
    world.expanded(&warm).await?;
    let (run, accepted) = world.counted("notifications", accept).await?;
    world.expanded(&run).await?;
    let expand = async || world.expanded(&world.accept_run(request()).await?).await;
    let (made, expanded) = world.counted("dispatch", expand).await?;
    if made != count as u64 {
        return Err(format!("a run to {count} made {made} notifications").into());
    }
    Ok((accepted, expanded))
}

fn row(recipients: &str, step: &str, counts: &Counts, messages: usize) -> Vec<String> {
    let total = counts.table();
    let mut dynamodb = counts.clone();
    dynamodb.sqs.clear();
    vec![
        recipients.to_owned(),
        step.to_owned(),
        dynamodb.in_words(),
        units(total.read),
        units(total.write),
        counts.queue().calls.to_string(),
        messages.to_string(),
        total.sent.to_string(),
    ]
}
