//! Quiet hours: the hours of a user's day in which nothing is sent to them.

mod day;
mod period;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

pub use day::{TimeOfDay, Weekday};

/// A period of every day, or of some days of the week, by the user's local clock. The end itself is not quiet. If the end
/// is not after the start, the period ends on the next day.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct QuietHours {
    start: TimeOfDay,
    end: TimeOfDay,
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<BTreeSet<Weekday>>,
}

impl QuietHours {
    /// Quiet hours from `start` to `end`. `days` are the days on which a period begins; without `days` (`None`) a
    /// period begins every day. The result is `None` if start and end are equal, or if `days` is empty.
    pub fn new(start: TimeOfDay, end: TimeOfDay, days: Option<BTreeSet<Weekday>>) -> Option<Self> {
        let some_day = days.as_ref().is_none_or(|days| !days.is_empty());
        (start != end && some_day).then_some(Self { start, end, days })
    }

    /// The time of day at which a period begins.
    pub fn start(&self) -> TimeOfDay {
        self.start
    }

    /// The time of day at which a period ends.
    pub fn end(&self) -> TimeOfDay {
        self.end
    }

    /// The days on which a period begins; `None` means every day.
    pub fn days(&self) -> Option<&BTreeSet<Weekday>> {
        self.days.as_ref()
    }
}
