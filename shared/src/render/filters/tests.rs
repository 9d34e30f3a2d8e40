//! Each filter, for readers who differ in one preference.

use serde_json::{Map, Value, json};

use crate::{
    domain::display::Display,
    render::{
        Recipient,
        source::{Kind, Source},
    },
};

pub(super) fn reader(language: &str, timezone: &str, format: &str, units: &str) -> Recipient {
    Recipient::nobody(Display {
        date_time_format: format.into(),
        timezone: timezone.into(),
        language: language.into(),
        measurement_unit: units.into(),
        theme: "dark".into(),
    })
}

fn filled(text: &str, x: &Value, reader: &Recipient) -> Result<String, String> {
    let variables: Map<_, _> = [("x".to_owned(), x.clone())].into_iter().collect();
    Source::new("it", text, Kind::Text).render(&reader.context(&variables)).map_err(|fault| fault.to_string())
}

/// The output of `filter` for the value `x` and a reader.
fn through(filter: &str, x: Value, reader: &Recipient) -> String {
    filled(&format!("{{{{ x|{filter} }}}}"), &x, reader).unwrap_or_else(|fault| fault)
}

#[test]
fn a_point_in_time_is_told_in_the_reader_s_zone_whatever_the_season() {
    for (zone, instant, expected) in [
        ("UTC", "2024-03-01T23:30:00Z", "01/03/2024 23:30"),
        // Just before and after the clocks go forward in New York, and back in Berlin.
        ("America/New_York", "2024-03-10T06:59:00Z", "10/03/2024 01:59"),
        ("America/New_York", "2024-03-10T07:00:00Z", "10/03/2024 03:00"),
        ("US/Eastern", "2024-03-10T07:00:00Z", "10/03/2024 03:00"),
        ("Europe/Berlin", "2024-10-27T00:30:00Z", "27/10/2024 02:30"),
        ("Europe/Berlin", "2024-10-27T01:30:00Z", "27/10/2024 02:30"),
        ("Europe/Berlin", "2024-10-27T02:30:00Z", "27/10/2024 03:30"),
        // Half and quarter hours; the other side of the date line; the year's end.
        ("Asia/Kolkata", "2024-03-01T19:00:00Z", "02/03/2024 00:30"),
        ("Asia/Kathmandu", "2024-03-01T00:00:00Z", "01/03/2024 05:45"),
        ("Pacific/Kiritimati", "2024-12-31T10:00:00Z", "01/01/2025 00:00"),
        ("Pacific/Pago_Pago", "2025-01-01T10:59:00Z", "31/12/2024 23:59"),
        ("UTC", "2024-03-01T23:30:00.999+05:30", "01/03/2024 18:00"),
    ] {
        assert_eq!(
            through("datetime", json!(instant), &reader("en", zone, "uk", "metric")),
            expected,
            "{zone} {instant}"
        );
    }
}

#[test]
fn a_time_is_text_or_seconds() {
    let reader = reader("en-US", "America/New_York", "us", "imperial");
    for (x, expected) in [
        (json!(1_709_308_800), "03/01/2024 11:00 AM"),
        (json!(1_709_308_800.75), "03/01/2024 11:00 AM"),
        (json!(0), "12/31/1969 7:00 PM"),
        (json!(-1), "12/31/1969 6:59 PM"),
        (json!("2024-03-01T05:00:00Z"), "03/01/2024 12:00 AM"),
        (json!("2024-03-01T17:05:00Z"), "03/01/2024 12:05 PM"),
    ] {
        assert_eq!(through("datetime", x, &reader), expected);
    }
    assert_eq!(through("date", json!("2024-02-29"), &reader), "02/29/2024", "a day is the same in every zone");
    let refused = "it, line 1: date takes a time such as 2024-03-01T10:00:00Z (RFC 3339), or seconds since 1970-01-01";
    for bad in
        [json!("yesterday"), json!("2024-02-30"), json!("2024-03-01T10:00:00"), json!(true), json!([]), json!(1e300)]
    {
        assert_eq!(through("date", bad.clone(), &reader), refused, "{bad}");
    }
    let day = "it, line 1: time takes a date with a time, and not a date alone";
    assert_eq!(through("time", json!("2024-02-29"), &reader), day);
}

#[test]
fn a_friendly_date_is_in_the_reader_s_language() {
    for (language, first, later) in [
        ("en-US", "March 1, 2024 at 2:05 PM", "December 31, 2024"),
        ("en", "March 1, 2024 at 2:05 PM", "December 31, 2024"),
        ("en-GB", "1 March 2024 at 14:05", "31 December 2024"),
        ("en-AU", "1 March 2024 at 2:05 PM", "31 December 2024"),
        ("en-001", "1 March 2024 at 2:05 PM", "31 December 2024"),
        ("en-150", "1 March 2024 at 14:05", "31 December 2024"),
        ("en-DE", "1 March 2024 at 14:05", "31 December 2024"),
        // An extension's key has the length of a region. This one asks for a clock.
        ("en-u-hc-h12", "March 1, 2024 at 2:05 PM", "December 31, 2024"),
        ("en-US-u-hc-h23", "March 1, 2024 at 14:05", "December 31, 2024"),
        ("en-GB-u-hc-h12", "1 March 2024 at 2:05 PM", "31 December 2024"),
        ("de-AT", "1. März 2024 um 14:05", "31. Dezember 2024"),
        ("fr", "1er mars 2024 à 14:05", "31 décembre 2024"),
        ("es-MX", "1 de marzo de 2024, 14:05", "31 de diciembre de 2024"),
        ("it", "1 marzo 2024 alle 14:05", "31 dicembre 2024"),
        ("pt-BR", "1 de março de 2024 às 14:05", "31 de dezembro de 2024"),
        ("nl", "1 maart 2024 om 14:05", "31 december 2024"),
        ("ja", "2024-03-01 14:05", "2024-12-31"),
    ] {
        let reader = reader(language, "UTC", "friendly", "metric");
        assert_eq!(through("datetime", json!("2024-03-01T14:05:00Z"), &reader), first, "{language}");
        assert_eq!(through("date", json!("2024-12-31T12:00:00Z"), &reader), later, "{language}");
    }
    let reader = reader("en", "UTC", "friendly", "metric");
    let hours = ["T00:00:00Z", "T11:59:00Z", "T12:00:00Z", "T13:00:00Z"].map(|hour| format!("2024-03-01{hour}"));
    let told = hours.map(|hour| through("time", json!(hour), &reader));
    assert_eq!(told, ["12:00 AM", "11:59 AM", "12:00 PM", "1:00 PM"]);
}

#[test]
fn measures_are_in_the_reader_s_units() {
    let (metric, imperial) = (reader("en", "UTC", "us", "metric"), reader("en", "UTC", "us", "imperial"));
    for (filter, x, in_metric, in_imperial) in [
        ("distance", json!(0), "0 m", "0 ft"),
        ("distance", json!(100), "100 m", "328 ft"),
        ("distance", json!(160.6), "161 m", "527 ft"),
        ("distance", json!(160.9344), "161 m", "0.1 mi"),
        ("distance", json!(999.4), "999 m", "0.6 mi"),
        ("distance", json!(999.5), "1 km", "0.6 mi"),
        ("distance", json!("1609.344"), "1.6 km", "1 mi"),
        ("distance", json!(42_195), "42.2 km", "26.2 mi"),
        ("distance", json!(99_949), "99.9 km", "62.1 mi"),
        ("distance", json!(99_950), "100 km", "62.1 mi"),
        ("distance", json!(3_940_000), "3,940 km", "2,448 mi"),
        ("temperature", json!(0), "0 °C", "32 °F"),
        ("temperature", json!(21.5), "22 °C", "71 °F"),
        ("temperature", json!(-0.4), "0 °C", "31 °F"),
        ("temperature", json!(-40), "-40 °C", "-40 °F"),
        ("temperature", json!(-17.8), "-18 °C", "0 °F"),
        ("temperature(1)", json!(36.65), "36.7 °C", "98.0 °F"),
        ("weight", json!(0.2), "200 g", "7 oz"),
        ("weight", json!(0.45359237), "454 g", "1 lb"),
        ("weight", json!(0.9996), "1 kg", "2 lb 3 oz"),
        ("weight", json!(2.5), "2.5 kg", "5 lb 8 oz"),
        ("weight", json!(9.06), "9.1 kg", "20 lb"),
        ("weight", json!(75), "75 kg", "165 lb"),
    ] {
        let told = (through(filter, x.clone(), &metric), through(filter, x.clone(), &imperial));
        assert_eq!(told, (in_metric.to_owned(), in_imperial.to_owned()), "{filter} of {x}");
    }
    assert_eq!(through("distance", json!(1500), &reader("de", "UTC", "us", "metric")), "1,5 km");
    assert_eq!(through("distance", json!(-1), &metric), "it, line 1: distance takes a number of 0 or more");
    assert_eq!(through("weight", json!([]), &metric), "it, line 1: weight takes a number, or a text such as 1234.50");
}

#[test]
fn a_number_keeps_its_digits_unless_it_is_rounded() {
    let german = reader("de", "UTC", "us", "metric");
    for (filter, x, expected) in [
        ("number", json!(1_234_567), "1.234.567"),
        ("number", json!("1234.50"), "1.234,50"),
        ("number", json!(0.1), "0,1"),
        ("number(2)", json!(1234.5), "1.234,50"),
        ("number(0)", json!(-0.5), "-1"),
        ("number", json!(u64::MAX), "18.446.744.073.709.551.615"),
        ("number(13)", json!(1), "it, line 1: number can round to at most 12 decimal places"),
        ("number", json!("1,5"), "it, line 1: number takes a number, or a text such as 1234.50"),
        ("number", json!(null), "it, line 1: number takes a number, or a text such as 1234.50"),
    ] {
        assert_eq!(through(filter, x.clone(), &german), expected, "{filter} of {x}");
    }
}

#[test]
fn the_engine_s_own_filters_take_their_arguments_by_name() {
    let reader = reader("en", "UTC", "us", "metric");
    assert_eq!(through("sort(reverse=true)|join('+')", json!([1, 3, 2]), &reader), "3+2+1");
    assert_eq!(through("upper", json!("é"), &reader), "É");
    assert_eq!(
        filled("{{ y|default('none given') }} {{ theme }} {{ units }}", &json!(1), &reader).unwrap(),
        "none given dark metric"
    );
}

#[test]
fn what_could_take_all_memory_is_not_there() {
    let reader = reader("en", "UTC", "us", "metric");
    for filter in ["indent(width=1000000000000)", "format", "center(1000000000000)", "replace('', x)", "batch(9)"] {
        let name = filter.split('(').next().unwrap_or_default();
        let told = through(filter, json!("x"), &reader);
        assert!(told.starts_with(&format!("it, line 1: filter {name} is unknown")), "{told}");
    }
    assert!(filled("{{ range(10) }}", &json!(1), &reader).is_err());
}
