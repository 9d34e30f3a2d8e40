//! Contract 1's errors: `{"statusCode", "message", "errors"?}`.

use lambda_http::http::{StatusCode, header};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    http::{IdempotencyError, Reply, auth::Unauthenticated, body::BodyError},
    store::{CreateUserError, StoreError, UpdateUserError},
    telemetry,
};

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// 400: one sentence a fault.
    Validation(Vec<String>),
    /// 401.
    Unauthorized,
    /// 403.
    Forbidden,
    /// 404, of what.
    NotFound(&'static str),
    /// 405, and what the path takes.
    MethodNotAllowed(&'static str),
    /// 409, and with what.
    Conflict(&'static str),
    /// 409 with `Retry-After`: the first request with this idempotency key is still at work.
    Running,
    /// 412.
    Stale,
    /// 412 of what is no user, and in which words.
    StaleOf(&'static str),
    /// 413.
    TooLarge,
    /// 500; the error itself is in the log.
    Internal,
    /// 503: the same request may go through in a moment.
    Unavailable,
}

/// A refusal. `errors` is there where something that was sent is not valid.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Error")]
pub(super) struct ProblemBody<'a> {
    #[serde(rename = "statusCode")]
    status_code: u16,
    message: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    errors: &'a [String],
}

impl Problem {
    /// One fault of the request.
    pub fn invalid(fault: impl Into<String>) -> Self {
        Self::Validation(vec![fault.into()])
    }

    /// The user that the path names is not there.
    pub fn no_user() -> Self {
        Self::NotFound("User not found")
    }

    /// The answer.
    pub fn reply(&self) -> Reply {
        let (status, message) = match self {
            Self::Validation(_) => (StatusCode::BAD_REQUEST, "Validation failed"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "Unauthorized"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "You may not do this"),
            Self::NotFound(what) => (StatusCode::NOT_FOUND, *what),
            Self::MethodNotAllowed(_) => (StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
            Self::Conflict(with) => (StatusCode::CONFLICT, *with),
            Self::Running => (StatusCode::CONFLICT, "The first request with this idempotency key is still running"),
            Self::Stale => (StatusCode::PRECONDITION_FAILED, "The user has changed since it was read"),
            Self::StaleOf(what) => (StatusCode::PRECONDITION_FAILED, *what),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "The body must not be larger than 256 KiB"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "Internal server error"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "Temporarily unavailable, please try again"),
        };
        let errors = if let Self::Validation(faults) = self { faults.as_slice() } else { &[] };
        let reply = Reply::json(status, &ProblemBody { status_code: status.as_u16(), message, errors });
        match self {
            Self::Unauthorized => reply.header(header::WWW_AUTHENTICATE, "Bearer"),
            Self::MethodNotAllowed(allow) => reply.header(header::ALLOW, allow),
            Self::Unavailable | Self::Running => reply.header(header::RETRY_AFTER, "1"),
            _ => reply,
        }
    }

    /// An error that is nobody's answer: into the log with all that it came of.
    fn logged(error: &(dyn std::error::Error + 'static), problem: Self) -> Self {
        tracing::error!(error = telemetry::chain(error), "refused");
        problem
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::TooLarge => Self::invalid("all that is stored of a user must be below 400 KB"),
            StoreError::Unavailable(_) => Self::logged(&error, Self::Unavailable),
            StoreError::Failed(_) | StoreError::Malformed(_) => Self::logged(&error, Self::Internal),
        }
    }
}

impl From<crate::queue::QueueError> for Problem {
    fn from(error: crate::queue::QueueError) -> Self {
        Self::logged(&error, Self::Unavailable)
    }
}

impl From<CreateUserError> for Problem {
    fn from(error: CreateUserError) -> Self {
        match error {
            CreateUserError::Taken => Self::Conflict("A user with this email already exists"),
            CreateUserError::Store(error) => error.into(),
        }
    }
}

impl From<UpdateUserError> for Problem {
    fn from(error: UpdateUserError) -> Self {
        match error {
            UpdateUserError::NotFound | UpdateUserError::Erased => Self::no_user(),
            UpdateUserError::Forbidden => Self::Forbidden,
            UpdateUserError::Stale => Self::Stale,
            UpdateUserError::EmailTaken => Self::Conflict("A user with this email already exists"),
            // Contract 1 writes nothing that has such a bound.
            UpdateUserError::TooLarge(_) => Self::logged(&error, Self::Internal),
            UpdateUserError::Store(error) => error.into(),
        }
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::TooLarge,
            BodyError::Empty | BodyError::Invalid(_) | BodyError::NotAnObject => Self::invalid(error.to_string()),
        }
    }
}

impl From<IdempotencyError> for Problem {
    fn from(error: IdempotencyError) -> Self {
        match error {
            IdempotencyError::Malformed { .. } => Self::invalid(error.to_string()),
            IdempotencyError::Conflict { .. } => Self::Conflict("This idempotency key was used for another request"),
            IdempotencyError::Running => Self::Running,
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
    use super::*;

    fn body(problem: &Problem) -> String {
        match problem.reply().into_response().into_body() {
            lambda_http::Body::Text(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn errors_have_the_contract_s_shape() {
        assert_eq!(body(&Problem::no_user()), r#"{"statusCode":404,"message":"User not found"}"#);
        assert_eq!(
            body(&Problem::invalid("preferences must be an object")),
            r#"{"statusCode":400,"message":"Validation failed","errors":["preferences must be an object"]}"#
        );
    }

    #[test]
    fn an_internal_error_s_text_stays_inside() {
        let error = StoreError::Malformed("secret detail".into());
        assert!(!body(&error.into()).contains("secret"));
    }
}
