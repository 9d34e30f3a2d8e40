//! What each request, and each batch of deliveries, asks of DynamoDB and SQS.

mod cast;
mod endpoints;
mod requests;

use crate::section::{Aim, Fault, Section};

/// Every operation of the API is counted.
const EVERY: Aim = Aim { what: "operations of the API that are counted", goal: "all" };
/// The change that is made most.
const CHANGE: Aim =
    Aim { what: "change of a user's channel preferences", goal: "1 DynamoDB call, 1 write unit, no read" };

/// What this section is to show.
pub const AIMS: &[&Aim] = &[&EVERY, &CHANGE];

/// Counts.
pub async fn run() -> Result<Section, Fault> {
    let mut section = Section::new(
        "Counted by the proxy between the functions and the emulated services: the functions' own calls, nothing of the \
         harness. Units are what DynamoDB charges by: a write unit a KB of the larger of the old and the new item and one \
         for each change of the index, a read unit 4 KB read consistently, half of that otherwise. The users are small \
         (about half a KB). Nothing here depends on the machine.",
    );
    endpoints::count(&mut section).await?;
    Ok(section)
}
