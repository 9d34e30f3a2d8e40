//! Contract 4's errors: `{"error": {code, message, hint, doc_url, request_id, details: {errors, field_count}}}`.

use std::collections::BTreeSet;

use lambda_http::http::{StatusCode, header};
use schemars::JsonSchema;
use serde::Serialize;
use shared::{
    http::{IdempotencyError, Reply, auth::Unauthenticated},
    store::StoreError,
    telemetry,
};

/// Where each code is explained.
const DOCUMENTATION: &str = "https://valara.cloud/docs/errors";
/// The most faults that an answer lists; `field_count` counts all.
const MOST_LISTED: usize = 50;

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(inline)]
pub struct Fault {
    /// The field, or what else of the request: `body`, `user_id`, a header.
    pub field: String,
    /// A sentence that says what would be accepted.
    pub message: String,
}

impl Fault {
    /// One fault.
    pub fn new(field: &str, message: impl Into<String>) -> Self {
        Self { field: field.to_owned(), message: message.into() }
    }
}

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// 400: values that are not valid.
    Invalid(Vec<Fault>),
    /// 422: what has the wrong shape.
    Unprocessable(Vec<Fault>),
    /// 401.
    Unauthenticated,
    /// 403.
    Forbidden,
    /// 404.
    NoUser,
    /// 409: the key was used with another body.
    KeyConflict,
    /// 409 with `Retry-After`: the first request with this key is still at work.
    KeyRunning,
    /// 412.
    Stale,
    /// 413.
    TooLarge,
    /// 500; the error itself is in the log.
    Internal,
    /// 503: the same request may go through in a moment.
    Unavailable,
}

/// A refusal.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ValaraError")]
pub struct Envelope<'a> {
    error: ErrorBody<'a>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(inline)]
struct ErrorBody<'a> {
    code: &'a str,
    message: &'a str,
    hint: &'a str,
    doc_url: String,
    request_id: &'a str,
    details: Details<'a>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(inline)]
struct Details<'a> {
    errors: &'a [Fault],
    field_count: usize,
}

/// The status, the code, what is wrong and what to do about it.
type Words = (StatusCode, &'static str, &'static str, &'static str);

impl Problem {
    /// The answer, under the request's id.
    pub fn reply(&self, request_id: &str) -> Reply {
        let (status, code, message, hint) = self.words();
        let faults: &[Fault] = match self {
            Self::Invalid(faults) | Self::Unprocessable(faults) => faults,
            _ => &[],
        };
        let fields: BTreeSet<_> = faults.iter().map(|fault| &fault.field).collect();
        let details = Details { errors: faults.get(..MOST_LISTED).unwrap_or(faults), field_count: fields.len() };
        let doc_url = format!("{DOCUMENTATION}/{code}");
        let error = ErrorBody { code, message, hint, doc_url, request_id, details };
        let reply = Reply::json(status, &Envelope { error });
        match self {
            Self::Unauthenticated => reply.header(header::WWW_AUTHENTICATE, "Bearer"),
            Self::KeyRunning | Self::Unavailable => reply.header(header::RETRY_AFTER, "1"),
            _ => reply,
        }
    }

    fn words(&self) -> Words {
        match self {
            Self::Invalid(_) => (
                StatusCode::BAD_REQUEST,
                "invalid_preference_value",
                "A preference has a value that is not valid",
                "Correct the fields that details.errors names; nothing was changed",
            ),
            Self::Unprocessable(_) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "validation_error",
                "The request does not have the shape that is expected",
                "Correct what details.errors names; nothing was changed",
            ),
            Self::Unauthenticated => (
                StatusCode::UNAUTHORIZED,
                "auth_required",
                "Authentication is required",
                "Send a valid token as Authorization: Bearer <token>",
            ),
            Self::Forbidden => (
                StatusCode::FORBIDDEN,
                "role_forbidden",
                "You may not see or change this user's preferences",
                "Users have their own preferences, managers their team's, and admins everyone's",
            ),
            Self::NoUser => {
                (StatusCode::NOT_FOUND, "user_not_found", "User not found", "Check the user_id in the path")
            }
            Self::KeyConflict => (
                StatusCode::CONFLICT,
                "idempotency_key_conflict",
                "This idempotency key was used for another request",
                "Send a new key with each new request, and the same key only with the same body",
            ),
            Self::KeyRunning => (
                StatusCode::CONFLICT,
                "idempotency_key_conflict",
                "The first request with this idempotency key is still running",
                "Send the same request again after the seconds that Retry-After names",
            ),
            Self::Stale => (
                StatusCode::PRECONDITION_FAILED,
                "precondition_failed",
                "The user has changed since it was read",
                "Read the preferences again and send their ETag as If-Match",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "payload_too_large",
                "The body must not be larger than 256 KiB",
                "Send only the fields that change",
            ),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal_error",
                "Internal server error",
                "Report the request_id if it happens again",
            ),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "service_unavailable",
                "Temporarily unavailable",
                "Send the same request again after the seconds that Retry-After names",
            ),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = telemetry::chain(&error), "refused");
        match error {
            StoreError::Unavailable(_) => Self::Unavailable,
            StoreError::Failed(_) | StoreError::Malformed(_) | StoreError::TooLarge => Self::Internal,
        }
    }
}

impl From<Unauthenticated> for Problem {
    fn from(error: Unauthenticated) -> Self {
        match error {
            Unauthenticated::Missing | Unauthenticated::Invalid => Self::Unauthenticated,
            Unauthenticated::KeysUnavailable => Self::Unavailable,
        }
    }
}

impl From<IdempotencyError> for Problem {
    fn from(error: IdempotencyError) -> Self {
        match error {
            IdempotencyError::Malformed { header, .. } => {
                Self::Unprocessable(vec![Fault::new(header, error.to_string())])
            }
            IdempotencyError::Conflict { .. } => Self::KeyConflict,
            IdempotencyError::Running => Self::KeyRunning,
            IdempotencyError::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;
    use serde_json::{Value, json};

    use super::*;

    fn body(problem: &Problem) -> Value {
        match problem.reply("req_1").into_response().into_body() {
            Body::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn errors_have_the_contract_s_shape() {
        let problem = Problem::Invalid(vec![Fault::new("theme", "theme must be one of light, dark, system")]);
        let expected = json!({"error": {
            "code": "invalid_preference_value",
            "message": "A preference has a value that is not valid",
            "hint": "Correct the fields that details.errors names; nothing was changed",
            "doc_url": "https://valara.cloud/docs/errors/invalid_preference_value",
            "request_id": "req_1",
            "details": {
                "errors": [{"field": "theme", "message": "theme must be one of light, dark, system"}],
                "field_count": 1,
            },
        }});
        assert_eq!(body(&problem), expected);
        assert_eq!(body(&Problem::NoUser)["error"]["details"], json!({"errors": [], "field_count": 0}));
    }

    #[test]
    fn a_flood_of_faults_is_counted_but_not_listed() {
        let faults = (0..1000).map(|n| Fault::new(&n.to_string(), "unknown")).collect();
        let details = body(&Problem::Unprocessable(faults))["error"]["details"].clone();
        assert_eq!((details["errors"].as_array().unwrap().len(), &details["field_count"]), (50, &json!(1000)));
    }

    #[test]
    fn an_internal_error_s_text_stays_inside() {
        let error = StoreError::Malformed("secret detail".into());
        assert!(!body(&error.into()).to_string().contains("secret"));
    }
}
