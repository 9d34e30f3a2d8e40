//! Runs, in many seeds of their own: each recipient gets a notification once, whatever dies during the expansion, and nothing is sent
//! by a worker that begins after a run's cancellation was confirmed.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test has nobody to answer to")]

use std::{
    env,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
};

use sim::{Cuts, EVENTS, Ran};

/// The seeds of an ordinary run, and those with `TIDINGS_LONG=1`.
const SEEDS: u64 = 1000;
const LONG: u64 = 10_000;

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

/// How many of an ordinary run's seeds cut each boundary in each way at least, and have each event.
const LEAST: usize = 3;

fn shown(seed: u64, Ran { broken, history, .. }: &Ran) -> String {
    format!("{}\n\nseed {seed} (TIDINGS_SEED={seed} runs it again):\n{}", history.join("\n"), broken.join("\n"))
}

/// Runs the seeds below this one, in one thread a core. Returns where they cut, and the first that finds something. After that no other
/// is begun.
fn all(seeds: u64) -> (Cuts, Option<(u64, Ran)>) {
    let (next, is_found) = (AtomicU64::new(number("TIDINGS_FROM").unwrap_or_default()), AtomicBool::new(false));
    let work = || {
        let (mut cuts, mut found) = (Cuts::default(), None);
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds || is_found.load(Ordering::Relaxed) {
                return (cuts, found);
            }
            let ran = sim::runs(seed);
            cuts += ran.cuts.clone();
            if !ran.broken.is_empty() {
                is_found.store(true, Ordering::Relaxed);
                found.get_or_insert((seed, ran));
            }
        }
    };
    thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let all: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        let (cuts, found): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        let sum = cuts.into_iter().fold(Cuts::default(), |mut sum, cuts| {
            sum += cuts;
            sum
        });
        (sum, found.into_iter().flatten().min_by_key(|(seed, _)| *seed))
    })
}

#[test]
fn each_recipient_of_a_run_gets_it_once_whatever_fails() {
    if let Some(seed) = number("TIDINGS_SEED") {
        let ran = sim::runs(seed);
        println!("\n{}", shown(seed, &ran));
        assert!(ran.broken.is_empty(), "seed {seed} finds something");
        return;
    }
    let is_long = env::var("TIDINGS_LONG").is_ok_and(|long| long == "1");
    let seeds = number("TIDINGS_SEEDS").unwrap_or(if is_long { LONG } else { SEEDS });
    let (cuts, found) = all(seeds);
    println!("{cuts}");
    if let Some((seed, ran)) = found {
        panic!("{}", shown(seed, &ran));
    }
    if seeds >= SEEDS {
        let rare = cuts.rare(LEAST, &EVENTS);
        assert!(rare.is_empty(), "this happened too rarely: {rare:#?}");
    }
}

#[test]
fn a_seed_of_runs_always_tells_the_same_story() {
    for seed in [5, 13, 27] {
        let [one, other] = [sim::runs(seed).history, sim::runs(seed).history];
        assert_eq!(one, other, "seed {seed}");
    }
}

/// What must hold is told by what callers asked for. Code that expands and sends has no say.
#[test]
fn the_model_of_runs_knows_nothing_of_the_code() {
    let text = include_str!("../src/many/model.rs");
    assert!(!text.contains("use shared") && !text.contains("use dispatch"));
}
