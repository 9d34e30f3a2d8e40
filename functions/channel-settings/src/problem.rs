//! Contract 3's errors: `{"error": {type, code, message, status, request_id, details}}`.

use lambda_http::http::{StatusCode, header};
use serde::Serialize;
use serde_json::{Value, json};
use shared::{
    http::{Reply, body::BodyError},
    store::{StoreError, UpdateUserError},
    telemetry,
};

/// What a `not_found` is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    User,
    Channel,
    ChannelSettings,
}

/// One fault of a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldFault {
    pub field: String,
    pub message: &'static str,
    pub reason: &'static str,
}

/// Why a request was refused.
#[derive(Debug)]
pub enum Problem {
    InvalidJson(String),
    InvalidParam(&'static str),
    Unauthenticated,
    NotFound(Resource, String),
    NoSuchPath,
    MethodNotAllowed,
    Stale,
    TooLarge,
    Validation(Vec<FieldFault>),
    Internal,
    Unavailable,
}

impl Problem {
    /// A write that the store refused.
    pub fn refused(error: UpdateUserError, no_user: impl FnOnce() -> Self) -> Self {
        match error {
            UpdateUserError::NotFound | UpdateUserError::Erased => no_user(),
            UpdateUserError::Stale => Self::Stale,
            // Channel settings hold no address that has to be unique, and a key pair has a right over every user.
            UpdateUserError::EmailTaken | UpdateUserError::Forbidden => Self::Internal,
            UpdateUserError::Store(error) => error.into(),
        }
    }

    /// The answer.
    pub fn reply(&self, request_id: &str) -> Reply {
        let (status, code, message, details) = self.parts();
        let error = json!({
            "type": format!("https://docs.notiflows.com/errors/{code}"),
            "code": code,
            "message": message,
            "status": status.as_u16(),
            "request_id": request_id,
            "details": details,
        });
        let reply = Reply::json(status, &json!({"error": error}));
        match self {
            Self::MethodNotAllowed => reply.header(header::ALLOW, "GET, PUT, DELETE"),
            Self::Unavailable => reply.header(header::RETRY_AFTER, "1"),
            _ => reply,
        }
    }

    fn parts(&self) -> (StatusCode, &'static str, String, Value) {
        let nothing = json!({});
        match self {
            Self::InvalidJson(why) => {
                (StatusCode::BAD_REQUEST, "bad_request", why.clone(), json!({"reason": "invalid_json"}))
            }
            Self::InvalidParam(param) => {
                let message = format!("{param} must be 1 to 255 characters, none of / ? # % or a control character");
                (StatusCode::BAD_REQUEST, "bad_request", message, json!({"reason": "invalid_param", "param": param}))
            }
            Self::Unauthenticated => {
                let message = "A matching x-notiflows-api-key and x-notiflows-secret-key are required".to_owned();
                (StatusCode::UNAUTHORIZED, "unauthenticated", message, json!({"auth": "api_key"}))
            }
            Self::NotFound(resource, id) => {
                let name = match resource {
                    Resource::User => "User",
                    Resource::Channel => "Channel",
                    Resource::ChannelSettings => "Channel settings",
                };
                let details = json!({"resource": resource, "id": id});
                (StatusCode::NOT_FOUND, "not_found", format!("{name} not found"), details)
            }
            Self::NoSuchPath => {
                (StatusCode::NOT_FOUND, "not_found", "There is nothing at this path".to_owned(), nothing)
            }
            Self::MethodNotAllowed => {
                let message = "This path takes GET, PUT and DELETE".to_owned();
                (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message, nothing)
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
                let message = "The settings are not valid".to_owned();
                (StatusCode::UNPROCESSABLE_ENTITY, "validation_failed", message, json!({"fields": fields}))
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
            StoreError::TooLarge => Self::Validation(vec![FieldFault {
                field: "settings".into(),
                message: "are too much beside what is stored of the user: 400 KB in all",
                reason: "length",
            }]),
            StoreError::Unavailable(_) => Self::Unavailable,
            StoreError::Failed(_) | StoreError::Malformed(_) => Self::Internal,
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
