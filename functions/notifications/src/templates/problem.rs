//! The refusal of a change of a template.

use shared::{
    dialects::native::{Own, Problem},
    store::TemplateError,
};

/// The answer.
pub fn refused(error: TemplateError, missing: &'static str) -> Problem {
    match error {
        TemplateError::NotFound => Problem::not_found(missing),
        TemplateError::NoVersion => Problem::not_found("Version not found"),
        TemplateError::Outdated => Own::Conflict(
            "Another version was published since the draft was begun: discard the draft, and write it again to replace that version",
        )
        .into(),
        TemplateError::Stale => Own::Stale("The template has changed since it was read").into(),
        TemplateError::TooManyLocales | TemplateError::TooLarge => Problem::invalid(error.to_string()),
        TemplateError::Store(error) => error.into(),
    }
}
