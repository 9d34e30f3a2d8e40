//! The filters and tests of templates. Only those of the engine's own filters are allowed that cannot be made to use
//! all memory.

mod arguments;
mod calendar;
mod measures;
mod when;

#[cfg(test)]
mod extremes;
#[cfg(test)]
mod tests;

use minijinja::{
    Environment, Error, State, Value, filters, tests as checks,
    value::{Rest, ValueOrKwargs},
};

use super::{fault::refuse, stand_in};
use arguments::{figure, reader, some_places};

/// The names of all filters.
#[derive(Debug)]
pub struct FilterNames {
    /// Those that use the reader's time zone, format, units and language.
    pub of_reader: Vec<&'static str>,
    /// Those that give the same for every reader.
    pub others: Vec<&'static str>,
}

/// The names of all filters, for people who write templates.
pub fn filter_names() -> FilterNames {
    FilterNames { of_reader: of_reader().map(|(name, _)| name).into(), others: others().map(|(name, _)| name).into() }
}

/// The filters that use the reader's time zone, format, units and language.
fn of_reader() -> [(&'static str, Value); 7] {
    [
        ("date", Value::from_function(when::date)),
        ("time", Value::from_function(when::time)),
        ("datetime", Value::from_function(when::datetime)),
        ("number", Value::from_function(number)),
        ("distance", Value::from_function(measures::distance)),
        ("temperature", Value::from_function(measures::temperature)),
        ("weight", Value::from_function(measures::weight)),
    ]
}

/// The engine's own filters that are allowed.
fn others() -> [(&'static str, Value); 24] {
    [
        ("safe", Value::from_function(filters::safe)),
        ("escape", Value::from_function(filters::escape)),
        ("upper", Value::from_function(filters::upper)),
        ("lower", Value::from_function(filters::lower)),
        ("title", Value::from_function(filters::title)),
        ("capitalize", Value::from_function(filters::capitalize)),
        ("trim", Value::from_function(filters::trim)),
        ("length", Value::from_function(filters::length)),
        ("join", Value::from_function(filters::join)),
        ("default", Value::from_function(filters::default)),
        ("round", Value::from_function(filters::round)),
        ("abs", Value::from_function(filters::abs)),
        ("int", Value::from_function(filters::int)),
        ("float", Value::from_function(filters::float)),
        ("first", Value::from_function(filters::first)),
        ("last", Value::from_function(filters::last)),
        ("min", Value::from_function(filters::min)),
        ("max", Value::from_function(filters::max)),
        ("sum", Value::from_function(filters::sum)),
        ("sort", Value::from_function(filters::sort)),
        ("reverse", Value::from_function(filters::reverse)),
        ("items", Value::from_function(filters::items)),
        ("list", Value::from_function(filters::list)),
        ("string", Value::from_function(filters::string)),
    ]
}

/// Gives the environment its filters and tests.
pub(super) fn register(environment: &mut Environment<'_>) {
    for (name, filter) in of_reader().into_iter().chain(others()) {
        add(environment, name, filter);
    }
    environment.add_test("defined", checks::is_defined);
    environment.add_test("undefined", checks::is_undefined);
    environment.add_test("none", checks::is_none);
    environment.add_test("number", checks::is_number);
    environment.add_test("string", checks::is_string);
    environment.add_test("sequence", checks::is_sequence);
    environment.add_test("mapping", checks::is_mapping);
    environment.add_test("odd", checks::is_odd);
    environment.add_test("even", checks::is_even);
    environment.add_test("divisibleby", is_divisible_by);
    environment.add_test("in", checks::is_in);
}

/// Adds a filter. The filter returns a stand-in unchanged, because in a rehearsal the value is not known yet.
fn add(environment: &mut Environment<'_>, name: &'static str, filter: Value) {
    environment.add_filter(name, move |state: &mut State<'_, '_>, values: Rest<ValueOrKwargs>| {
        let values = values.into_values();
        match values.first() {
            Some(value) if stand_in::is_stand_in(value) => Ok(value.clone()),
            // Some filters would accept an undefined value as an empty one. This conversion fails instead, and only the
            // engine's own error has the variable's name.
            Some(value) if value.is_undefined() && name != "default" => f64::try_from(value.clone()).map(Value::from),
            _ => filter.call(state, &values),
        }
    });
}

/// `divisibleby(3)`. The engine's own test panics if it divides by 0, or the smallest number by -1.
fn is_divisible_by(value: Value, by: Value) -> Result<bool, Error> {
    match i128::try_from(by.clone()) {
        Ok(0) => Err(refuse("divisibleby takes a number other than 0")),
        Ok(-1) if value.is_integer() => Ok(true),
        _ => Ok(checks::is_divisibleby(&value, &by)),
    }
}

/// `number`, `number(2)`: a number with the grouping and the decimal mark of the reader's language. With an argument,
/// it is rounded to that many decimal places, halves away from zero.
fn number(state: &mut State<'_, '_>, value: Value, places: Option<usize>) -> Result<String, Error> {
    let figure = figure("number", &value)?;
    let figure = match places {
        Some(places) => figure.rounded(some_places("number", places)?),
        None => figure,
    };
    Ok(figure.written(&reader(state)?.style))
}
