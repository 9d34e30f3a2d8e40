//! Contract 2's errors. Its document gives statuses and no body: here each is a sentence, as `text/plain` like the answer
//! of the operation itself.

use lambda_http::http::{StatusCode, header};
use shared::{
    dialects::native,
    http::{IdempotencyError, Reply, auth::Unauthenticated, body::BodyError},
    signing::KeysError,
    store::{StoreError, UpdateSecurityError, UpdateUserError},
    telemetry,
};

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// 400: one sentence a fault, each on a line of its own.
    Invalid(Vec<String>),
    /// 401: not logged in, or without the right.
    Unauthorized,
    /// 405, and what the path takes.
    MethodNotAllowed(&'static str),
    /// 406, and what the answer would be.
    NotAcceptable(&'static str),
    /// 409: another user has the address.
    EmailTaken,
    /// 409: this idempotency key was used for a request that said something else.
    KeyConflict,
    /// 409 with `Retry-After`: the first request with this idempotency key is still at work.
    KeyRunning,
    /// 412.
    Stale,
    /// 413.
    TooLarge,
    /// 415.
    UnsupportedType,
    /// 500; the error itself is in the log.
    Internal,
    /// 503: the same request may go through in a moment.
    Unavailable,
}

impl Problem {
    /// The answer.
    pub fn reply(&self) -> Reply {
        let (status, text) = match self {
            Self::Invalid(faults) => (StatusCode::BAD_REQUEST, faults.join("\n")),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "Unauthorized".to_owned()),
            Self::MethodNotAllowed(allow) => (StatusCode::METHOD_NOT_ALLOWED, format!("This path takes {allow}")),
            Self::NotAcceptable(offered) => {
                (StatusCode::NOT_ACCEPTABLE, format!("The answer is {offered}, which Accept does not take"))
            }
            Self::EmailTaken => (StatusCode::CONFLICT, "A user with this email already exists".to_owned()),
            Self::KeyConflict => (StatusCode::CONFLICT, "This idempotency key was used for another request".to_owned()),
            Self::KeyRunning => {
                (StatusCode::CONFLICT, "The first request with this idempotency key is still running".to_owned())
            }
            Self::Stale => (StatusCode::PRECONDITION_FAILED, "It has changed since it was read".to_owned()),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "The body must not be larger than 256 KiB".to_owned()),
            Self::UnsupportedType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Content-Type must be application/json or application/vnd.soa.v71+json, v72, v80 or v81".to_owned(),
            ),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "An error occurred processing the call".to_owned()),
            Self::Unavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "Temporarily unavailable, please try again".to_owned())
            }
        };
        let reply = Reply::text(status, "text/plain", text);
        match self {
            // A session is had for a bearer token.
            Self::Unauthorized => reply.header(header::WWW_AUTHENTICATE, "Bearer"),
            Self::MethodNotAllowed(allow) => reply.header(header::ALLOW, allow),
            Self::KeyRunning | Self::Unavailable => reply.header(header::RETRY_AFTER, "1"),
            _ => reply,
        }
    }

    fn logged(error: &(dyn std::error::Error + 'static), problem: Self) -> Self {
        tracing::error!(error = telemetry::chain(error), "refused");
        problem
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Unavailable(_) => Self::logged(&error, Self::Unavailable),
            StoreError::TooLarge => Self::Invalid(vec!["All that is stored of a user must be below 400 KB".to_owned()]),
            StoreError::Failed(_) | StoreError::Malformed(_) => Self::logged(&error, Self::Internal),
        }
    }
}

impl From<UpdateUserError> for Problem {
    fn from(error: UpdateUserError) -> Self {
        match error {
            // Who may not see a user does not learn whether there is one.
            UpdateUserError::NotFound | UpdateUserError::Erased | UpdateUserError::Forbidden => Self::Unauthorized,
            UpdateUserError::Stale => Self::Stale,
            UpdateUserError::EmailTaken => Self::EmailTaken,
            // No change of this dialect touches what has a bound of its own.
            UpdateUserError::TooLarge(_) => Self::Internal,
            UpdateUserError::Store(error) => error.into(),
        }
    }
}

impl From<UpdateSecurityError> for Problem {
    fn from(error: UpdateSecurityError) -> Self {
        match error {
            UpdateSecurityError::Stale => Self::Stale,
            UpdateSecurityError::Store(error) => error.into(),
        }
    }
}

impl From<IdempotencyError> for Problem {
    fn from(error: IdempotencyError) -> Self {
        match error {
            IdempotencyError::Malformed { .. } => Self::Invalid(vec![error.to_string()]),
            IdempotencyError::Conflict { .. } => Self::KeyConflict,
            IdempotencyError::Running => Self::KeyRunning,
            IdempotencyError::Store(error) => error.into(),
        }
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::TooLarge,
            BodyError::Empty | BodyError::Invalid(_) | BodyError::NotAnObject => Self::Invalid(vec![error.to_string()]),
        }
    }
}

impl From<KeysError> for Problem {
    fn from(error: KeysError) -> Self {
        Self::logged(&error, if error.may_pass() { Self::Unavailable } else { Self::Internal })
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

/// The reader of fields is contract 1's; its faults are sentences, which need no other form.
impl From<native::Problem> for Problem {
    fn from(problem: native::Problem) -> Self {
        match problem {
            native::Problem::Validation(faults) => Self::Invalid(faults),
            _ => Self::Internal,
        }
    }
}
