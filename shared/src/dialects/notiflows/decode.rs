//! Bodies, with a bound on the number of reported faults.

use serde_json::{Map, Value};

use super::problem::Problem;
use crate::http::request::{Faults, RequestBody};

/// The most faults that an answer lists: an answer must not be larger than the body that it refuses.
const MAX_FAULTS: usize = 20;

/// Decodes the members of a body. `body` is the body itself, for numbers that keep their digits.
pub fn decode<T: RequestBody>(
    object: Map<String, Value>,
    body: Option<&[u8]>,
    context: &T::Context,
) -> Result<T, Problem> {
    T::of(object, body, context, Faults::up_to(MAX_FAULTS)).map_err(Problem::from)
}
