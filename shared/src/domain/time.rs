//! Instants. The clock is read in one place only; other code gets the time as a parameter.

use std::{fmt, time::Duration};

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

// Only the years 0 to 9999 have four digits, as RFC 3339 wants. No other instant can be made: one that is out of these bounds
// becomes the nearer of them. So every timestamp can be shown: a `Display` that fails makes `to_string` panic, and a panic ends
// the process.
/// An instant in milliseconds since the Unix epoch. Shown as RFC 3339 UTC with `Z` and always three decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(
    description = "A point in time: RFC 3339 in UTC, with `Z` and three decimals.",
    with = "String",
    extend("format" = "date-time", "pattern" = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$", "examples" = ["2024-03-01T10:00:00.000Z"])
)]
pub struct Timestamp(i64);

impl Timestamp {
    /// `0000-01-01T00:00:00.000Z`.
    pub const MIN: Self = Self(-62_167_219_200_000);
    /// `9999-12-30T22:00:00.000Z`: jiff makes no later one out of milliseconds.
    pub const MAX: Self = Self(253_402_207_200_000);
    /// The Unix epoch.
    pub const EPOCH: Self = Self(0);

    /// The instant of these milliseconds since the Unix epoch; what is out of bounds is [`Self::MIN`] or [`Self::MAX`].
    pub const fn from_millis(millis: i64) -> Self {
        // `clamp` is not yet `const`.
        if millis < Self::MIN.0 {
            Self::MIN
        } else if millis > Self::MAX.0 {
            Self::MAX
        } else {
            Self(millis)
        }
    }

    /// The same of whole seconds.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self::from_millis(seconds.saturating_mul(1000))
    }

    /// Reads RFC 3339; `None` for what is out of bounds.
    pub fn parse(text: &str) -> Option<Self> {
        let instant: jiff::Timestamp = text.parse().ok()?;
        let millis = instant.as_millisecond();
        Some(Self::from_millis(millis)).filter(|timestamp| timestamp.0 == millis)
    }

    /// Milliseconds since the Unix epoch.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The instant `duration` after this one, [`Self::MAX`] at the latest.
    pub fn plus(self, duration: Duration) -> Self {
        Self::from_millis(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The instant `duration` before this one, [`Self::MIN`] at the earliest.
    pub fn minus(self, duration: Duration) -> Self {
        Self::from_millis(self.0.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The time from `now` until `self`; zero if `self` has passed.
    pub fn saturating_duration_since(self, now: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(now.0)).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // jiff has every instant within the bounds.
        let instant = jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        write!(f, "{instant:.3}")
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn always_three_decimals_and_z() {
        assert_eq!(Timestamp::from_millis(1_709_287_200_000).to_string(), "2024-03-01T10:00:00.000Z");
        assert_eq!(Timestamp::from_millis(1_709_287_200_120).to_string(), "2024-03-01T10:00:00.120Z");
        assert_eq!(Timestamp::parse("2024-03-01T11:00:00.12+01:00"), Some(Timestamp::from_millis(1_709_287_200_120)));
        assert_eq!(Timestamp::from_seconds(1_709_287_200), Timestamp::from_millis(1_709_287_200_000));
    }

    #[test]
    fn every_timestamp_is_shown_in_its_shape_and_read_back() {
        let bounds = [Timestamp::MIN.0, 0, Timestamp::MAX.0];
        let near = bounds.into_iter().flat_map(|bound| [-1000, -1, 0, 1, 1000].map(|by| bound + by));
        let stored = [i64::MIN, i64::MIN + 1, -62_135_596_800_001, i64::MAX / 1000, i64::MAX - 1, i64::MAX];
        for millis in near.chain(stored) {
            let made = Timestamp::from_millis(millis);
            for timestamp in [
                made,
                Timestamp::from_seconds(millis),
                made.plus(Duration::MAX),
                made.plus(Duration::from_millis(1)),
                made.minus(Duration::MAX),
                made.minus(Duration::from_millis(1)),
            ] {
                let shown = timestamp.to_string();
                assert_eq!(shown.len(), "2024-03-01T10:00:00.000Z".len(), "{shown}");
                assert_eq!(Timestamp::parse(&shown), Some(timestamp));
                assert_eq!(serde_json::to_value(timestamp).unwrap(), shown);
            }
            // Even one that this module forbids is shown as something.
            assert!(!Timestamp(millis).to_string().is_empty());
        }
        assert_eq!(Timestamp::MIN.to_string(), "0000-01-01T00:00:00.000Z");
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-30T22:00:00.000Z");
        assert_eq!(Timestamp::MAX.saturating_duration_since(Timestamp::MIN).as_secs(), 315_569_426_400);
    }

    #[test]
    fn a_text_out_of_bounds_or_of_another_shape_is_no_timestamp() {
        for (text, millis) in [
            ("0000-01-01T00:00:00Z", Some(Timestamp::MIN.0)),
            ("9999-12-30T22:00:00Z", Some(Timestamp::MAX.0)),
            ("9999-12-30T22:00:00.001Z", None),
            ("9999-12-30T22:00:01Z", None),
            ("9999-12-31T23:59:59Z", None),
            ("10000-01-01T00:00:00Z", None),
            ("+010000-01-01T00:00:00Z", None),
            ("-000001-12-31T23:59:59Z", None),
            ("-9999-01-01T00:00:00Z", None),
            ("-009999-01-02T01:59:59Z", None),
            ("0000-01-01T00:00:00+00:01", None),
            // A leap second is the second before it.
            ("2016-12-31T23:59:60Z", Some(1_483_228_799_000)),
            ("2016-12-31T23:59:61Z", None),
            ("2024-02-30T00:00:00Z", None),
            ("2024-03-01T24:00:00Z", None),
            ("2024-03-01T10:00:00+25:59", Some(1_709_193_660_000)),
            ("2024-03-01T10:00:00+26:00", None),
            ("2024-03-01T10:00:00", None),
            ("", None),
            ("Z", None),
            ("\u{1f600}", None),
        ] {
            assert_eq!(Timestamp::parse(text).map(Timestamp::millis), millis, "{text}");
        }
    }
}
