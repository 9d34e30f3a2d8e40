//! The model against what can be worked out by hand.

use super::channel::Work;
use super::day::{CHANNELS, DAY, MORNING, PUSH};
use super::scenario::{HANGS, Limits, Others, Outage, Release, Scenario, outage};
use super::simulate::{Outcome, run};
use crate::costs::logs::LogFormat;
use crate::costs::{Assumed, Invocation};

const ASSUMED: Assumed = Assumed { call_ms: 0.0, slower: 1.0, log_format: LogFormat::Json, kept_days: 0.0 };
const RELEASE: Release = Release { ahead: 900, processes: 100.0, parts: 100.0, works: 60, takes: 0.001 };

/// A batch of one takes 0.1 s and a batch of ten 0.2 s; both write two units a delivery.
fn work() -> Work {
    let one = Invocation { memory_mb: 1024.0, pieces: 1.0, provider_ms: 100.0, write: 2.0, ..Invocation::default() };
    Work { one, ten: Invocation { pieces: 10.0, provider_ms: 200.0, write: 20.0, ..one }, assumed: ASSUMED }
}

fn others() -> Others {
    let one = Invocation {
        memory_mb: 1024.0,
        pieces: 1.0,
        http: 1.0,
        write: 2.0,
        provider_ms: 10.0,
        ..Invocation::default()
    };
    let hold = Invocation { pieces: 10.0, write: 20.0, http: 0.0, ..one };
    Others { accept: one, hold, release: Invocation { pieces: 100.0, write: 200.0, ..hold }, assumed: ASSUMED }
}

/// A day under limits that nothing reaches.
fn free(notifications: f64) -> Scenario {
    let limits = Limits {
        requests: f64::INFINITY,
        concurrency: f64::INFINITY,
        channels: [1000.0; 5],
        start: 1000.0,
        growth: 1000.0,
        write: f64::INFINITY,
        read: f64::INFINITY,
        partition: 1000.0,
        providers: [f64::INFINITY; 5],
    };
    let retries = (4.0, 900.0, 5);
    Scenario { notifications, limits, outage: None, release: RELEASE, retries, work: [work(); 5], others: others() }
}

fn is_close(found: f64, expected: f64, part: f64) {
    assert!((found - expected).abs() <= part * expected.abs().max(1e-9), "{found}, and not {expected}");
}

fn nothing_is_lost(outcome: &Outcome, requested: f64) {
    is_close(outcome.requested, requested, 1e-9);
    is_close(outcome.sent() + outcome.left(), requested, 1e-6);
    for (sent, mix) in outcome.channels.iter().zip(CHANNELS) {
        is_close(sent.sent + sent.left, sent.arrived, 1e-6);
        is_close(sent.lateness.count(), sent.sent, 1e-6);
        assert!(sent.arrived <= requested * mix.share * (1.0 + 1e-9));
    }
}

#[test]
fn what_was_requested_is_sent_or_still_waits_under_all_limits() {
    let tight = |scenario: Scenario| {
        let limits =
            Limits { requests: 500.0, channels: [2.0; 5], write: 900.0, start: 2.0, growth: 5.0, ..scenario.limits };
        Scenario { limits, ..scenario }
    };
    let release = Release { ahead: 600, processes: 1.0, parts: 1.0, works: 30, takes: 0.01 };
    let never = Outage { redriven_from: usize::MAX, ..outage(0.1, None) };
    let paused = outage(0.1, Some(10 * 3600 + 300));
    for scenario in [
        free(1e6),
        tight(free(2e7)),
        free(1e6).with(outage(HANGS, None)),
        tight(free(2e7)).with(never),
        Scenario { release, ..free(1e6).with(paused) },
    ] {
        nothing_is_lost(&run(&scenario), scenario.notifications);
    }
}

#[test]
fn without_a_limit_everything_is_sent_as_soon_as_one_delivery_takes() {
    let outcome = run(&free(1e6));
    let all = outcome.lateness_without(None);
    // Nobody waits for a worker, and batches are of one. The morning's 10,000 come at once, and 1,000 workers take them in two
    // batches of ten each, within a second.
    is_close(all.within(0.5), 0.1, 0.02);
    assert!(all.most() < 0.3, "{}", all.most());
    assert!(outcome.left() < 1e-3 && outcome.at_midnight < 1.0);
    is_close(outcome.usage.http, 1e6, 1e-9);
    // Two units to accept, and two to deliver; four more for each that is held and released.
    is_close(outcome.usage.write, 4e6 + 4e4, 1e-6);
}

#[test]
fn a_queue_that_is_emptied_at_a_constant_rate_is_a_line_and_obeys_little() {
    // The morning's come all at once: 10,000 of a million, of which 4,500 are push. Ten workers with batches of ten in 0.2 s send
    // 500 a second, so the last of them is sent in the ninth second, and what comes meanwhile, some five a second, in the tenth.
    let mut scenario = free(1e6);
    scenario.limits.channels = [10.0; 5];
    let outcome = run(&scenario);
    let push = outcome.morning_lateness.clone();
    assert!(push.most() <= 9.5, "{}", push.most());
    let sent = &outcome.channels[PUSH];
    let latest = sent.latest[MORNING / 60];
    assert!((8.0..=9.5).contains(&latest), "{latest}");
    // Little's law: the sum of the queue over time is the sum of the times in the queue.
    for sent in &outcome.channels {
        is_close(sent.area, sent.stood, 1e-6);
    }
    assert!(sent.area > 4500.0 * 3.5, "{}", sent.area);
}

#[test]
fn a_provider_s_rate_is_kept_and_what_does_not_fit_waits() {
    let mut scenario = free(1e6);
    scenario.limits.providers[0] = 1.0;
    let outcome = run(&scenario);
    let email = &outcome.channels[0];
    // One a second for three days, but for the first night, of 300,000.
    is_close(email.sent, 3.0 * DAY as f64, 0.05);
    assert!(email.sent <= 3.0 * DAY as f64 && email.left > 4e4, "{} {}", email.sent, email.left);
    assert!(outcome.channels[PUSH].left < 1e-3, "no other channel waits");
    let push = outcome.channels[PUSH].lateness.within(0.99);
    assert!(push < 0.3, "{push}");
}

#[test]
fn the_api_s_rate_makes_callers_come_back_and_lateness_counts_from_the_first_time() {
    let mut scenario = free(8.64e6);
    // The mean is 100 a second, and the peak nearly 170.
    scenario.limits.requests = 130.0;
    let outcome = run(&scenario);
    assert!(outcome.left() < 1.0);
    let late = outcome.lateness_without(None);
    assert!(late.most() > 600.0 && late.within(0.1) < 1.0, "{} {}", late.most(), late.within(0.1));
    nothing_is_lost(&outcome, 8.64e6);
}

#[test]
fn the_account_s_concurrency_and_the_table_s_units_hold_for_all_channels_together() {
    let mut scenario = free(8.64e6);
    // 100 a second on average, nearly 170 at the peak: 2 units each to accept, and 2 to deliver.
    scenario.limits.write = 500.0;
    let outcome = run(&scenario);
    assert!(outcome.peaks.write <= 500.0 + 1e-6, "{}", outcome.peaks.write);
    assert!(outcome.left() < 1.0 && outcome.peaks.backlog > 10_000.0, "{}", outcome.peaks.backlog);
    let mut scenario = free(8.64e6);
    scenario.limits.concurrency = 4.0;
    let outcome = run(&scenario);
    assert!(outcome.peaks.concurrency <= 4.0 + 1e-6, "{}", outcome.peaks.concurrency);
}

#[test]
fn an_event_source_grows_by_so_many_workers_a_second() {
    let mut scenario = free(1e8);
    scenario.limits.start = 5.0;
    scenario.limits.growth = 5.0;
    let slow = run(&scenario).morning_lateness.most();
    scenario.limits.growth = 1000.0;
    let fast = run(&scenario).morning_lateness.most();
    // 450,000 push messages at 50 a second and worker: with 5 workers more each second, n seconds do 50 * 5 * n * n / 2; at
    // 07:00 some 17 workers are there already.
    assert!(fast < 12.0 && slow > 45.0 && slow < 65.0, "{fast} {slow}");
}

#[test]
fn an_hour_without_a_provider_is_made_up_for_and_no_other_channel_notices() {
    let usual = run(&free(1e6));
    let outcome = run(&free(1e6).with(outage(0.1, None)));
    // Nearly all that came in that hour had its five attempts, at most 340 s apart, and was a dead letter.
    let push = &outcome.channels[PUSH];
    let hour = 1e6 * 0.45 * 0.99 * 1.77 / 25.65;
    is_close(push.dead, hour, 0.15);
    assert!(outcome.left() < 1.0, "{}", outcome.left());
    let backlog = &push.backlog;
    assert!(backlog[10 * 60 + 30] > 100.0 && backlog[13 * 60] < 10.0, "{} {}", backlog[630], backlog[780]);
    assert!(push.lateness.most() > 3600.0 && push.lateness.most() < 3.0 * 3600.0, "{}", push.lateness.most());
    let [without, with] = [&usual, &outcome].map(|outcome| outcome.lateness_without(Some(PUSH)).within(0.99));
    is_close(with, without, 0.01);
    // Each attempt is paid for.
    assert!(
        outcome.usage.write > usual.usage.write + 4.0 * 2.0 * hour * 0.8,
        "{}",
        outcome.usage.write - usual.usage.write
    );
}

#[test]
fn a_provider_that_hangs_holds_its_workers_and_its_queue_waits() {
    let mut scenario = free(1e6);
    scenario.limits.channels = [10.0; 5];
    let outcome = run(&scenario.with(outage(HANGS, None)));
    // Ten workers with batches of ten make ten attempts a second. More than eight come, and each would have five.
    let push = &outcome.channels[PUSH];
    let most = push.backlog.iter().copied().fold(0.0, f64::max);
    assert!(most > 15_000.0 && push.dead < 15_000.0, "{most} {}", push.dead);
    assert!(outcome.left() < 1.0 && outcome.peaks.in_flight <= 1000.0);
}

#[test]
fn a_pause_keeps_attempts_for_later() {
    let [paused, redriven] = [Some(10 * 3600 + 300), None].map(|from| run(&free(1e6).with(outage(0.1, from))));
    assert!(paused.left() < 1.0, "{}", paused.left());
    assert!(paused.channels[PUSH].dead < 0.2 * redriven.channels[PUSH].dead, "{}", paused.channels[PUSH].dead);
    assert!(paused.channels[PUSH].lateness.within(0.99) < redriven.channels[PUSH].lateness.within(0.99));
}

#[test]
fn a_release_that_is_too_slow_is_late_by_what_it_lacks() {
    // 10,000 at 10 a second, for half of each minute: 300 a minute. Ten minutes ahead release 3,000; the rest takes 23 minutes.
    let release = Release { ahead: 600, processes: 1.0, parts: 8.0, works: 30, takes: 0.1 };
    let outcome = run(&Scenario { release, ..free(1e6) });
    is_close(outcome.released_in_time, 3000.0, 0.01);
    is_close((outcome.released_at - MORNING) as f64, 23.0 * 60.0, 0.05);
    is_close(outcome.morning_lateness.most(), 23.0 * 60.0, 0.05);
    let fast = run(&free(1e6));
    is_close(fast.released_in_time, 10_000.0, 1e-6);
    assert!(fast.released_at < MORNING && fast.morning_lateness.most() < 1.0);
    // Eight parts of a partition each are no faster than eight partitions.
    let parts = Release { processes: 1e6, parts: 8.0, ..release };
    is_close(parts.rate(1000.0), 8000.0, 1e-9);
}

#[test]
fn the_same_day_gives_the_same_figures() {
    let [one, two] = [(); 2].map(|()| run(&free(1e6).with(outage(HANGS, None))));
    assert_eq!(format!("{one:?}"), format!("{two:?}"));
}
