//! What is wrong with a body, field by field.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{
    field_fault::FieldFault,
    problem::{Own, Problem},
};

/// No answer lists more faults than this: a body full of them must not come back larger than it was.
const MOST_FAULTS: usize = 20;
/// No field is named by more characters than this.
const MOST_NAME: usize = 200;

/// The faults of a body, gathered.
#[derive(Debug, Default)]
pub struct Faults(Vec<FieldFault>);

impl Faults {
    /// Notes a fault, as long as there is room for it.
    pub fn add(&mut self, field: impl Into<String>, message: impl Into<Cow<'static, str>>, reason: &'static str) {
        if !self.is_full() {
            let field = field.into().chars().take(MOST_NAME).collect();
            self.0.push(FieldFault { field, message: message.into(), reason });
        }
    }

    /// Notes a fault for each key that is left over, under `parent` (empty, or ending in a dot).
    pub fn unknown(&mut self, parent: &str, left: &Map<String, Value>) {
        for key in left.keys().take(MOST_FAULTS) {
            self.add(format!("{parent}{key}"), "is not a known field", "unknown");
        }
    }

    /// Whether no further fault would be listed: there is no use in looking on.
    pub fn is_full(&self) -> bool {
        self.0.len() >= MOST_FAULTS
    }

    /// The result, if nothing was wrong.
    pub fn finish<T>(self, result: T) -> Result<T, Problem> {
        if self.0.is_empty() { Ok(result) } else { Err(Own::Validation(self.0).into()) }
    }
}
