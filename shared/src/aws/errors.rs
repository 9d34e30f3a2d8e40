//! What can go wrong with a call, in the terms of the SDKs.

use std::error::Error as StdError;

use aws_smithy_runtime_api::client::{
    interceptors::context::Error,
    orchestrator::{HttpResponse, OrchestratorError},
    result::{ConnectorError, SdkError},
};
use aws_smithy_types::body::SdkBody;
use lambda_http::http::Response;

use crate::net::Broken;

type Source = Box<dyn StdError + Send + Sync>;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// The request could not be written.
    Unwritten(Source),
    /// It was sent or not, and there is no whole answer.
    Broken(Broken),
    /// It took too long.
    TimedOut(Source),
}

impl Failure {
    /// Whether the same call may go through in a moment.
    pub fn is_passing(&self) -> bool {
        !matches!(self, Self::Unwritten(_))
    }

    pub fn into_sdk<E>(self) -> SdkError<E, HttpResponse> {
        match self {
            Self::Unwritten(source) => SdkError::construction_failure(source),
            Self::Broken(Broken::Unsent(source)) => {
                SdkError::dispatch_failure(ConnectorError::io(source).never_connected())
            }
            Self::Broken(Broken::Unanswered(source)) => SdkError::dispatch_failure(ConnectorError::io(source)),
            Self::Broken(Broken::Off(source, parts)) => {
                let response = Response::from_parts(*parts, SdkBody::empty()).try_into();
                match response {
                    Ok(response) => SdkError::response_error(source, response),
                    Err(_) => SdkError::dispatch_failure(ConnectorError::io(source)),
                }
            }
            Self::TimedOut(source) => SdkError::timeout_error(source),
        }
    }
}

/// What a service refused, by the operation's own error where the answer can be read as one.
pub(super) fn refusal<E>(error: OrchestratorError<Error>, response: HttpResponse) -> SdkError<E, HttpResponse>
where
    E: StdError + Send + Sync + 'static,
{
    let mut refused = None;
    let said = error.to_string();
    // Its only way out.
    let _ = error.map_operation_error(|error| refused = Some(error));
    match refused.map(Error::downcast) {
        Some(Ok(error)) => SdkError::service_error(error, response),
        _ => SdkError::response_error(said, response),
    }
}
