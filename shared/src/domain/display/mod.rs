//! Display preferences (contract 4): their values, and their defaults.

pub mod language;
pub mod timezone;

use std::{borrow::Cow, collections::BTreeMap};

use serde::Serialize;

/// One display preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preference {
    /// How dates and times are written.
    DateTimeFormat,
    /// The time zone of dates and times.
    Timezone,
    /// The language of texts.
    Language,
    /// The units of measures.
    MeasurementUnit,
    /// The colours of a screen.
    Theme,
}

impl Preference {
    /// Every preference, in the contract's order.
    pub const ALL: [Self; 5] =
        [Self::DateTimeFormat, Self::Timezone, Self::Language, Self::MeasurementUnit, Self::Theme];

    /// Its name on the wire and in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::DateTimeFormat => "date_time_format",
            Self::Timezone => "timezone",
            Self::Language => "language",
            Self::MeasurementUnit => "measurement_unit",
            Self::Theme => "theme",
        }
    }

    /// The value for a user who never set the preference.
    pub fn default(self) -> &'static str {
        match self {
            Self::DateTimeFormat => "friendly",
            Self::Timezone => "UTC",
            Self::Language => "en-US",
            Self::MeasurementUnit => "imperial",
            Self::Theme => "system",
        }
    }

    /// The accepted values, as the end of a sentence `it must be …`.
    pub fn accepted(self) -> Cow<'static, str> {
        match self {
            Self::DateTimeFormat | Self::MeasurementUnit | Self::Theme => {
                Cow::Owned(format!("one of {}", self.choices().join(", ")))
            }
            Self::Timezone => Cow::Borrowed("the name of an IANA time zone, such as America/New_York"),
            Self::Language => Cow::Borrowed("a valid BCP 47 language tag of at most 255 characters, such as en-US"),
        }
    }

    /// `value` in the form in which it is stored; `None` if it is not valid.
    pub fn canonical(self, value: &str) -> Option<String> {
        match self {
            Self::DateTimeFormat | Self::MeasurementUnit | Self::Theme => {
                self.choices().contains(&value).then(|| value.to_owned())
            }
            Self::Timezone => timezone::canonical(value).map(str::to_owned),
            Self::Language => language::canonical(value),
        }
    }

    /// All accepted values, if that is a short list; else an empty slice.
    pub fn choices(self) -> &'static [&'static str] {
        match self {
            Self::DateTimeFormat => &["friendly", "us", "uk"],
            Self::MeasurementUnit => &["imperial", "metric"],
            Self::Theme => &["light", "dark", "system"],
            Self::Timezone | Self::Language => &[],
        }
    }
}

/// All display preferences of a user, with the defaults applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Display {
    /// `friendly`, `us` or `uk`.
    pub date_time_format: String,
    /// A name of the IANA time zone database.
    pub timezone: String,
    /// A BCP 47 tag in canonical case.
    pub language: String,
    /// `imperial` or `metric`.
    pub measurement_unit: String,
    /// `light`, `dark` or `system`.
    pub theme: String,
}

impl Display {
    /// The preferences of a user who set these values (`User.display`). Defaults fill the rest.
    pub fn of(set: &BTreeMap<String, String>) -> Self {
        let of = |preference: Preference| {
            set.get(preference.name()).cloned().unwrap_or_else(|| preference.default().to_owned())
        };
        Self {
            date_time_format: of(Preference::DateTimeFormat),
            timezone: of(Preference::Timezone),
            language: of(Preference::Language),
            measurement_unit: of(Preference::MeasurementUnit),
            theme: of(Preference::Theme),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_valid_and_hold_where_nothing_was_set() {
        for preference in Preference::ALL {
            assert_eq!(preference.canonical(preference.default()).as_deref(), Some(preference.default()));
        }
        let set = [("theme".to_owned(), "dark".to_owned())].into();
        let display = Display::of(&set);
        assert_eq!((display.theme.as_str(), display.timezone.as_str()), ("dark", "UTC"));
    }

    #[test]
    fn a_choice_is_taken_to_the_letter() {
        for preference in [Preference::DateTimeFormat, Preference::MeasurementUnit, Preference::Theme] {
            for choice in preference.choices() {
                assert_eq!(preference.canonical(choice).as_deref(), Some(*choice));
                assert_eq!(preference.canonical(&choice.to_uppercase()), None);
            }
            assert_eq!(preference.canonical(""), None);
        }
        assert_eq!(Preference::Theme.accepted(), "one of light, dark, system");
    }
}
