//! A change of a template that was not made.

use shared::{dialects::native::Problem, store::TemplateError};

/// The answer.
pub fn refused(error: TemplateError, missing: &'static str) -> Problem {
    match error {
        TemplateError::NotFound => Problem::NotFound(missing),
        TemplateError::Stale => Problem::StaleOf("The template has changed since it was read"),
        TemplateError::TooManyLocales | TemplateError::TooLarge => Problem::invalid(error.to_string()),
        TemplateError::Store(error) => error.into(),
    }
}
