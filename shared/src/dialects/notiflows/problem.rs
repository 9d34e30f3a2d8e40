//! Contract 3's errors: `{"error": {type, code, message, status, request_id, details}}`.

use lambda_http::http::{StatusCode, header};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::{FieldFault, Slowed};
use crate::{
    domain::user_change::Bounded,
    http::{IdempotencyError, Reply, body::BodyError, openapi::Open},
    queue::QueueError,
    store::{StoreError, UpdateUserError},
    telemetry,
};

/// What a `not_found` is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// A user.
    User,
    /// A configured channel.
    Channel,
    /// A user's settings for a channel.
    ChannelSettings,
    /// A key of an application.
    ApiKey,
}

/// What a caller has to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// An application's key pair.
    ApiKey,
    /// A user's own token.
    UserKey,
    /// An operator's bearer token.
    Bearer,
}

/// Why a request was refused.
#[derive(Debug)]
pub enum Problem {
    /// 400: the body is no JSON object.
    InvalidJson(String),
    /// 400: a parameter of the path or the query, and what it must be.
    InvalidParam(&'static str, &'static str),
    /// 400: a header that holds no idempotency key, and what would be one.
    InvalidKey(&'static str, &'static str),
    /// 401: what has to be shown.
    Unauthenticated(Credential),
    /// 403: the right that is missing.
    Forbidden(&'static str),
    /// 404, of what, by the id it was asked for.
    NotFound(Resource, String),
    /// 404: no such path.
    NoSuchPath,
    /// 405, and what the path takes.
    MethodNotAllowed(&'static str),
    /// 409, and why.
    Conflict(&'static str),
    /// 409: this idempotency key was used for a request that said something else.
    KeyConflict(String),
    /// 409 with `Retry-After`: the first request with this idempotency key is still at work.
    KeyRunning,
    /// 412.
    Stale,
    /// 413.
    TooLarge,
    /// 422: a fault a field.
    Validation(Vec<FieldFault>),
    /// 429: a key that calls too often.
    Slowed(Slowed),
    /// 429: the table asks for fewer calls.
    Throttled,
    /// 500; the error itself is in the log.
    Internal,
    /// 503: the same request may go through in a moment.
    Unavailable,
}

/// A refusal.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "NotiflowsError")]
pub(super) struct Envelope<'a> {
    error: ErrorBody<'a>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(inline)]
struct ErrorBody<'a> {
    /// Where the code is explained.
    #[serde(rename = "type")]
    url: String,
    code: &'static str,
    message: String,
    status: u16,
    request_id: &'a str,
    /// What more there is to say; `fields` of a `validation_failed`.
    #[schemars(with = "Open")]
    details: Value,
}

impl Problem {
    /// An id in the path that can be nobody's.
    pub fn invalid_id(param: &'static str) -> Self {
        Self::InvalidParam(param, "must be 1 to 255 characters, none of / ? # % or a control character")
    }

    /// One fault of the body.
    pub fn invalid(field: &str, message: &'static str, reason: &'static str) -> Self {
        Self::Validation(vec![FieldFault { field: field.to_owned(), message: message.into(), reason }])
    }

    /// A write that the store refused.
    pub fn refused(error: UpdateUserError, no_user: impl FnOnce() -> Self) -> Self {
        match error {
            UpdateUserError::NotFound | UpdateUserError::Erased => no_user(),
            UpdateUserError::Stale => Self::Stale,
            UpdateUserError::EmailTaken => Self::Conflict("Another user has this email address as their own"),
            UpdateUserError::TooLarge(Bounded::Custom) => {
                Self::invalid("custom_fields", "must take at most 8 KiB once merged", "length")
            }
            UpdateUserError::TooLarge(Bounded::Handles) => {
                Self::invalid("notiflows", "must have at most 1000 values once merged", "length")
            }
            // A key pair has a right over every user: it writes without a rule.
            UpdateUserError::Forbidden => Self::Internal,
            UpdateUserError::Store(error) => error.into(),
        }
    }

    /// The answer.
    pub fn reply(&self, request_id: &str) -> Reply {
        let (status, code, message, details) = self.parts();
        let url = format!("https://docs.notiflows.com/errors/{code}");
        let error = ErrorBody { url, code, message, status: status.as_u16(), request_id, details };
        let reply = Reply::json(status, &Envelope { error });
        match self {
            Self::MethodNotAllowed(allow) => reply.header(header::ALLOW, allow),
            Self::Unauthenticated(Credential::Bearer) => reply.header(header::WWW_AUTHENTICATE, "Bearer"),
            Self::Slowed(slowed) => reply.header(header::RETRY_AFTER, slowed.retry_after.to_string()),
            Self::Throttled | Self::KeyRunning | Self::Unavailable => reply.header(header::RETRY_AFTER, "1"),
            _ => reply,
        }
    }

    fn parts(&self) -> (StatusCode, &'static str, String, Value) {
        let nothing = json!({});
        match self {
            Self::InvalidJson(why) => {
                (StatusCode::BAD_REQUEST, "bad_request", why.clone(), json!({"reason": "invalid_json"}))
            }
            Self::InvalidParam(param, accepted) => {
                let details = json!({"reason": "invalid_param", "param": param});
                (StatusCode::BAD_REQUEST, "bad_request", format!("{param} {accepted}"), details)
            }
            Self::InvalidKey(header, accepted) => {
                let details = json!({"reason": "invalid_param", "param": header});
                (StatusCode::BAD_REQUEST, "bad_request", format!("{header} must be {accepted}"), details)
            }
            Self::Unauthenticated(credential) => {
                let message = match credential {
                    Credential::ApiKey => "A matching x-notiflows-api-key and x-notiflows-secret-key are required",
                    Credential::UserKey => "A valid x-notiflows-user-key is required",
                    Credential::Bearer => "A valid bearer token is required",
                };
                (StatusCode::UNAUTHORIZED, "unauthenticated", message.to_owned(), json!({"auth": credential}))
            }
            Self::Forbidden(right) => {
                let message = format!("This needs the scope {right}");
                (StatusCode::FORBIDDEN, "forbidden", message, json!({"required_scope": right}))
            }
            Self::NotFound(resource, id) => {
                let name = match resource {
                    Resource::User => "User",
                    Resource::Channel => "Channel",
                    Resource::ChannelSettings => "Channel settings",
                    Resource::ApiKey => "API key",
                };
                let details = json!({"resource": resource, "id": id});
                (StatusCode::NOT_FOUND, "not_found", format!("{name} not found"), details)
            }
            Self::NoSuchPath => {
                (StatusCode::NOT_FOUND, "not_found", "There is nothing at this path".to_owned(), nothing)
            }
            Self::MethodNotAllowed(allow) => {
                let message = format!("This path takes {allow}");
                (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message, nothing)
            }
            Self::Conflict(why) => (StatusCode::CONFLICT, "conflict", (*why).to_owned(), nothing),
            Self::KeyConflict(key) => {
                let message = "This idempotency key was used for another request".to_owned();
                (StatusCode::CONFLICT, "conflict", message, json!({"idempotency_key": key}))
            }
            Self::KeyRunning => {
                let message = "The first request with this idempotency key is still running".to_owned();
                (StatusCode::CONFLICT, "conflict", message, json!({"retry_after": 1}))
            }
            Self::Stale => {
                let message = "The user has changed since it was read".to_owned();
                (StatusCode::PRECONDITION_FAILED, "precondition_failed", message, nothing)
            }
            Self::TooLarge => {
                let message = "The body must not be larger than 256 KiB".to_owned();
                (StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", message, nothing)
            }
            Self::Validation(fields) => {
                let message = "The request is not valid".to_owned();
                (StatusCode::UNPROCESSABLE_ENTITY, "validation_failed", message, json!({"fields": fields}))
            }
            Self::Slowed(Slowed { limit, retry_after }) => {
                let details = json!({"limit": limit, "window": "60s", "retry_after": retry_after});
                let message = "Too many requests with this key".to_owned();
                (StatusCode::TOO_MANY_REQUESTS, "rate_limited", message, details)
            }
            Self::Throttled => {
                let message = "Too many requests just now".to_owned();
                (StatusCode::TOO_MANY_REQUESTS, "rate_limited", message, json!({"retry_after": 1}))
            }
            Self::Internal => {
                let message = "Internal server error".to_owned();
                (StatusCode::INTERNAL_SERVER_ERROR, "internal_error", message, nothing)
            }
            Self::Unavailable => {
                let message = "Temporarily unavailable, please try again".to_owned();
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", message, nothing)
            }
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = telemetry::chain(&error), "refused");
        match error {
            StoreError::Unavailable(_) if error.is_throttled() => Self::Throttled,
            StoreError::Unavailable(_) => Self::Unavailable,
            StoreError::TooLarge => {
                Self::invalid("settings", "must leave the user's whole record within 400 KB", "length")
            }
            StoreError::Failed(_) | StoreError::Malformed(_) => Self::Internal,
        }
    }
}

impl From<QueueError> for Problem {
    fn from(error: QueueError) -> Self {
        tracing::error!(error = telemetry::chain(&error), "refused");
        Self::Unavailable
    }
}

impl From<IdempotencyError> for Problem {
    fn from(error: IdempotencyError) -> Self {
        match error {
            IdempotencyError::Malformed { header, accepted } => Self::InvalidKey(header, accepted),
            IdempotencyError::Conflict { key } => Self::KeyConflict(key),
            IdempotencyError::Running => Self::KeyRunning,
            IdempotencyError::Store(error) => error.into(),
        }
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::TooLarge,
            BodyError::Empty | BodyError::Invalid(_) | BodyError::NotAnObject => Self::InvalidJson(error.to_string()),
        }
    }
}
