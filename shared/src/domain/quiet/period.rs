//! Computes the quiet periods around an instant from the local clock time.

use jiff::{
    SignedDuration, Timestamp as Instant,
    civil::{Date, DateTime},
    tz::{AmbiguousOffset, TimeZone},
};

use super::{QuietHours, day::Weekday};
use crate::domain::Timestamp;

/// The longest time by which a repeated clock time may lengthen a hold.
const MAX_LONGER: SignedDuration = SignedDuration::from_hours(1);
/// If the clock goes back by more than this, it repeats a whole day, because a country crosses the date line. Each of
/// the two days has its own periods.
const ANOTHER_DAY: SignedDuration = SignedDuration::from_hours(12);

/// The first and the last instant at which the clock shows a time. For a skipped time, both are the moment of the skip.
#[derive(Clone, Copy, Debug)]
struct Shown {
    first: Instant,
    last: Instant,
    /// When the clock is put back, if it shows the time twice.
    put_back: Option<Instant>,
}

impl Shown {
    fn twice(&self) -> SignedDuration {
        self.last.duration_since(self.first)
    }
}

/// A stretch of quiet. Its end is not included.
#[derive(Clone, Copy, Debug)]
struct Interval {
    start: Instant,
    end: Instant,
}

impl QuietHours {
    /// The end of the quiet hours that contain `now` in `zone`; `None` if it is not quiet at `now`.
    ///
    /// When the clocks change (daylight saving time):
    /// - If the clock skips the start or the end, the period begins or ends at the moment of the skip.
    /// - If the clock shows a time twice, a period begins at the first time and ends at the second. So a period is
    ///   never cut in two, and a held delivery waits longer by the time that the clock went back. If that is more than
    ///   one hour, only the clock counts: it is quiet whenever the clock shows a time of the period.
    /// - A change of clocks never joins two periods. If the clock skips the time between them, that time follows the
    ///   first period in full length. So no delivery waits for the end of the next day's period.
    pub fn until(&self, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
        let now = Instant::from_millisecond(now.millis()).ok()?;
        let mut end = end_of_stretch(self, zone, now)?;
        // If the clock shows a day twice, one stretch can end within another stretch.
        for _ in 0..4 {
            match end_of_stretch(self, zone, end) {
                Some(later) => end = later,
                None => break,
            }
        }
        Some(Timestamp::from_millis(end.as_millisecond()))
    }
}

fn end_of_stretch(hours: &QuietHours, zone: &TimeZone, at: Instant) -> Option<Instant> {
    let today = zone.to_datetime(at).date();
    // A period that began yesterday may still last. If the clock was put back over midnight, the date also changed: so
    // the days before and after are looked at, too.
    let dates = [before(today, 2), before(today, 1), Some(today), today.tomorrow().ok()];
    let intervals = dates.into_iter().flatten().flat_map(|date| intervals(hours, zone, date)).flatten();
    intervals.filter(|interval| interval.start <= at && at < interval.end).map(|interval| interval.end).max()
}

fn before(date: Date, days: i32) -> Option<Date> {
    (0..days).try_fold(date, |date, _| date.yesterday().ok())
}

/// The stretches of the period that begins on `date`: one stretch, or two if the clock is put back by more than the
/// limits.
fn intervals(hours: &QuietHours, zone: &TimeZone, date: Date) -> [Option<Interval>; 2] {
    let Some((start, end)) = period(hours, zone, date) else { return [None; 2] };
    // If the clock skips a whole day, the time between the periods is skipped with it.
    let opened = opening(hours, zone, date, start.first).filter(|opened| *opened < end.last);
    let first = opened.unwrap_or(start.first);
    match start.put_back.or(end.put_back).filter(|_| !goes_on(start, end)) {
        None => [interval(first, end.last), None],
        Some(put_back) => [interval(first, end.first.min(put_back)), interval(start.last.max(put_back), end.last)],
    }
}

fn interval(start: Instant, end: Instant) -> Option<Interval> {
    (start < end).then_some(Interval { start, end })
}

/// Whether a period stays one stretch although the clock shows a part of it twice.
fn goes_on(start: Shown, end: Shown) -> bool {
    end.twice() <= MAX_LONGER && start.twice() <= ANOTHER_DAY
}

/// The start and the end of the period that begins on `date`; `None` if no period begins on that day.
fn period(hours: &QuietHours, zone: &TimeZone, date: Date) -> Option<(Shown, Shown)> {
    let begins = hours.days.as_ref().is_none_or(|days| days.contains(&Weekday::of(date)));
    if !begins {
        return None;
    }
    let ends_on = if hours.end > hours.start { date } else { date.tomorrow().ok()? };
    let start = shown(zone, date.to_datetime(hours.start.civil()))?;
    Some((start, shown(zone, ends_on.to_datetime(hours.end.civil()))?))
}

/// A later start for the period of `date`, if a change of clocks leaves no time between it and the period of the day
/// before. Between the two periods is then as much time as the clock face shows between them.
fn opening(hours: &QuietHours, zone: &TimeZone, date: Date, start: Instant) -> Option<Instant> {
    let yesterday = date.yesterday().ok()?;
    let (before, ended) = period(hours, zone, yesterday)?;
    let ended = if goes_on(before, ended) { ended.last } else { ended.first };
    if ended < start {
        return None;
    }
    let ends_on = if hours.end > hours.start { yesterday } else { date };
    let between = date.to_datetime(hours.start.civil()).duration_since(ends_on.to_datetime(hours.end.civil()));
    ended.checked_add(between).ok()
}

/// The instants at which a clock in `zone` shows `time`.
fn shown(zone: &TimeZone, time: DateTime) -> Option<Shown> {
    let ambiguous = zone.to_ambiguous_timestamp(time);
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { offset } => {
            let at = offset.to_timestamp(time).ok()?;
            Some(Shown { first: at, last: at, put_back: None })
        }
        AmbiguousOffset::Gap { after, .. } => {
            let at = change(zone, after.to_timestamp(time).ok()?)?;
            Some(Shown { first: at, last: at, put_back: None })
        }
        AmbiguousOffset::Fold { before, after } => {
            let (first, last) = (before.to_timestamp(time).ok()?, after.to_timestamp(time).ok()?);
            Some(Shown { first, last, put_back: Some(change(zone, first)?) })
        }
    }
}

/// The first change of clocks after `instant`.
fn change(zone: &TimeZone, instant: Instant) -> Option<Instant> {
    let offset = zone.to_offset(instant);
    zone.following(instant).find(|change| change.offset() != offset).map(|change| change.timestamp())
}
