//! Creates at the emulators what the template describes; what is there already (kept data) is left.

mod queues;
mod table;

use aws_sdk_dynamodb::error::BuildError;

use crate::aws::emulators::Emulators;
use crate::template::{Template, TemplateError};

/// Why something could not be created.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// A call failed.
    #[error("{what} could not be set up: {why}")]
    Call {
        /// The table or queue.
        what: String,
        /// The service's words.
        why: String,
    },
    /// The template's table is not what DynamoDB takes.
    #[error("the template's table cannot be created")]
    Properties(#[from] serde_json::Error),
    /// A part of the template's table is incomplete.
    #[error("the template's table cannot be created")]
    Incomplete(#[from] BuildError),
    /// A value in the template's table is of the wrong kind.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The kept table is another one.
    #[error("the kept table {table} has other keys or indexes than the template says: keep data in another directory")]
    Differs {
        /// Its name.
        table: String,
    },
}

impl ProvisionError {
    /// A failed call about `what`.
    fn call(what: &str, error: impl std::error::Error) -> Self {
        // An SDK error's own text is "service error"; the cause says what happened.
        let mut why = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            why = format!("{why}: {cause}");
            source = cause.source();
        }
        Self::Call { what: what.to_owned(), why }
    }
}

/// Creates the table, its index and its TTL, and the queues with their redrive policies.
pub async fn provision(template: &Template, emulators: &Emulators) -> Result<(), ProvisionError> {
    table::provision(&template.table, emulators.dynamodb_endpoint()).await?;
    queues::provision(&template.queues, emulators.sqs_endpoint()).await
}

#[cfg(test)]
mod tests;
