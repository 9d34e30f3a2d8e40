//! Runs, in many seeds of their own: each recipient gets a notification once, whatever dies during the expansion, and nothing is sent
//! by a worker that begins after a run's cancellation was confirmed.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test has nobody to answer to")]

use std::{
    env,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

/// The seeds of an ordinary run, and those with `TIDINGS_LONG=1`.
const SEEDS: u64 = 1000;
const LONG: u64 = 10_000;

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

#[test]
fn each_recipient_of_a_run_gets_it_once_whatever_fails() {
    let is_long = env::var("TIDINGS_LONG").is_ok_and(|long| long == "1");
    let seeds = number("TIDINGS_SEEDS").unwrap_or(if is_long { LONG } else { SEEDS });
    let next = AtomicU64::new(number("TIDINGS_FROM").unwrap_or_default());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds {
                return;
            }
            let (broken, history) = sim::runs(seed);
            assert!(broken.is_empty(), "{}\n\nseed {seed}:\n{}", history.join("\n"), broken.join("\n"));
        }
    };
    thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}
