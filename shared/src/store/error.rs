//! Errors of the table. A failed condition is no [`StoreError`], because it is an answer.

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    operation::{delete_item::DeleteItemError, put_item::PutItemError, update_item::UpdateItemError},
};

type Source = Box<dyn std::error::Error + Send + Sync>;

/// The table could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The table is throttled, in conflict, out of reach or too slow. The same call may succeed a moment later.
    #[error("the table is busy or out of reach")]
    Unavailable(#[source] Source),
    /// The table refused the call, or its answer cannot be read.
    #[error("the table refused the call")]
    Failed(#[source] Source),
    /// The item would be larger than DynamoDB's 400 KB. Nothing was written.
    #[error("the item would be larger than 400 KB")]
    TooLarge,
    /// An item cannot be read, or a value cannot be written. The text says which kind of item or value.
    #[error("an item does not have the shape it was written with: {0}")]
    Malformed(String),
}

/// The table asked for fewer calls, also after the call was repeated.
#[derive(Debug, thiserror::Error)]
#[error("the table is throttled")]
struct Throttled(#[source] Source);

impl StoreError {
    /// Makes a store error of an SDK error. The kind of the error says whether the same call may succeed later.
    pub(super) fn from_sdk<E>(error: SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        const THROTTLED: [&str; 3] =
            ["ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"];
        if error.code().is_some_and(|code| THROTTLED.contains(&code)) {
            return Self::Unavailable(Box::new(Throttled(error.into())));
        }
        // DynamoDB has no error code of its own for an item that is too large. Only the message says it.
        if error.code() == Some("ValidationException") && error.message().is_some_and(is_too_large) {
            return Self::TooLarge;
        }
        if is_passing(&error) { Self::Unavailable(error.into()) } else { Self::Failed(error.into()) }
    }

    /// Whether the table asked for fewer calls.
    pub fn is_throttled(&self) -> bool {
        matches!(self, Self::Unavailable(source) if source.is::<Throttled>())
    }

    /// The error for a request that the SDK could not build.
    pub(super) fn build(error: aws_sdk_dynamodb::error::BuildError) -> Self {
        Self::Failed(error.into())
    }
}

/// Whether DynamoDB says by this text that an item would be too large: "Item size has exceeded the maximum allowed size", and
/// "Item size to update has exceeded the maximum allowed size".
pub(super) fn is_too_large(message: &str) -> bool {
    message.starts_with("Item size") && message.contains("exceeded")
}

/// Whether the same call may succeed a moment later.
pub(super) fn is_passing<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    const PASSING: [&str; 9] = [
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "ReplicatedWriteConflictException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
    ];
    match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
        SdkError::ServiceError(service) if service.raw().status().is_server_error() => true,
        other => other.code().is_some_and(|code| PASSING.contains(&code)),
    }
}

/// Why a conditional write was not done: its condition did not hold, or the call failed.
pub(super) enum Refused {
    /// The condition did not hold for this item. The item is empty if there was none.
    Condition(super::Item),
    Error(StoreError),
}

impl From<SdkError<UpdateItemError>> for Refused {
    fn from(error: SdkError<UpdateItemError>) -> Self {
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refusal)) => {
                Self::Condition(refusal.item().cloned().unwrap_or_default())
            }
            _ => Self::Error(StoreError::from_sdk(error)),
        }
    }
}

impl From<SdkError<PutItemError>> for Refused {
    fn from(error: SdkError<PutItemError>) -> Self {
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(refusal)) => {
                Self::Condition(refusal.item().cloned().unwrap_or_default())
            }
            _ => Self::Error(StoreError::from_sdk(error)),
        }
    }
}

impl From<SdkError<DeleteItemError>> for Refused {
    fn from(error: SdkError<DeleteItemError>) -> Self {
        match error.as_service_error() {
            Some(DeleteItemError::ConditionalCheckFailedException(refusal)) => {
                Self::Condition(refusal.item().cloned().unwrap_or_default())
            }
            _ => Self::Error(StoreError::from_sdk(error)),
        }
    }
}
