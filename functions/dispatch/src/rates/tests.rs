//! When messages come back, and in which slots addresses are sent to.

use aws_lambda_events::event::sqs::{SqsMessage, SqsMessageAttribute};
use shared::{
    domain::{Channel, Timestamp, UserId, dead_letter::About},
    random::Randomness,
};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn at(millis: i64) -> Instant {
    Timestamp::from_millis(1_000_000_000 + millis).into()
}

fn rate(per_second: f64) -> Rate {
    Rate::new(per_second).unwrap()
}

fn work(turn: Option<&Turn>) -> Work {
    let mut record = SqsMessage::default();
    if let Some(turn) = turn {
        let mut attribute = SqsMessageAttribute::default();
        attribute.string_value = Some(turn.to_text());
        record.message_attributes.insert("turn".to_owned(), attribute);
    }
    let notification_id = Randomness::seeded(1).uuid().into();
    let user_id = UserId::from_bytes([1; 16]);
    Work::new(record, About { notification_id, user_id, channel: Channel::Email })
}

fn slots(first: Instant) -> Turn {
    Turn::Slots([("ses".to_owned(), Slots { first, count: 1 })].into())
}

fn asked<'a>(work: &'a Work, now: Instant) -> Asked<'a> {
    Asked::new(work, vec![Need { channel: "ses", rate: rate(14.0), count: 1 }], now)
}

/// What becomes of a message, in a word, and when it comes back.
fn outcome(one: Asked<'_>, now: Instant) -> (&'static str, Duration) {
    match one.outcome(now, 0.0) {
        Outcome::Go(Go::Now(..)) => ("now", Duration::ZERO),
        Outcome::Go(Go::Held(in_line)) => ("held", in_line.until.after(now)),
        Outcome::Go(Go::Later(_)) => ("verdict", Duration::ZERO),
        Outcome::Later(pause, _) => ("later", pause),
    }
}

#[test]
fn a_slot_is_used_in_its_time_and_who_missed_it_asks_again() {
    let now = at(0);
    for (slot, expected) in [
        (-401, None),
        (-400, Some(("now", 0))),
        (0, Some(("now", 0))),
        (1300, Some(("now", 0))),
        (1301, Some(("later", 1))),
        (2999, Some(("later", 2))),
    ] {
        let work = work(Some(&slots(at(slot))));
        let one = asked(&work, now);
        assert_eq!(one.who, Who::Returning);
        let expected = expected.map(|(what, seconds)| (what, Duration::from_secs(seconds)));
        assert_eq!(one.turn().is_some(), expected.is_some(), "{slot}");
        if let Some(expected) = expected {
            assert_eq!(outcome(one, now), expected, "{slot}");
        } else {
            assert_eq!(one.place, Some(at(slot)));
        }
    }
    let work = work(Some(&slots(at(0))));
    let other = Asked::new(&work, vec![Need { channel: "other", rate: rate(1.0), count: 1 }], now);
    assert!(other.turn().is_none(), "a slot of another channel is none");
}

#[test]
fn a_new_message_goes_at_once_or_comes_back_for_its_slot_or_shortly_before_its_place() {
    let (now, work) = (at(0), work(None));
    for (slot, expected) in [(0, ("now", 0)), (1000, ("now", 0)), (1001, ("later", 1)), (59_900, ("later", 59))] {
        let mut one = asked(&work, now);
        one.slots.insert("ses".to_owned(), Slots { first: at(slot), count: 1 });
        assert_eq!(outcome(one, now), (expected.0, Duration::from_secs(expected.1)), "{slot}");
    }
    for (place, expected) in
        [(60_000, ("later", 54_000)), (1_000_000, ("later", 900_000)), (1_000_020, ("held", 900_018))]
    {
        let one = Asked { place: Some(at(place)), ..asked(&work, now) };
        assert_eq!(outcome(one, now), (expected.0, Duration::from_millis(expected.1)), "{place}");
    }
    let failed = Asked { failed: Some(Verdict::Back), ..asked(&work, now) };
    assert_eq!(outcome(failed, now).0, "verdict");
    assert_eq!(outcome(Asked::new(&work, Vec::new(), now), now).0, "now", "it needs no slot");
}

#[test]
fn a_message_of_two_platforms_goes_at_the_later_of_its_slots() {
    let (now, work) = (at(0), work(None));
    let need = |channel| Need { channel, rate: rate(14.0), count: 1 };
    let mut one = Asked::new(&work, vec![need("a"), need("b")], now);
    one.slots.insert("a".to_owned(), Slots { first: now, count: 1 });
    assert_eq!(one.turn(), None);
    one.slots.insert("b".to_owned(), Slots { first: at(5000), count: 1 });
    assert_eq!(one.turn(), Some(at(5000)));
    assert_eq!(outcome(one, now), ("later", 5 * SECOND));
}

#[test]
fn who_finds_no_room_comes_back_when_there_is_some_and_later_the_later_it_is() {
    let now = at(0);
    let room = |millis| Some(at(millis));
    assert_eq!(wait(at(100_000), room(0), now, 0.0), 90 * SECOND, "before its place");
    assert_eq!(wait(at(100_000), room(95_000), now, 0.0), 95 * SECOND);
    assert_eq!(wait(at(0), room(3000), now, 0.0), 4 * SECOND);
    assert_eq!(wait(at(0), room(3000), now, 1.0), 5 * SECOND, "not all at once");
    assert_eq!(wait(at(-8000), room(0), now, 0.0), 5 * SECOND);
    assert_eq!(wait(at(-8000), room(0), now, 1.0), 10 * SECOND);
    assert_eq!(wait(at(-90_000_000), room(0), now, 1.0), 302 * SECOND);
    assert_eq!([200, 999, 1000, 1999].map(|millis| whole_seconds(Duration::from_millis(millis)).as_secs()), [1; 4]);
}

#[test]
fn who_has_no_slot_of_the_slowest_channel_asks_no_other_one() {
    let (now, work) = (at(0), work(None));
    let need = |channel, per_second| Need { channel, rate: rate(per_second), count: 2 };
    let mut asked = vec![
        Asked::new(&work, vec![need("fast", 14.0), need("slow", 1.0)], now),
        Asked::new(&work, vec![need("fast", 14.0)], now),
    ];
    let channels = channels(&asked);
    assert_eq!(channels, [("slow".to_owned(), rate(1.0)), ("fast".to_owned(), rate(14.0))]);
    let slow = group(&asked, Who::New, "slow");
    assert_eq!((&slow[..], group(&asked, Who::Returning, "slow").len()), (&[(0, 2)][..], 0));
    for (granted, asking) in [
        (Granted::Slots(at(0)), vec![(0, 2), (1, 2)]),
        (Granted::Places(at(70_000)), vec![(1, 2)]),
        (Granted::NoRoom(at(60_001)), vec![(1, 2)]),
    ] {
        share(&mut asked, ("slow", rate(1.0)), &slow, granted);
        assert_eq!(group(&asked, Who::New, "fast"), asking, "{granted:?}");
    }
    assert_eq!((asked[0].place, asked[0].room), (Some(at(70_000)), Some(at(1))));
    assert_eq!(group(&asked, Who::New, "slow"), [], "it has them");
}

#[test]
fn a_message_that_workers_die_of_stays_a_suspect_while_it_waits_for_its_turn() {
    let place = Turn::Place(at(-1));
    for (receives, before) in [(1, 0), (2, 1), (3, 2)] {
        let mut work = work(Some(&place));
        work.receive = receives;
        let Outcome::Later(pause, message) = asked(&work, at(0)).outcome(at(0), 0.0) else { panic!("it has no slot") };
        let anew = Outbound::again(&work.message().to_json()).after(pause).due(at(1000).timestamp());
        assert_eq!(message, anew.in_turn(place.clone()).received(before), "{receives}");
    }
}

#[test]
fn each_address_waits_for_its_own_slot_and_some_have_none() {
    let rate = rate(10.0);
    let pace = Pace { early: rate.early(), rate: Some((rate, Slots { first: at(1000), count: 3 })), wait: SECOND };
    let wait = |number, limit| pace.wait(number, at(0), limit).map(|wait| wait.as_millis());
    assert_eq!([0, 1, 2].map(|number| wait(number, SECOND)), [Ok(700), Ok(800), Ok(900)]);
    assert_eq!(wait(3, SECOND), Err(SECOND), "it has no slot");
    assert_eq!(wait(2, SECOND / 2), Err(SECOND * 9 / 10), "there is no time to wait for it");
    assert_eq!(Pace::FREE.wait(7, at(0), Duration::ZERO), Ok(Duration::ZERO));
}
