//! Whatever workers do at whatever time, the conditions keep the rate.

use super::*;
use crate::{domain::Timestamp, random::Randomness};

fn at(millis: i64) -> Instant {
    Timestamp::from_millis(1_000_000_000 + millis).into()
}

fn schedule(item: &Item) -> Schedule {
    Schedule { next: instant(item, NEXT), line: instant(item, LINE) }
}

/// Does what [`Rates::reserve`] does, to an item in memory.
fn reserve(item: &mut Item, seen: Schedule, who: Who, rate: Rate, count: u32, now: Instant) -> (Granted, usize) {
    let (span, mut seen) = (rate.time_of(count), seen);
    for writes in 1..=ROUNDS {
        let next_move = seen.next_move(who, rate, now);
        let Some((actions, condition)) = changes(next_move, who, rate, span, now) else {
            return (Granted::NoRoom(seen.next), writes - 1);
        };
        if condition.holds(item) {
            actions.iter().for_each(|action| action.apply(item).unwrap());
            let Schedule { next, line } = schedule(item);
            let is_place = matches!(next_move, Move::FirstPlaces | Move::NextPlaces);
            let got = if is_place { Granted::Places(line.minus(span)) } else { Granted::Slots(next.minus(span)) };
            return (got, writes);
        }
        seen = schedule(item);
    }
    panic!("a known item refuses again");
}

/// Workers with clocks of their own take slots for hours, in any order and with old knowledge. No slot is given twice, and as
/// many as the rate allows.
#[test]
fn no_slot_is_given_twice_whoever_asks_and_whatever_they_know() {
    for (seed, per_second) in [(1, 14.0), (2, 0.5), (3, 333.3), (4, 10_000.0), (5, 1.0), (6, 0.02)] {
        let (random, rate) = (Randomness::seeded(seed), Rate::new(per_second).unwrap());
        let below = |end: f64| random.fraction() * end;
        let mut item = Item::new();
        let mut taken: Vec<(Instant, Instant)> = Vec::new();
        let mut seen = [Schedule::default(); 4];
        let (mut now, mut most) = (0.0, 0);
        for _ in 0..4000 {
            now += below(2000.0 / per_second);
            let worker = (below(4.0)) as usize;
            let clock = at((now + [0.0, 700.0, -900.0, 1100.0][worker]) as i64);
            let who = [Who::New, Who::Returning, Who::AtOnce][below(3.0) as usize];
            let count = 1 + below(10.0) as u32;
            let (got, writes) = reserve(&mut item, seen[worker], who, rate, count, clock);
            most = most.max(writes);
            if below(3.0) > 1.0 {
                seen[worker] = schedule(&item);
            }
            if let Granted::Slots(first) = got {
                assert!(first >= clock && first <= clock.plus(who.horizon(rate)), "{got:?} at {clock:?}");
                taken.push((first, first.plus(rate.time_of(count))));
            }
        }
        assert!(most <= 2, "one write, or one that tells what the item is and one more: {most}");
        taken.sort();
        assert!(taken.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{per_second}: a slot is given twice");
        let (begin, end) = (taken[0].0, taken.last().unwrap().1);
        let used: Duration = taken.iter().map(|(from, to)| to.after(*from)).sum();
        let share = used.as_secs_f64() / end.after(begin).as_secs_f64();
        // At the fastest rate, all of this takes less time than the clocks are apart.
        assert!(
            share > 0.95 || per_second > 1000.0,
            "{per_second}: there was always somebody who wanted a slot, and {share} of the rate was used"
        );
    }
}

#[test]
fn a_burst_of_newcomers_fills_a_minute_of_slots_and_then_a_line_without_gaps() {
    let (rate, now) = (Rate::new(14.0).unwrap(), at(0));
    let mut item = Item::new();
    let (mut slots, mut places) = (Vec::new(), Vec::new());
    for _ in 0..200 {
        let seen = schedule(&item);
        match reserve(&mut item, seen, Who::New, rate, 10, now).0 {
            Granted::Slots(first) => slots.push(first),
            Granted::Places(first) => places.push(first),
            Granted::NoRoom(next) => panic!("{next:?}"),
        }
    }
    let each = rate.time_of(10);
    assert_eq!((slots[0], slots.len()), (now, 84), "the last one begins within the minute");
    assert!(slots.windows(2).all(|pair| pair[0].plus(each) == pair[1]));
    assert_eq!(places[0], now.plus(firm(rate)));
    assert!(places.windows(2).all(|pair| pair[0].plus(each) == pair[1]));

    // Half a minute later there is room for who had a place, and none for newcomers, who do not go before them.
    let later = at(30_000);
    let seen = schedule(&item);
    let returning = reserve(&mut item, seen, Who::Returning, rate, 10, later).0;
    assert_eq!(returning, Granted::Slots(slots[83].plus(each)));
    let newcomer = reserve(&mut item, seen, Who::New, rate, 1, later).0;
    assert_eq!(newcomer, Granted::Places(places.last().unwrap().plus(each)));

    // If nobody in the line comes, newcomers take its place.
    let idle = at(75_000);
    let newcomer = reserve(&mut item, Schedule::default(), Who::New, rate, 1, idle).0;
    assert_eq!(newcomer, Granted::Slots(idle));
    assert_eq!(schedule(&item).line, Instant::default());
}

#[test]
fn a_schedule_that_has_expired_and_one_that_was_never_there_are_the_same() {
    let (rate, now) = (Rate::new(14.0).unwrap(), at(0));
    for item in [Item::new(), Item::from([(NEXT.to_owned(), number(at(-9_000_000_000).micros()))])] {
        for who in [Who::New, Who::Returning, Who::AtOnce] {
            let mut item = item.clone();
            assert_eq!(reserve(&mut item, Schedule::default(), who, rate, 3, now), (Granted::Slots(now), 1), "{who:?}");
            assert_eq!(instant(&item, NEXT), now.plus(rate.time_of(3)));
        }
    }
}
