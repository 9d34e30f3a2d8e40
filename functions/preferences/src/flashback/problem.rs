//! Contract 5's errors: `{"success": false, "message", "error"?}`.

use lambda_http::http::{StatusCode, header};
use schemars::JsonSchema;
use serde::Serialize;
use shared::{
    http::{IdempotencyError, Reply, auth::Unauthenticated},
    store::{SettingsError, StoreError},
    telemetry,
};

use super::{
    decode::Fault,
    subject::{Subject, Verb},
};

/// Why a request was refused.
#[derive(Debug, PartialEq, Eq)]
pub enum Problem {
    /// 400: what was sent.
    Refused(Verb, Fault),
    /// 400: the settings would be too large with it.
    TooLarge(Verb),
    /// 400: a header that holds no idempotency key, and what would be one.
    InvalidKey(String),
    /// 401.
    Unauthorized,
    /// 403, and why.
    Forbidden(&'static str),
    /// 405, and what the path takes.
    MethodNotAllowed(&'static str),
    /// 409: this idempotency key was used for a request that said something else.
    KeyConflict,
    /// 409 with `Retry-After`: the first request with this idempotency key is still at work.
    KeyRunning,
    /// 412.
    Stale,
    /// 500; the error itself is in the log.
    Internal,
    /// 503: the same request may go through in a moment.
    Unavailable,
}

/// A refusal; `error` says more in words.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "FlashbackError")]
pub struct ProblemBody {
    success: bool,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Problem {
    /// A change that was not made.
    pub fn of_change(verb: Verb, error: SettingsError) -> Self {
        match error {
            SettingsError::TooLarge => Self::TooLarge(verb),
            SettingsError::Erased => Self::Unauthorized,
            SettingsError::Stale => Self::Stale,
            SettingsError::Store(error) => error.into(),
        }
    }

    /// The answer.
    pub fn reply(&self, subject: Subject) -> Reply {
        let (status, message, error) = match self {
            Self::Refused(_, fault @ Fault::NoKeys) => (StatusCode::BAD_REQUEST, fault.to_string(), None),
            Self::Refused(verb, fault) => (StatusCode::BAD_REQUEST, subject.failed(*verb), Some(fault.to_string())),
            Self::TooLarge(verb) => {
                let error = "the settings with this change would be larger than the 400 KB that can be kept";
                (StatusCode::BAD_REQUEST, subject.failed(*verb), Some(error.to_owned()))
            }
            Self::InvalidKey(error) => {
                (StatusCode::BAD_REQUEST, "The idempotency key is not valid".to_owned(), Some(error.clone()))
            }
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "Authentication required".to_owned(), None),
            Self::Forbidden(why) => (StatusCode::FORBIDDEN, "You may not do this".to_owned(), Some((*why).to_owned())),
            Self::MethodNotAllowed(allow) => {
                let error = format!("this path takes {allow}");
                (StatusCode::METHOD_NOT_ALLOWED, "Method not allowed".to_owned(), Some(error))
            }
            Self::KeyConflict => {
                let error = "send a new key with each new request, and the same key only with the same body";
                let message = "This idempotency key was used for another request";
                (StatusCode::CONFLICT, message.to_owned(), Some(error.to_owned()))
            }
            Self::KeyRunning => {
                let error = "send the same request again after the seconds that Retry-After names";
                let message = "The first request with this idempotency key is still running";
                (StatusCode::CONFLICT, message.to_owned(), Some(error.to_owned()))
            }
            Self::Stale => {
                let error = "they have another version than If-Match names: read them again";
                let message = "The settings have changed since they were read";
                (StatusCode::PRECONDITION_FAILED, message.to_owned(), Some(error.to_owned()))
            }
            Self::Internal => {
                let error = "The settings could not be read or written";
                (StatusCode::INTERNAL_SERVER_ERROR, "Internal server error".to_owned(), Some(error.to_owned()))
            }
            Self::Unavailable => {
                let message = "Temporarily unavailable, please try again";
                (StatusCode::SERVICE_UNAVAILABLE, message.to_owned(), None)
            }
        };
        let reply = Reply::json(status, &ProblemBody { success: false, message, error });
        match self {
            Self::Unauthorized => reply.header(header::WWW_AUTHENTICATE, "Bearer"),
            Self::MethodNotAllowed(allow) => reply.header(header::ALLOW, allow),
            Self::KeyRunning | Self::Unavailable => reply.header(header::RETRY_AFTER, "1"),
            _ => reply,
        }
    }
}

impl From<SettingsError> for Problem {
    fn from(error: SettingsError) -> Self {
        match error {
            SettingsError::Erased => Self::Unauthorized,
            SettingsError::Store(error) => error.into(),
            // A read demands nothing and adds nothing.
            SettingsError::Stale | SettingsError::TooLarge => Self::Internal,
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = telemetry::chain(&error), "the table");
        match error {
            StoreError::Unavailable(_) => Self::Unavailable,
            StoreError::Failed(_) | StoreError::Malformed(_) | StoreError::TooLarge => Self::Internal,
        }
    }
}

impl From<IdempotencyError> for Problem {
    fn from(error: IdempotencyError) -> Self {
        match error {
            IdempotencyError::Malformed { .. } => Self::InvalidKey(error.to_string()),
            IdempotencyError::Conflict { .. } => Self::KeyConflict,
            IdempotencyError::Running => Self::KeyRunning,
            IdempotencyError::Store(error) => error.into(),
        }
    }
}

impl From<Unauthenticated> for Problem {
    fn from(error: Unauthenticated) -> Self {
        match error {
            Unauthenticated::Missing | Unauthenticated::Invalid => Self::Unauthorized,
            Unauthenticated::KeysUnavailable => Self::Unavailable,
        }
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;

    use super::*;

    fn answered(problem: Problem) -> (u16, String) {
        let response = problem.reply(Subject::User).into_response();
        match (response.status().as_u16(), response.into_body()) {
            (status, Body::Text(text)) => (status, text),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_internal_error_has_a_fixed_text() {
        let error = SettingsError::Store(StoreError::Malformed("secret detail".into()));
        let expected = r#"{"success":false,"message":"Internal server error","error":"The settings could not be read or written"}"#;
        assert_eq!(answered(Problem::of_change(Verb::Merge, error)), (500, expected.to_owned()));
    }

    #[test]
    fn a_list_of_keys_that_is_missing_has_the_contract_s_words() {
        let expected = r#"{"success":false,"message":"Keys array is required and must not be empty"}"#;
        assert_eq!(answered(Problem::Refused(Verb::Remove, Fault::NoKeys)), (400, expected.to_owned()));
    }
}
