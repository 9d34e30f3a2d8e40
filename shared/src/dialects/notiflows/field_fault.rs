//! What is wrong with one field of a body.

use std::borrow::Cow;

use serde::Serialize;

/// One fault of a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldFault {
    /// The field's path, `settings.device_tokens[3]`.
    pub field: String,
    /// What would be accepted, in words that follow the field's name.
    pub message: Cow<'static, str>,
    /// `required`, `invalid`, `unknown` or `length`.
    pub reason: &'static str,
}
