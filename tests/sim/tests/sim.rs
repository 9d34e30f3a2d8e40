//! Runs the simulation for many seeds.

use std::{
    env,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Instant,
};

use sim::{Counts, Outcome, simulate};

/// The seeds of an ordinary run, and those with `TIDINGS_LONG=1`.
const SEEDS: u64 = 1000;
const LONG: u64 = 10_000;
/// The threads that share the seeds.
const THREADS: usize = 2;

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

fn shown(outcome: &Outcome) -> String {
    let Outcome { seed, broken, history, .. } = outcome;
    format!("{}\n\nseed {seed} (TIDINGS_SEED={seed} runs it again):\n{}", history.join("\n"), broken.join("\n"))
}

#[test]
fn whatever_fails_the_promises_hold() {
    if let Some(seed) = number("TIDINGS_SEED") {
        let outcome = simulate(seed);
        assert!(outcome.broken.is_empty(), "{}", shown(&outcome));
        println!("{}", shown(&outcome));
        return;
    }
    let seeds = number("TIDINGS_SEEDS").unwrap_or(if env::var_os("TIDINGS_LONG").is_some() { LONG } else { SEEDS });
    let (began, next) = (Instant::now(), AtomicU64::new(0));
    let work = || {
        let (mut sum, mut broken) = (Counts::default(), Vec::new());
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds || broken.len() >= 3 {
                return (sum, broken);
            }
            let outcome = simulate(seed);
            sum += outcome.counts;
            if !outcome.broken.is_empty() {
                broken.push(outcome);
            }
        }
    };
    let (sum, broken) = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).fold(
            (Counts::default(), Vec::new()),
            |(mut sum, mut all), (counts, broken)| {
                sum += counts;
                all.extend(broken);
                (sum, all)
            },
        )
    });
    println!("{seeds} seeds in {:.0?}: {sum:?}", began.elapsed());
    if let Some(first) = broken.first() {
        let seeds: Vec<_> = broken.iter().map(|outcome| (outcome.seed, &outcome.broken)).collect();
        panic!("{}\n\nbroken: {seeds:#?}", shown(first));
    }
}

#[test]
fn a_seed_always_tells_the_same_story() {
    for seed in [3, 14, 15, 92] {
        let [one, other] = [simulate(seed), simulate(seed)];
        let differs = one.history.iter().zip(&other.history).position(|(one, other)| one != other);
        if let Some(line) = differs {
            panic!("seed {seed} differs at line {line}:\n{}\n{}", one.history[line], other.history[line]);
        }
        assert_eq!(one.history.len(), other.history.len());
        assert!(one.history.len() > 50, "{}", one.history.len());
    }
}
