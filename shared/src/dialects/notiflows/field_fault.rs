//! What is wrong with one field of a body.

use std::borrow::Cow;

use serde::Serialize;

use crate::http::request::{Fault, Reason};

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

impl From<Fault> for FieldFault {
    fn from(fault: Fault) -> Self {
        let (reason, message) = match fault.reason {
            Reason::Missing => ("required", "can't be blank".into()),
            Reason::Type | Reason::Value => ("invalid", format!("must be {}", fault.text).into()),
            Reason::Unknown => ("unknown", fault.text),
            Reason::Length => ("length", fault.text),
            Reason::Needed => ("required", fault.text),
            Reason::Forbidden => ("forbidden", fault.text),
            Reason::Rule => ("invalid", fault.text),
        };
        Self { field: fault.field, message, reason }
    }
}
