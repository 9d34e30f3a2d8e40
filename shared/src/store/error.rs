//! What can go wrong with the table. Failed conditions are not here: they are answers.

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    operation::{delete_item::DeleteItemError, put_item::PutItemError, update_item::UpdateItemError},
};

type Source = Box<dyn std::error::Error + Send + Sync>;

/// The table could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Throttled, in conflict, out of reach or too slow: the same call may go through in a moment.
    #[error("the table is busy or out of reach")]
    Unavailable(#[source] Source),
    /// The table refused the call, or answered what cannot be read.
    #[error("the table refused the call")]
    Failed(#[source] Source),
    /// The item would be larger than DynamoDB's 400 KB. Nothing was written.
    #[error("the item would be larger than 400 KB")]
    TooLarge,
    /// An item does not have the shape that it was written with; of which kind it should be.
    #[error("an item does not have the shape it was written with: {0}")]
    Malformed(String),
}

/// The table asked for fewer calls, and went on asking when they were repeated.
#[derive(Debug, thiserror::Error)]
#[error("the table is throttled")]
struct Throttled(#[source] Source);

impl StoreError {
    /// Sorts an SDK error: what may pass by itself, and what will not.
    pub(super) fn from_sdk<E>(error: SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        const THROTTLED: [&str; 3] =
            ["ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"];
        if error.code().is_some_and(|code| THROTTLED.contains(&code)) {
            return Self::Unavailable(Box::new(Throttled(error.into())));
        }
        // DynamoDB has no code of its own for an item that is too large, only words.
        let too_large = |message: &str| message.starts_with("Item size") && message.contains("exceeded");
        if error.code() == Some("ValidationException") && error.message().is_some_and(too_large) {
            return Self::TooLarge;
        }
        if is_passing(&error) { Self::Unavailable(error.into()) } else { Self::Failed(error.into()) }
    }

    /// Whether the table asked for fewer calls.
    pub fn is_throttled(&self) -> bool {
        matches!(self, Self::Unavailable(source) if source.is::<Throttled>())
    }

    /// A request that could not even be built.
    pub(super) fn build(error: aws_sdk_dynamodb::error::BuildError) -> Self {
        Self::Failed(error.into())
    }
}

/// Whether the same call may go through in a moment.
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

/// A conditional update's refusal: the item as it stood, or an error.
pub(super) enum Refused {
    /// The condition did not hold for this item; empty where there was none.
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
