//! Checks quiet hours at an instant by another method: it looks only at what the local clock shows.

use jiff::{SignedDuration, Timestamp as Instant, tz::TimeZone};

use super::super::{QuietHours, TimeOfDay, Weekday};
use crate::domain::Timestamp;

/// The minutes of a day.
pub const DAY: i64 = 24 * 60;
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A change of clocks.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    pub at: Instant,
    /// By how much the clock goes forward. A negative value means that it goes back.
    pub by: SignedDuration,
}

impl Change {
    /// Changes from `from` to `to`, found by looking at the clock.
    pub fn all(zone: &TimeZone, from: Instant, to: Instant) -> Vec<Self> {
        let offset = |at| i64::from(zone.to_offset(at).seconds());
        let mut changes = Vec::new();
        let mut seen = from;
        while seen < to {
            let next = seen + 12 * HOUR;
            if offset(seen) != offset(next) {
                let (mut low, mut high) = (seen.as_second(), next.as_second());
                while high - low > 1 {
                    let middle = low + (high - low) / 2;
                    let same = offset(Instant::from_second(middle).unwrap()) == offset(seen);
                    if same { low = middle } else { high = middle }
                }
                let by = SignedDuration::from_secs(offset(next) - offset(seen));
                changes.push(Self { at: Instant::from_second(high).unwrap(), by });
            }
            seen = next;
        }
        changes
    }

    /// The time that is skipped or shown twice: its first minute of the day, and its length in minutes.
    pub fn minutes(&self, zone: &TimeZone) -> (i64, i64) {
        let after = minute(zone, self.at);
        let by = self.by.as_mins();
        if by > 0 { ((after - by).rem_euclid(DAY), by) } else { (after, -by) }
    }
}

fn minute(zone: &TimeZone, at: Instant) -> i64 {
    let clock = zone.to_datetime(at);
    i64::from(clock.hour()) * 60 + i64::from(clock.minute())
}

fn minutes(time: TimeOfDay) -> i64 {
    let text = time.to_string();
    text[..2].parse::<i64>().unwrap() * 60 + text[3..].parse::<i64>().unwrap()
}

/// Whether the clock shows a time of the period.
fn shows(hours: &QuietHours, zone: &TimeZone, at: Instant) -> bool {
    let today = zone.to_datetime(at).date();
    let begins = |date| hours.days().is_none_or(|days| days.contains(&Weekday::of(date)));
    let (now, start, end) = (minute(zone, at), minutes(hours.start()), minutes(hours.end()));
    if start < end {
        (start..end).contains(&now) && begins(today)
    } else {
        (now >= start && begins(today)) || (now < end && begins(today.yesterday().unwrap()))
    }
}

/// Checks one instant. `change` is the only change of clocks within two days of it.
pub fn check(hours: &QuietHours, zone: &TimeZone, change: Option<&Change>, at: Instant) {
    let until = |at: Instant| {
        let until = hours.until(zone, Timestamp::from_millis(at.as_millisecond()));
        until.map(|until| Instant::from_millisecond(until.millis()).unwrap())
    };
    let by = change.map_or(SignedDuration::ZERO, |change| change.by);
    let (start, end) = (minutes(hours.start()), minutes(hours.end()));
    let told = || format!("{:?}: {hours:?} at {} ({at})", zone.iana_name(), zone.to_datetime(at));
    let shows = shows(hours, zone, at);
    let Some(ends) = until(at) else {
        assert!(!shows || change.is_some_and(|change| is_opened(hours, zone, change, at)), "sent early, {}", told());
        return;
    };
    // It is quiet although the clock shows no time of the period. That may be only while a time is shown twice.
    if !shows {
        let change =
            change.filter(|change| change.by.is_negative() && at.duration_since(change.at).abs() <= change.by.abs());
        let (from, lasts) = change.unwrap_or_else(|| panic!("held at another time, {}", told())).minutes(zone);
        assert!(change.unwrap().at - change.unwrap().by.abs() <= at, "{}", told());
        assert!(
            by.abs() <= HOUR || (start - from).rem_euclid(DAY) < lasts,
            "held for more than an hour longer, {}",
            told()
        );
    }
    // The quiet ends exactly at `ends`, and no hold is longer than the period and the change together.
    assert!(until(ends).is_none() && until(ends - SignedDuration::from_millis(1)) == Some(ends), "{}", told());
    let at_end = minute(zone, ends) == end && zone.to_datetime(ends).second() == 0;
    assert!(at_end || change.is_some_and(|change| change.at == ends), "it ends at {ends}, {}", told());
    let lasts = SignedDuration::from_mins((end - start).rem_euclid(DAY));
    let longer = if by.is_negative() { by.abs() } else { SignedDuration::ZERO };
    assert!(at < ends && ends.duration_since(at) <= lasts + longer, "held until {ends}, {}", told());
}

/// Whether the clock skipped all time between two periods, and `at` lies in the time that replaces it.
fn is_opened(hours: &QuietHours, zone: &TimeZone, change: &Change, at: Instant) -> bool {
    let (from, lasts) = change.minutes(zone);
    let (start, end) = (minutes(hours.start()), minutes(hours.end()));
    let between = (start - end).rem_euclid(DAY);
    let skipped = (end - from).rem_euclid(DAY) + between <= lasts;
    change.by.is_positive() && skipped && change.at <= at && at < change.at + SignedDuration::from_mins(between)
}
