//! How the native dialect refuses: `{"statusCode", "message", "errors"?}`.

use lambda_http::http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use crate::http::{Refusal, Reply, body::BodyError, refusal::bound_of, request::fault::listed};

/// The message of a refusal with `errors`.
const INVALID: &str = "Validation failed";

/// Refusals that only this dialect has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Own {
    /// 400: one sentence a fault.
    Validation(Vec<String>),
    /// 404, of what.
    NotFound(&'static str),
    /// 409, and with what.
    Conflict(&'static str),
    /// 412 of what is no user, and in which words.
    Stale(&'static str),
}

/// Why a request was refused.
pub type Problem = Refusal<Own>;

/// A refusal. `errors` names each invalid field, if there is one.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Error")]
pub(super) struct ProblemBody<'a> {
    #[serde(rename = "statusCode")]
    status_code: u16,
    message: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    errors: &'a [String],
}

impl Refusal<Own> {
    /// One fault of the request.
    pub fn invalid(fault: impl Into<String>) -> Self {
        Self::validation(vec![fault.into()])
    }

    /// Faults of the request, one sentence each.
    pub fn validation(faults: Vec<String>) -> Self {
        Self::Own(Own::Validation(faults))
    }

    /// 404. `message` is the whole sentence.
    pub fn not_found(what: &'static str) -> Self {
        Self::Own(Own::NotFound(what))
    }

    /// A refusal with these faults, one sentence each.
    pub fn errors(&self) -> Vec<String> {
        self.parts().2
    }

    /// The answer.
    pub fn reply(&self) -> Reply {
        let (status, message, errors) = self.parts();
        let body = ProblemBody { status_code: status.as_u16(), message, errors: &errors };
        self.with_headers(Reply::json(status, &body))
    }

    /// The status, the message, and what was wrong with what was sent.
    fn parts(&self) -> (StatusCode, &'static str, Vec<String>) {
        let invalid = |fault: String| (StatusCode::BAD_REQUEST, INVALID, vec![fault]);
        let told = |status, message| (status, message, Vec::new());
        match self {
            Self::Own(Own::Validation(faults)) => (StatusCode::BAD_REQUEST, INVALID, listed(faults.iter().cloned(), 0)),
            Self::Fields(faults) => (StatusCode::BAD_REQUEST, INVALID, faults.sentences()),
            Self::Body(
                error @ (BodyError::Empty | BodyError::Invalid(_) | BodyError::Number(_) | BodyError::NotAnObject),
            ) => invalid(error.to_string()),
            Self::BadKey { header, accepted } => invalid(format!("{header} must be {accepted}")),
            Self::PartFull(part) => invalid(bound_of(*part).to_owned()),
            Self::ItemFull => invalid("all that is stored of a user must be below 400 KB".to_owned()),
            Self::Unauthenticated | Self::BadToken(_) => told(StatusCode::UNAUTHORIZED, "Unauthorized"),
            Self::Forbidden => told(StatusCode::FORBIDDEN, "You may not do this"),
            Self::NoUser => told(StatusCode::NOT_FOUND, "User not found"),
            Self::Own(Own::NotFound(what)) => told(StatusCode::NOT_FOUND, what),
            Self::MethodNotAllowed(_) => told(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
            Self::EmailLocked => {
                told(StatusCode::FORBIDDEN, "The user's organisation does not allow this address to be changed")
            }
            Self::EmailTaken => told(StatusCode::CONFLICT, "A user with this email already exists"),
            Self::KeyConflict { .. } => told(StatusCode::CONFLICT, "This idempotency key was used for another request"),
            Self::Own(Own::Conflict(with)) => told(StatusCode::CONFLICT, with),
            Self::KeyRunning => {
                told(StatusCode::CONFLICT, "The first request with this idempotency key is still running")
            }
            Self::Stale => told(StatusCode::PRECONDITION_FAILED, "The user has changed since it was read"),
            Self::Own(Own::Stale(what)) => told(StatusCode::PRECONDITION_FAILED, what),
            Self::Body(BodyError::TooLarge) => {
                told(StatusCode::PAYLOAD_TOO_LARGE, "The body must not be larger than 256 KiB")
            }
            Self::Internal => told(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error"),
            Self::Throttled | Self::Unavailable => {
                told(StatusCode::SERVICE_UNAVAILABLE, "Temporarily unavailable, please try again")
            }
        }
    }
}

impl From<Own> for Problem {
    fn from(own: Own) -> Self {
        Self::Own(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::user_change::Bounded,
        store::{StoreError, UpdateUserError},
    };

    fn body(problem: &Problem) -> String {
        match problem.reply().into_response().into_body() {
            lambda_http::Body::Text(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn errors_have_the_contract_s_shape() {
        assert_eq!(body(&Problem::NoUser), r#"{"statusCode":404,"message":"User not found"}"#);
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

    #[test]
    fn a_user_who_is_full_is_400() {
        let item = body(&StoreError::TooLarge.into());
        let expected = r#"{"statusCode":400,"message":"Validation failed","errors":["all that is stored of a user must be below 400 KB"]}"#;
        assert_eq!(item, expected);
        let part = body(&UpdateUserError::TooLarge(Bounded::Custom).into());
        let expected = r#"{"statusCode":400,"message":"Validation failed","errors":["custom_fields must take at most 8 KiB once merged"]}"#;
        assert_eq!(part, expected);
    }
}
