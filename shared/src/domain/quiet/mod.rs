//! Quiet hours: the hours of a user's day in which nothing is sent to them.

mod day;
mod period;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;

use super::Timestamp;

pub use day::{TimeOfDay, Weekday};

/// A period of every day, or of some days of the week, by the clock on the user's wall. It is half-open: at its end it is
/// quiet no more. Where the end is not after the start, it is the next day's.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct QuietHours {
    start: TimeOfDay,
    end: TimeOfDay,
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<BTreeSet<Weekday>>,
}

impl QuietHours {
    /// Quiet hours from `start` to `end`. `days` are those on which a period begins, at least one; `None` is every day.
    /// `None` where start and end are one, or no day is named.
    pub fn new(start: TimeOfDay, end: TimeOfDay, days: Option<BTreeSet<Weekday>>) -> Option<Self> {
        let some_day = days.as_ref().is_none_or(|days| !days.is_empty());
        (start != end && some_day).then_some(Self { start, end, days })
    }

    /// When a period begins.
    pub fn start(&self) -> TimeOfDay {
        self.start
    }

    /// When it has ended.
    pub fn end(&self) -> TimeOfDay {
        self.end
    }

    /// The days on which a period begins; `None` is every day.
    pub fn days(&self) -> Option<&BTreeSet<Weekday>> {
        self.days.as_ref()
    }

    /// When it will not be quiet any more, where it is quiet at `now` in `zone`; `None` where it is not.
    ///
    /// Where clocks are changed:
    /// - A start or end that the clock skips is the moment at which it skips it.
    /// - Of a time that the clock shows twice, a period begins at the first and ends at the last. So it is never cut in two,
    ///   and what is held waits as much longer as the clock went back. Where that would be more than an hour, the clock alone
    ///   counts: it is quiet whenever the clock shows a time of the period.
    /// - A change of clocks never joins two periods: the time between them that it would swallow is had in full after the
    ///   first. So nothing waits for the end of the day after.
    pub fn until(&self, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
        period::until(self, zone, now)
    }
}
