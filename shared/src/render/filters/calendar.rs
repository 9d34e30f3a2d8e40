//! Dates and times in words, by language.
//!
//! English, German, French, Spanish, Italian, Portuguese and Dutch have their own words. Every other language gets ISO
//! 8601's `2024-03-01` and `14:05`, which everybody can read. English puts the month first and uses a 12-hour clock, as
//! in the United States. Some regions differ: the day comes first in regions other than the United States, Canada and
//! the Philippines, and Britain, Ireland, South Africa and the English of Europe (`en-150`, `en-DE`) use a 24-hour clock.

use jiff::civil::{Date, Time};

use crate::domain::display::language;

struct CalendarNames {
    language: &'static str,
    months: [&'static str; 12],
    /// The text between the day and the month, and between the month and the year.
    of: &'static str,
    /// The text after the day.
    point: &'static str,
    /// The text after the day if it is the first day of the month.
    first: &'static str,
    /// The text between a date and a time.
    at: &'static str,
}

const CALENDAR_NAMES: [CalendarNames; 7] = [
    CalendarNames {
        language: "en",
        months: [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
        of: " ",
        point: "",
        first: "",
        at: " at ",
    },
    CalendarNames {
        language: "de",
        months: [
            "Januar",
            "Februar",
            "März",
            "April",
            "Mai",
            "Juni",
            "Juli",
            "August",
            "September",
            "Oktober",
            "November",
            "Dezember",
        ],
        of: " ",
        point: ".",
        first: ".",
        at: " um ",
    },
    CalendarNames {
        language: "fr",
        months: [
            "janvier",
            "février",
            "mars",
            "avril",
            "mai",
            "juin",
            "juillet",
            "août",
            "septembre",
            "octobre",
            "novembre",
            "décembre",
        ],
        of: " ",
        point: "",
        first: "er",
        at: " à ",
    },
    CalendarNames {
        language: "es",
        months: [
            "enero",
            "febrero",
            "marzo",
            "abril",
            "mayo",
            "junio",
            "julio",
            "agosto",
            "septiembre",
            "octubre",
            "noviembre",
            "diciembre",
        ],
        of: " de ",
        point: "",
        first: "",
        at: ", ",
    },
    CalendarNames {
        language: "it",
        months: [
            "gennaio",
            "febbraio",
            "marzo",
            "aprile",
            "maggio",
            "giugno",
            "luglio",
            "agosto",
            "settembre",
            "ottobre",
            "novembre",
            "dicembre",
        ],
        of: " ",
        point: "",
        first: "",
        at: " alle ",
    },
    CalendarNames {
        language: "pt",
        months: [
            "janeiro",
            "fevereiro",
            "março",
            "abril",
            "maio",
            "junho",
            "julho",
            "agosto",
            "setembro",
            "outubro",
            "novembro",
            "dezembro",
        ],
        of: " de ",
        point: "",
        first: "",
        at: " às ",
    },
    CalendarNames {
        language: "nl",
        months: [
            "januari",
            "februari",
            "maart",
            "april",
            "mei",
            "juni",
            "juli",
            "augustus",
            "september",
            "oktober",
            "november",
            "december",
        ],
        of: " ",
        point: "",
        first: "",
        at: " om ",
    },
];

/// The language of a tag, and its region.
fn split(tag: &str) -> (&str, &str) {
    let (language, _) = tag.split_once('-').unwrap_or((tag, ""));
    (language, language::region(tag).unwrap_or_default())
}

fn names(tag: &str) -> Option<&'static CalendarNames> {
    CALENDAR_NAMES.iter().find(|names| names.language == split(tag).0)
}

/// A date in words.
pub fn date(tag: &str, date: Date) -> String {
    let Some(names) = names(tag) else { return iso(date) };
    let CalendarNames { months, of, point, first, .. } = names;
    let month = usize::try_from(date.month() - 1).ok().and_then(|index| months.get(index)).copied().unwrap_or_default();
    let (day, year) = (date.day(), date.year());
    if matches!(split(tag), ("en", "" | "US" | "CA" | "PH")) {
        return format!("{month} {day}, {year}");
    }
    format!("{day}{}{of}{month}{of}{year}", if day == 1 { first } else { point })
}

/// A time of day, by the clock that the tag asks for, or else that of its region.
pub fn time(tag: &str, time: Time) -> String {
    match (language::hour_cycle(tag), split(tag)) {
        (Some("h12"), _) => of_12_hours(time),
        (Some("h23"), _) => of_24_hours(time),
        (_, ("en", "150" | "GB" | "IE" | "ZA")) => of_24_hours(time),
        (_, ("en", _)) if language::shared_form(tag) != Some("en-150") => of_12_hours(time),
        _ => of_24_hours(time),
    }
}

/// The text between a date and a time.
pub fn at(tag: &str) -> &'static str {
    names(tag).map_or(" ", |names| names.at)
}

/// `2024-03-01`
fn iso(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
}

/// `14:05`
pub fn of_24_hours(time: Time) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

/// `2:05 PM`
pub fn of_12_hours(time: Time) -> String {
    let hour = match time.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    format!("{hour}:{:02} {}", time.minute(), if time.hour() < 12 { "AM" } else { "PM" })
}
