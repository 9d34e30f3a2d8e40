//! Runs the simulation for many seeds.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test has nobody to answer to")]

use std::{
    collections::BTreeMap,
    env,
    io::{self, Write},
    process::Command,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use sim::{Counts, Lateness, Load, Outcome, lateness, simulate};

/// The seeds of an ordinary run, and those with `TIDINGS_LONG=1`.
const SEEDS: u64 = 1000;
const LONG: u64 = 10_000;
/// How long an ordinary run should take at most, on 2 cores. It is no failure if it takes longer: machines differ.
const TARGET: Duration = Duration::from_secs(180);

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

fn shown(outcome: &Outcome) -> String {
    let Outcome { seed, broken, history, .. } = outcome;
    format!("{}\n\nseed {seed} (TIDINGS_SEED={seed} runs it again):\n{}", history.join("\n"), broken.join("\n"))
}

/// What many seeds have found.
#[derive(Default)]
struct Sum {
    counts: Counts,
    virtual_time: Duration,
    broken: Vec<Outcome>,
}

impl Sum {
    fn add(&mut self, outcome: Outcome) {
        self.counts += outcome.counts.clone();
        self.virtual_time += outcome.took;
        if !outcome.broken.is_empty() {
            self.broken.push(outcome);
        }
    }

    fn with(mut self, other: Self) -> Self {
        self.counts += other.counts;
        self.virtual_time += other.virtual_time;
        self.broken.extend(other.broken);
        self
    }
}

/// Runs the seeds below this one, in one thread a core. After the first that finds something, no other is begun.
fn all(seeds: u64) -> Sum {
    let first = number("TIDINGS_FROM").unwrap_or_default();
    let (next, is_found) = (AtomicU64::new(first), AtomicBool::new(false));
    let work = || {
        let mut sum = Sum::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds || is_found.load(Ordering::Relaxed) {
                return sum;
            }
            sum.add(simulate(seed));
            is_found.fetch_or(!sum.broken.is_empty(), Ordering::Relaxed);
        }
    };
    thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).fold(Sum::default(), Sum::with)
    })
}

#[test]
fn whatever_fails_the_promises_hold() {
    if let Some(seed) = number("TIDINGS_SEED") {
        let outcome = simulate(seed);
        println!("\n{}", shown(&outcome));
        assert!(outcome.broken.is_empty(), "seed {seed} finds something");
        return;
    }
    let seeds = number("TIDINGS_SEEDS").unwrap_or(if env::var_os("TIDINGS_LONG").is_some() { LONG } else { SEEDS });
    let began = Instant::now();
    let Sum { counts, virtual_time, mut broken } = all(seeds);
    let hours = virtual_time.as_secs() / 3600;
    let took = began.elapsed();
    let cores = thread::available_parallelism().map_or(1, usize::from);
    // Not `println!`, which shows nothing unless the test fails.
    let mut out = io::stderr();
    writeln!(out, "{seeds} seeds in {took:.0?} on {cores} cores, {hours} hours of virtual time").unwrap();
    if seeds == SEEDS && took > TARGET {
        writeln!(out, "the simulation should take {TARGET:?} at most on 2 cores: see its README").unwrap();
    }
    println!("{counts}");
    broken.sort_by_key(|outcome| outcome.seed);
    if let Some(first) = broken.first() {
        let seeds: Vec<_> = broken.iter().map(|outcome| (outcome.seed, &outcome.broken)).collect();
        panic!("{}\n\nbroken: {seeds:#?}", shown(first));
    }
    if seeds >= SEEDS {
        assert!(counts.missing().is_empty(), "this never happened: {:?}", counts.missing());
    }
}

/// The time within which 99 of 100 reached their provider, by channel.
fn p99(lateness: &Lateness) -> Vec<(&str, Duration)> {
    let of = |all: &Vec<Duration>| all[(all.len() * 99).div_ceil(100) - 1];
    lateness.iter().map(|(channel, all)| (*channel, of(all))).collect()
}

#[test]
fn a_provider_that_hangs_makes_no_other_channel_late() {
    const GROWTH: Duration = Duration::from_secs(2);
    let run = |hangs, is_one_queue| move || lateness(Load { hangs, is_one_queue });
    let [calm, fcm, slack, together] = thread::scope(|scope| {
        [run(None, false), run(Some("fcm"), false), run(Some("slack"), false), run(Some("fcm"), true)]
            .map(|run| scope.spawn(run))
            .map(|thread| thread.join().unwrap())
    });
    let usual: BTreeMap<_, _> = p99(&calm).into_iter().collect();
    println!("p99: {usual:.0?}");
    assert_eq!(usual.len(), 5);
    for (hangs, lateness) in [("push", &fcm), ("slack", &slack)] {
        println!("{hangs} hangs: {:.0?}", p99(lateness));
        let channels: Vec<_> = lateness.keys().copied().collect();
        assert_eq!(channels, usual.keys().copied().filter(|channel| *channel != hangs).collect::<Vec<_>>());
        for (channel, p99) in p99(lateness) {
            assert_eq!(lateness[channel].len(), calm[channel].len(), "{channel}: all of them");
            assert!(p99 < usual[channel] + GROWTH, "{hangs} hangs: {channel} takes {p99:?} for {:?}", usual[channel]);
        }
    }
    // With one queue for all channels the same load is late, or not sent within half a minute more: so this test would notice.
    println!("one queue, push hangs: {:.0?}", p99(&together));
    for (channel, p99) in p99(&together) {
        assert!(p99 > usual[channel] + GROWTH, "one queue: {channel} takes {p99:?} for {:?}", usual[channel]);
    }
}

#[test]
fn a_seed_always_tells_the_same_story() {
    for seed in [3, 14, 15, 92] {
        let [one, other] = [simulate(seed).history, simulate(seed).history];
        assert_same(seed, &one, &other);
        assert!(one.len() > 50, "{}", one.len());
    }
}

/// A process has its own order of hash maps, and its own addresses of everything.
#[test]
fn a_seed_tells_the_same_story_in_another_process() {
    let seed = 26;
    let again = Command::new(env::current_exe().unwrap())
        .args(["whatever_fails_the_promises_hold", "--exact", "--nocapture"])
        .env("TIDINGS_SEED", seed.to_string())
        .output()
        .unwrap();
    let said = String::from_utf8(again.stdout).unwrap();
    let history = simulate(seed).history;
    let other: Vec<_> = said.lines().skip_while(|line| *line != history[0]).take(history.len()).collect();
    assert_same(seed, &history, &other);
}

fn assert_same(seed: u64, one: &[String], other: &[impl AsRef<str>]) {
    let differs = one.iter().zip(other).position(|(one, other)| one != other.as_ref());
    if let Some(line) = differs {
        panic!("seed {seed} differs at line {line}:\n{}\n{}", one[line], other[line].as_ref());
    }
    assert_eq!(one.len(), other.len(), "seed {seed}");
}

/// What must hold is told by what callers asked for and by what reached the providers. Code that decides or sends has no say.
#[test]
fn the_model_knows_nothing_of_the_code() {
    for (name, text) in [
        ("model", include_str!("../src/model.rs")),
        ("ledger", include_str!("../src/ledger.rs")),
        ("invariants", include_str!("../src/invariants.rs")),
        ("counted", include_str!("../src/counted.rs")),
    ] {
        let used: Vec<_> = text.lines().filter(|line| line.starts_with("use shared::")).collect();
        assert!(used.iter().all(|line| *line == "use shared::domain::Timestamp;"), "{name}: {used:?}");
        assert!(!text.contains("use dispatch") && !text.contains("decide"), "{name}");
    }
}
