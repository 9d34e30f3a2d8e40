//! Dates and times in the reader's zone and format.

use jiff::{
    Timestamp,
    civil::{Date, Time},
};
use minijinja::{Error, State, Value, value::ValueKind};

use super::{arguments::reader, calendar};
use crate::render::{fault::refuse, recipient::Reader};

/// The value that a filter gets.
enum Moment {
    /// A point in time. Its day and hour depend on the time zone.
    Instant(Timestamp),
    /// A day of the calendar, which is the same in all time zones.
    Day(Date),
}

/// `date`: the date of a point in time, or a day such as `2024-03-01`.
pub fn date(state: &mut State<'_, '_>, value: Value) -> Result<String, Error> {
    let reader = reader(state)?;
    let day = match moment("date", &value)? {
        Moment::Instant(instant) => local(&reader, instant).0,
        Moment::Day(day) => day,
    };
    Ok(written_date(&reader, day))
}

/// `time`: the time of day of a point in time.
pub fn time(state: &mut State<'_, '_>, value: Value) -> Result<String, Error> {
    let reader = reader(state)?;
    let (_, time) = local(&reader, instant("time", &value)?);
    Ok(written_time(&reader, time))
}

/// `datetime`: the date and the time of day.
pub fn datetime(state: &mut State<'_, '_>, value: Value) -> Result<String, Error> {
    let reader = reader(state)?;
    let (date, time) = local(&reader, instant("datetime", &value)?);
    let between = if is_friendly(&reader) { calendar::at(&reader.display.language) } else { " " };
    Ok(format!("{}{between}{}", written_date(&reader, date), written_time(&reader, time)))
}

fn local(reader: &Reader, instant: Timestamp) -> (Date, Time) {
    let zoned = instant.to_zoned(reader.zone.clone());
    (zoned.date(), zoned.time())
}

fn is_friendly(reader: &Reader) -> bool {
    !matches!(reader.display.date_time_format.as_str(), "us" | "uk")
}

fn written_date(reader: &Reader, date: Date) -> String {
    let (year, month, day) = (date.year(), date.month(), date.day());
    match reader.display.date_time_format.as_str() {
        "us" => format!("{month:02}/{day:02}/{year:04}"),
        "uk" => format!("{day:02}/{month:02}/{year:04}"),
        _ => calendar::date(&reader.display.language, date),
    }
}

fn written_time(reader: &Reader, time: Time) -> String {
    match reader.display.date_time_format.as_str() {
        "us" => calendar::of_12_hours(time),
        "uk" => calendar::of_24_hours(time),
        _ => calendar::time(&reader.display.language, time),
    }
}

fn instant(filter: &str, value: &Value) -> Result<Timestamp, Error> {
    match moment(filter, value)? {
        Moment::Instant(instant) => Ok(instant),
        Moment::Day(_) => Err(refuse(format!("{filter} takes a date with a time, and not a date alone"))),
    }
}

fn moment(filter: &str, value: &Value) -> Result<Moment, Error> {
    let refused = || {
        refuse(format!("{filter} takes a time such as 2024-03-01T10:00:00Z (RFC 3339), or seconds since 1970-01-01"))
    };
    match value.kind() {
        ValueKind::Number => seconds(value).map(Moment::Instant).ok_or_else(refused),
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            let day = || text.parse().ok().filter(|_| text.len() == "2024-03-01".len()).map(Moment::Day);
            text.parse().ok().map(Moment::Instant).or_else(day).ok_or_else(refused)
        }
        _ => Err(refused()),
    }
}

/// Reads seconds since 1970. A fraction is read in milliseconds.
fn seconds(value: &Value) -> Option<Timestamp> {
    if let Ok(seconds) = i64::try_from(value.clone()) {
        return Timestamp::from_second(seconds).ok();
    }
    let seconds = f64::try_from(value.clone()).ok()?;
    let duration = jiff::SignedDuration::try_from_secs_f64(seconds).ok()?;
    Timestamp::from_duration(duration).ok()
}
