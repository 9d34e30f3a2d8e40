//! Times of day and days of the week, for quiet hours.

use std::fmt;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

/// A time of day to the minute, on a clock of 24 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
#[schemars(with = "String", extend("pattern" = "^([01][0-9]|2[0-3]):[0-5][0-9]$", "examples" = ["22:00"]))]
pub struct TimeOfDay {
    hour: i8,
    minute: i8,
}

impl TimeOfDay {
    /// The accepted form, as the end of a sentence `it must be …`.
    pub const ACCEPTED: &str = "a time of day as HH:MM, from 00:00 to 23:59";

    /// Reads `HH:MM`, two digits each.
    pub fn parse(text: &str) -> Option<Self> {
        let (hour, minute) = text.split_once(':')?;
        let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
        (hour < 24 && minute < 60).then_some(Self { hour, minute })
    }

    /// This time as jiff's type.
    pub(super) fn civil(self) -> jiff::civil::Time {
        jiff::civil::Time::constant(self.hour, self.minute, 0, 0)
    }
}

fn two_digits(text: &str) -> Option<i8> {
    (text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A day of the week; weeks begin on Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "a day's name says all")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Weekday {
    /// Every day, from Monday on.
    pub const ALL: [Self; 7] = [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];

    /// Its name on the wire and in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mon => "mon",
            Self::Tue => "tue",
            Self::Wed => "wed",
            Self::Thu => "thu",
            Self::Fri => "fri",
            Self::Sat => "sat",
            Self::Sun => "sun",
        }
    }

    /// The day of exactly that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|day| day.name() == name)
    }

    /// The day of the week on which `date` falls.
    pub(super) fn of(date: jiff::civil::Date) -> Self {
        match date.weekday() {
            jiff::civil::Weekday::Monday => Self::Mon,
            jiff::civil::Weekday::Tuesday => Self::Tue,
            jiff::civil::Weekday::Wednesday => Self::Wed,
            jiff::civil::Weekday::Thursday => Self::Thu,
            jiff::civil::Weekday::Friday => Self::Fri,
            jiff::civil::Weekday::Saturday => Self::Sat,
            jiff::civil::Weekday::Sunday => Self::Sun,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_minute_of_a_day_is_read_and_shown_alike_and_nothing_else_is() {
        for hour in 0..24 {
            for minute in 0..60 {
                let text = format!("{hour:02}:{minute:02}");
                let time = TimeOfDay::parse(&text).unwrap();
                assert_eq!(time.to_string(), text);
                assert_eq!((time.civil().hour(), time.civil().minute()), (hour, minute));
            }
        }
        let bad = [
            "",
            ":",
            "24:00",
            "12:60",
            "7:00",
            "07:0",
            "07:000",
            "007:00",
            "+7:00",
            "07:-1",
            "07:00:00",
            "07.00",
            "0700",
            " 07:00",
            "07:00 ",
            "٠٧:٠٠",
            "７:00",
            "7 am",
            "22:00Z",
        ];
        for bad in bad {
            assert_eq!(TimeOfDay::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn days_go_by_their_names_and_are_the_calendar_s() {
        let monday = jiff::civil::date(2026, 3, 2);
        let mut date = monday;
        for day in Weekday::ALL {
            assert_eq!(Weekday::parse(day.name()), Some(day));
            assert_eq!(serde_json::to_value(day).unwrap(), day.name());
            assert_eq!(Weekday::of(date), day);
            date = date.tomorrow().unwrap();
        }
        assert!(["", "Mon", "monday", "MON", "mo"].into_iter().all(|bad| Weekday::parse(bad).is_none()));
    }
}
