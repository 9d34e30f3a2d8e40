//! Bodies that a handler has taken apart.

use serde_json::{Map, Value};

use super::problem::Problem;
use crate::http::request::RequestBody;

/// Decodes the members of a body. `body` is the body itself, for numbers that keep their digits.
pub fn decode<T: RequestBody>(
    object: Map<String, Value>,
    body: Option<&[u8]>,
    context: &T::Context,
) -> Result<T, Problem> {
    T::of(object, body, context).map_err(Problem::from)
}
