//! Creates the template's table and queues in the emulators. A table in kept data stays as it is.

mod queues;
mod table;

use aws_sdk_dynamodb::error::BuildError;

use crate::aws::emulators::Emulators;
use crate::template::{Template, TemplateError};

/// Why a table or a queue could not be created.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// A call failed.
    #[error("{what} could not be set up: {why}")]
    Call {
        /// The table or queue.
        what: String,
        /// The service's error message.
        why: String,
    },
    /// DynamoDB does not accept the template's table.
    #[error("the template's table cannot be created")]
    Properties(#[from] serde_json::Error),
    /// A part of the template's table is incomplete.
    #[error("the template's table cannot be created")]
    Incomplete(#[from] BuildError),
    /// A value in the template's table is of the wrong kind.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The table in the kept data differs from the template's table.
    #[error("the kept table {table} has other keys or indexes than the template says: keep data in another directory")]
    Differs {
        /// The table's name.
        table: String,
    },
}

impl ProvisionError {
    /// The error of a failed call about `what`.
    fn call(what: &str, error: impl std::error::Error) -> Self {
        // The text of an SDK error is only "service error". Its causes say what happened.
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
    for endpoint in [Some(emulators.dynamodb_endpoint()), emulators.indexes_endpoint()].into_iter().flatten() {
        table::provision(&template.table, endpoint).await?;
    }
    queues::provision(&template.queues, emulators.sqs_endpoint()).await
}

/// Creates a table at one endpoint.
#[cfg(test)]
pub(crate) async fn create_table(table: &crate::template::Table, endpoint: &str) -> Result<(), ProvisionError> {
    table::provision(table, endpoint).await
}

/// Creates queues at one endpoint.
#[cfg(test)]
pub(crate) async fn create_queues(queues: &[crate::template::Queue], endpoint: &str) -> Result<(), ProvisionError> {
    queues::provision(queues, endpoint).await
}

#[cfg(test)]
mod tests;
