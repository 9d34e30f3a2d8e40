//! Providers' rates are kept by all workers together: 50 workers with ten messages each, against providers that count.

use shared::domain::Channel;
use sim::{Played, Scene, play};

/// Mail at SES's first rate.
fn ses() -> Scene {
    Scene {
        seed: 1,
        workers: 50,
        messages: 1000,
        channel: Channel::Email,
        rates: vec![("c-email", "email", 0, 14.0)],
        aws: 0,
        is_skewed: false,
        cancelled: 0,
    }
}

/// Plays a scene in which no provider ever has to refuse a message, and each message is sent once, in one attempt.
fn well(name: &str, scene: &Scene) -> Played {
    let played = play(scene);
    println!("{name}: {played}");
    assert_eq!(played.broken, Vec::<String>::new(), "{name}");
    assert_eq!(played.throttled, 0, "{name}: {played}");
    played
}

fn share(played: &Played, provider: &str) -> f64 {
    played.providers[provider].1
}

#[test]
fn a_backlog_of_mail_uses_the_whole_rate_and_is_never_throttled() {
    let played = well("2,000 mails", &Scene { messages: 2000, ..ses() });
    assert!(share(&played, "email") > 0.95, "{played}");
    assert!(
        played.each[1] < 3.5,
        "a message is received three times: for its place, for its slot, and to be sent: {played}"
    );
}

#[test]
fn those_who_do_not_come_leave_their_places_to_others() {
    let played = well("6% are cancelled", &Scene { cancelled: 60, seed: 2, messages: 2000, ..ses() });
    assert!(share(&played, "email") > 0.95, "{played}");
}

#[test]
fn lost_answers_cost_a_part_of_the_rate_and_never_exceed_it() {
    let played = well("2% of the calls of AWS go wrong", &Scene { aws: 20, seed: 3, ..ses() });
    assert!(share(&played, "email") > 0.80, "{played}");
}

#[test]
fn clocks_two_seconds_apart_send_two_seconds_of_the_rate_more_at_once_and_no_more() {
    let played = well("clocks are 2 s apart", &Scene { is_skewed: true, seed: 4, ..ses() });
    assert!(share(&played, "email") > 0.60, "{played}");
}

#[test]
fn two_channels_of_one_type_have_a_rate_each() {
    // Two of the four users have a webhook, which is tried first.
    let rates = vec![("c-webhook", "webhook", 0, 5.0), ("c-sms", "sms", 1, 14.0)];
    let played = well("two rates", &Scene { rates, channel: Channel::Sms, seed: 5, ..ses() });
    assert!(share(&played, "webhook") > 0.95 && share(&played, "sms") > 0.95, "{played}");
}

#[test]
fn a_slow_rate_and_a_fast_one_are_kept_too() {
    let slow = Scene { rates: vec![("c-email", "email", 0, 0.5)], messages: 100, seed: 6, ..ses() };
    assert!(share(&well("one in two seconds", &slow), "email") > 0.95);
    let fast = Scene { rates: vec![("c-email", "email", 0, 2000.0)], messages: 3500, seed: 7, ..ses() };
    well("2,000 a second", &fast);
}

#[test]
fn who_waits_longer_than_sqs_can_delay_is_held_and_comes_back() {
    let rates = vec![("c-email", "email", 0, 0.1)];
    let played = well("more than 15 minutes", &Scene { rates, messages: 200, seed: 8, workers: 5, ..ses() });
    // Twenty slots are given ahead, which take longer than a minute. A few of them stay free while those who wait are away.
    assert!(share(&played, "email") > 0.85, "{played}");
}
