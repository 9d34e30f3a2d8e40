//! The arguments of filters.

use std::sync::Arc;

use minijinja::{Error, State, Value, value::ValueKind};

use crate::render::{fault::refuse, figures::Figure, recipient::Reader};

/// The reader of the text.
pub(super) fn reader(state: &State<'_, '_>) -> Result<Arc<Reader>, Error> {
    Reader::of(state).ok_or_else(|| refuse("this filter needs a recipient"))
}

/// The most decimal places that a template can ask for.
const MAX_PLACES: usize = 12;

pub(super) fn some_places(filter: &str, places: usize) -> Result<usize, Error> {
    let refused = || refuse(format!("{filter} can round to at most {MAX_PLACES} decimal places"));
    Some(places).filter(|places| *places <= MAX_PLACES).ok_or_else(refused)
}

/// Reads a number, or a text with a number. A text keeps all digits of an amount.
pub(super) fn figure(filter: &str, value: &Value) -> Result<Figure, Error> {
    let refused = || refuse(format!("{filter} takes a number, or a text such as 1234.50"));
    match value.kind() {
        ValueKind::Number if value.is_integer() => Figure::parse(&value.to_string()).ok_or_else(refused),
        ValueKind::Number => f64::try_from(value.clone()).ok().and_then(Figure::of).ok_or_else(refused),
        ValueKind::String => value.as_str().and_then(Figure::parse).ok_or_else(refused),
        _ => Err(refused()),
    }
}
