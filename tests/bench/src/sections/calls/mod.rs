//! Counts the calls of each request and of each batch of deliveries to DynamoDB and SQS.

mod batches;
mod cast;
mod endpoints;
mod requests;
mod run_counts;

use crate::section::{Aim, Fault, Section};

/// Every operation of the API is counted.
const EVERY: Aim = Aim { what: "operations of the API that are counted", goal: "all" };
/// The most frequent change.
const CHANGE: Aim =
    Aim { what: "change of a user's channel preferences", goal: "1 DynamoDB call, 1 write unit, no read" };

const CALLS_OF_TEN: Aim = Aim { what: "DynamoDB calls for a batch of 10 deliveries", goal: "≤ 13" };
const WRITES_OF_TEN: Aim = Aim { what: "write units for a batch of 10 deliveries", goal: "≤ 20" };
const READS_OF_TEN: Aim = Aim { what: "read units for a batch of 10 deliveries", goal: "≤ 30" };
/// Deliveries of a batch are sent at the same time.
const WAIT_OF_TEN: Aim = Aim {
    what: "a batch of 10 with a provider that takes 100 ms",
    goal: "≤ 120 ms more than with one that takes none",
};

/// A run is accepted as one notification is.
const RUN: Aim = Aim { what: "a run of 100 recipients is accepted", goal: "by one record and one SQS call" };
/// Notifications are inserted 25 at a time.
const INSERTS: Aim = Aim { what: "DynamoDB calls that insert a run's 100 notifications", goal: "≤ 4" };

/// The goals of this section.
pub const AIMS: &[&Aim] =
    &[&EVERY, &CHANGE, &CALLS_OF_TEN, &WRITES_OF_TEN, &READS_OF_TEN, &WAIT_OF_TEN, &RUN, &INSERTS];

/// Runs the section.
pub async fn run() -> Result<Section, Fault> {
    let mut section = Section::new(
        "Counted by the proxy between the functions and the emulated services: the functions' own calls, nothing of the \
         harness. Units are what DynamoDB charges by: a write unit a KB of the larger of the old and the new item and one \
         for each change of the index, a read unit 4 KB read consistently, half of that otherwise. The users are small \
         (about half a KB). Nothing here depends on the machine.",
    );
    endpoints::count(&mut section).await?;
    batches::count(&mut section).await?;
    run_counts::count(&mut section).await?;
    Ok(section)
}
