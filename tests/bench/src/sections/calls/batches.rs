//! Counts the calls of the worker for a batch of deliveries, and measures how long it waits for a slow provider.

use std::time::{Duration, Instant};

use local::providers::Answer;
use reqwest::Method;
use serde_json::json;

use super::endpoints::units;
use super::{CALLS_OF_TEN, READS_OF_TEN, WAIT_OF_TEN, WRITES_OF_TEN};
use crate::fit::median;
use crate::harness::{Counts, Request, SeedTemplate, World};
use crate::section::{Fault, Section};
use crate::table::Table;

/// The number of batches for each median.
const ROUNDS: usize = 11;
/// The response time of the slow provider.
const SLOW: Duration = Duration::from_millis(100);

/// Adds the tables of batches.
pub async fn count(section: &mut Section) -> Result<(), Fault> {
    let world = World::start(&[]).await?;
    let seed_template = emails(&world).await?;
    let mut table = Table::new(
        "A batch of deliveries by email, each to somebody else",
        &["messages", "DynamoDB", "calls", "read units", "write units", "SQS", "emails", "bytes to the table"],
    );
    world.stack.function("dispatch").ok_or("there is no worker")?.kill().await;
    table.row(row("1, first in a process", &of(&world, &seed_template, 1).await?));
    for count in [1, 10, 100] {
        let counts = of(&world, &seed_template, count).await?;
        table.row(row(&count.to_string(), &counts));
        if count == 10 {
            let total = counts.table();
            section.measured(&CALLS_OF_TEN, format!("{} ({})", total.calls, counts.in_words()), total.calls <= 13);
            section.measured(&WRITES_OF_TEN, units(total.write), total.write <= 20.0);
            section.measured(&READS_OF_TEN, units(total.read), total.read <= 30.0);
        }
    }
    let refused = out(&world).await?;
    table.row(row("10, all opted out", &of(&world, &refused, 10).await?));
    let (user, notification) = seed_template.sizes();
    section.tables.push(table.note(format!(
        "A user's item is {user} bytes of JSON, a notification's {notification}: both within 1 KB as DynamoDB counts. The \
         event is handed to the function as Lambda hands it over, so that a batch is exactly as large as it says."
    )));
    waiting(&world, &seed_template, section).await?;
    world.shutdown().await;
    Ok(())
}

async fn emails(world: &World) -> Result<SeedTemplate, Fault> {
    let user = world.new_user(&json!({})).await?;
    SeedTemplate::of(world, &user, "email", &json!({"subject": "Hello", "body": "How are you?"})).await
}

/// The items of a user who has switched email off.
async fn out(world: &World) -> Result<SeedTemplate, Fault> {
    let user = world.new_user(&json!({})).await?;
    let off = Request::new(Method::PUT, format!("/api/v1/users/{user}/preferences"));
    let off = off.bearer(&world.token("bench-admin", "admin")).json(&json!({"preferences": {"email": false}}));
    world.expect(200, off).await?;
    SeedTemplate::of(world, &user, "email", &json!({"subject": "Hello", "body": "How are you?"})).await
}

async fn of(world: &World, seed_template: &SeedTemplate, count: usize) -> Result<Counts, Fault> {
    let copies = seed_template.pour(world, count).await?;
    let ((), counts) = world.counted("dispatch", async || world.dispatch(&copies).await).await?;
    Ok(counts)
}

fn row(messages: &str, counts: &Counts) -> Vec<String> {
    let total = counts.table();
    let mut dynamodb = counts.clone();
    dynamodb.sqs.clear();
    vec![
        messages.to_owned(),
        dynamodb.in_words(),
        total.calls.to_string(),
        units(total.read),
        units(total.write),
        counts.queue().calls.to_string(),
        counts.providers.get("ses").copied().unwrap_or_default().to_string(),
        total.sent.to_string(),
    ]
}

/// Measures a batch of ten with a provider that answers at once, and with a slow one.
async fn waiting(world: &World, seed_template: &SeedTemplate, section: &mut Section) -> Result<(), Fault> {
    let mut took = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        // The two take turns, so that other load on the machine affects both in the same way.
        for (delay, times) in [Duration::ZERO, SLOW].into_iter().zip(&mut took) {
            let delay_ms = u64::try_from(delay.as_millis())?;
            let answer = Answer { delay_ms, always: true, ..Answer::default() };
            world.stack.providers().set_answers("ses", vec![answer])?;
            let copies = seed_template.pour(world, 10).await?;
            let began = Instant::now();
            world.dispatch(&copies).await?;
            times.push(began.elapsed().as_secs_f64() * 1000.0);
        }
    }
    world.stack.providers().set_answers("ses", Vec::new())?;
    let [at_once, slow] = took.map(|times| (median(&times), times.iter().copied().fold(f64::INFINITY, f64::min)));
    let mut table =
        Table::new("A batch of ten while the provider is slow", &["provider's answer", "median, ms", "least, ms"]);
    table.row(["at once".to_owned(), format!("{:.1}", at_once.0), format!("{:.1}", at_once.1)]);
    table.row(["after 100 ms".to_owned(), format!("{:.1}", slow.0), format!("{:.1}", slow.1)]);
    let more = slow.0 - at_once.0;
    table.row(["difference".to_owned(), format!("{more:.1}"), format!("{:.1}", slow.1 - at_once.1)]);
    section.tables.push(table.note(format!(
        "{ROUNDS} batches of each, in turns. Ten waits one after the other would be 1,000 ms more; all at once, 100 ms, or less \
         where the worker has something else to do meanwhile."
    )));
    section.measured(&WAIT_OF_TEN, format!("{more:.0} ms more (difference of medians)"), more <= 120.0);
    Ok(())
}
