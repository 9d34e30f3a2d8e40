//! The simulation: the real worker, the real API and the real store, in one process, under a virtual clock and a seed. Around
//! them everything fails: calls are lost, throttled, late or never answered, processes die, and messages come twice, late and in
//! any order. A model that knows nothing of the code says what must hold all the same.

#![allow(clippy::expect_used, clippy::panic, clippy::missing_panics_doc, reason = "a test has nobody to answer to")]

mod apps;
mod boundaries;
mod bucket;
mod caller;
mod counted;
mod counts;
mod dice;
mod dynamo;
mod history;
mod invariants;
mod isolation;
mod issuer;
mod ledger;
mod many;
mod model;
mod net;
mod pauses;
mod people;
mod providers;
mod rated;
mod run;
mod schedule;
mod secrets;
mod service;
mod sqs;
mod story;
mod time;
mod weather;
mod worker;
mod world;

use std::time::Duration;

pub use boundaries::Cuts;
pub use counts::{Counts, EXPECTED};
pub use isolation::{Lateness, Load, lateness};
pub use many::{EVENTS, Ran, runs};
pub use rated::{Played, Scene, play};
use world::World;

/// How one seed went.
#[derive(Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// What does not hold. Empty if all is well.
    pub broken: Vec<String>,
    /// What happened.
    pub history: Vec<String>,
    /// What was counted.
    pub counts: Counts,
    /// The virtual time that it took.
    pub took: Duration,
}

/// Runs the simulation of one seed.
pub fn simulate(seed: u64) -> Outcome {
    let database = dynamo::database();
    people::settle(&database);
    let world = World::new(seed, database);
    rated::set_up(&world);
    run::until_done(&world, |spawner| story::tell(world.clone(), spawner));
    let state = world.state();
    Outcome {
        seed,
        broken: state.broken.clone(),
        history: state.history.lines().to_vec(),
        counts: state.counts.clone(),
        took: world.time.now(),
    }
}
