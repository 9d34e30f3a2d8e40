//! Measures in the reader's units. The argument is metric: metres, degrees Celsius, kilograms.
//!
//! Numbers follow the reader's language. The units' symbols are the same in all languages (`km`, `mi`, `°C`, `lb`),
//! with a plain space before them.

use minijinja::{Error, State, Value, value::ValueKind};

use super::arguments::{figure, reader, some_places};
use crate::render::{fault::refuse, figures::Figure};

const METRES_PER_FOOT: f64 = 0.3048;
const METRES_PER_MILE: f64 = 1609.344;
const KILOGRAMS_PER_POUND: f64 = 0.453_592_37;
/// Distances below this (a tenth of a mile) are written in feet.
const FEET: f64 = 528.0;
/// From this weight on, ounces are left out.
const WHOLE_POUNDS: f64 = 20.0;

/// `distance`: metres to kilometres, or to feet and miles.
pub fn distance(state: &mut State<'_, '_>, metres: Value) -> Result<String, Error> {
    let metres = size("distance", &metres)?;
    let reader = reader(state)?;
    let (small, large) = if reader.is_imperial() {
        ((metres / METRES_PER_FOOT, FEET, "ft"), (metres / METRES_PER_MILE, "mi"))
    } else {
        ((metres, 1000.0, "m"), (metres / 1000.0, "km"))
    };
    let (value, from, unit) = small;
    if value.round() < from {
        return Ok(format!("{} {unit}", whole("distance", value)?.written(&reader.style)));
    }
    let (value, unit) = large;
    Ok(format!("{} {unit}", short("distance", value)?.written(&reader.style)))
}

/// `temperature`, `temperature(1)`: degrees Celsius or Fahrenheit, as whole degrees or with that many decimal places.
pub fn temperature(state: &mut State<'_, '_>, celsius: Value, places: Option<usize>) -> Result<String, Error> {
    let celsius = quantity("temperature", &celsius)?;
    let places = some_places("temperature", places.unwrap_or(0))?;
    let reader = reader(state)?;
    let (degrees, unit) = if reader.is_imperial() { (celsius * 9.0 / 5.0 + 32.0, "°F") } else { (celsius, "°C") };
    Ok(format!("{} {unit}", number("temperature", degrees)?.rounded(places).written(&reader.style)))
}

/// `weight`: kilograms to grams and kilograms, or to ounces and pounds.
pub fn weight(state: &mut State<'_, '_>, kilograms: Value) -> Result<String, Error> {
    let kilograms = size("weight", &kilograms)?;
    let reader = reader(state)?;
    let written = |figure: Figure| figure.written(&reader.style);
    if !reader.is_imperial() {
        let grams = kilograms * 1000.0;
        return Ok(if grams.round() < 1000.0 {
            format!("{} g", written(whole("weight", grams)?))
        } else {
            format!("{} kg", written(short("weight", kilograms)?))
        });
    }
    let pounds = kilograms / KILOGRAMS_PER_POUND;
    if pounds >= WHOLE_POUNDS {
        return Ok(format!("{} lb", written(whole("weight", pounds)?)));
    }
    let all = (pounds * 16.0).round();
    let (pounds, ounces) = ((all / 16.0).floor(), all % 16.0);
    let pounds_text = written(whole("weight", pounds)?);
    let ounces_text = written(whole("weight", ounces)?);
    Ok(if pounds == 0.0 {
        format!("{ounces_text} oz")
    } else if ounces == 0.0 {
        format!("{pounds_text} lb")
    } else {
        format!("{pounds_text} lb {ounces_text} oz")
    })
}

/// A measure as a number.
fn quantity(filter: &str, value: &Value) -> Result<f64, Error> {
    let figure = figure(filter, value)?;
    let float = match value.kind() {
        ValueKind::String => value.as_str().and_then(|text| text.parse().ok()),
        _ => f64::try_from(value.clone()).ok(),
    };
    drop(figure);
    float.filter(|value: &f64| value.is_finite()).ok_or_else(|| refuse(format!("{filter} takes a number")))
}

/// A measure that must not be negative.
fn size(filter: &str, value: &Value) -> Result<f64, Error> {
    let value = quantity(filter, value)?;
    if value < 0.0 { Err(refuse(format!("{filter} takes a number of 0 or more"))) } else { Ok(value) }
}

fn number(filter: &str, value: f64) -> Result<Figure, Error> {
    Figure::of(value).ok_or_else(|| refuse(format!("{filter} takes a smaller number")))
}

fn whole(filter: &str, value: f64) -> Result<Figure, Error> {
    Ok(number(filter, value)?.rounded(0))
}

/// A number with one decimal place below a hundred (unless that place is zero), and none above.
fn short(filter: &str, value: f64) -> Result<Figure, Error> {
    let places = if value < 99.95 { 1 } else { 0 };
    Ok(number(filter, value)?.rounded(places).trimmed())
}
