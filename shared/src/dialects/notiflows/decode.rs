//! Bodies, whose faults are told up to a bound.

use serde_json::{Map, Value};

use super::problem::Problem;
use crate::http::request::{Faults, RequestBody};

/// No answer lists more faults than this: a body full of them must not come back larger than it was.
const MAX_FAULTS: usize = 20;

/// Decodes the members of a body; `body` is the body itself, for numbers that keep their digits.
pub fn decode<T: RequestBody>(
    object: Map<String, Value>,
    body: Option<&[u8]>,
    context: &T::Context,
) -> Result<T, Problem> {
    T::of(object, body, context, Faults::up_to(MAX_FAULTS)).map_err(Problem::from)
}
