//! How the native dialect refuses: `{"statusCode", "message", "errors"?}`.

use std::borrow::Cow;

use lambda_http::http::header;
use schemars::JsonSchema;
use serde::Serialize;

use crate::http::{ErrorCode, Refusal, Reply, Unserved, body::BodyError, refusal::bound_of, request::fault::listed};

/// The message of a refusal with `errors`.
const INVALID: &str = "Validation failed";

/// Refusals that only this dialect has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Own {
    /// 400: one sentence a fault.
    Validation(Vec<String>),
    /// 403, and who may: [`super::Access::who`].
    NeedsRole(&'static str),
    /// 404, of what.
    NotFound(&'static str),
    /// 409, and with what.
    Conflict(&'static str),
    /// 503: some of what was sent was not written, or may not be, and what that is, one sentence each. The same request tries it again.
    NotAll(Vec<String>),
    /// 412 of what is no user, and in which words.
    Stale(&'static str),
}

/// Why a request was refused.
pub type Problem = Refusal<Own>;

/// A refusal. Its code, such as `user_not_found`, is the last segment of the URL in the header `Link`; `message` and `errors` are
/// sentences for people. `errors` names each invalid field, if there is one.
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

    /// Why no handler answers a request. A read may be of anything, not only of a user.
    pub fn unserved(why: Unserved) -> Self {
        match why {
            Unserved::Stale => Own::Stale("Its version is not the one that If-Match names").into(),
            Unserved::OutOfTime | Unserved::Encoded => why.into(),
        }
    }

    /// A refusal with these faults, one sentence each.
    pub fn errors(&self) -> Vec<String> {
        self.parts().2
    }

    /// The answer.
    pub fn reply(&self) -> Reply {
        let (code, message, errors) = self.parts();
        let body = ProblemBody { status_code: code.status().as_u16(), message: &message, errors: &errors };
        // The contract's body has no member for it, so the page that explains the error is in a header (RFC 8288).
        let page = format!("<{}>; rel=\"help\"", code.page());
        let reply = Reply::json(code.status(), &body).header(header::LINK, page);
        match self {
            Self::Own(Own::NotAll(_)) => reply.header(header::RETRY_AFTER, "1"),
            other => other.with_headers(reply),
        }
    }

    /// The code, the message, and what was wrong with what was sent.
    fn parts(&self) -> (ErrorCode, Cow<'static, str>, Vec<String>) {
        let faulty = |faults| (ErrorCode::ValidationFailed, Cow::Borrowed(INVALID), faults);
        let invalid = |fault: String| faulty(vec![fault]);
        let told = |code, message: &'static str| (code, Cow::Borrowed(message), Vec::new());
        match self {
            Self::Own(Own::Validation(faults)) => faulty(listed(faults.iter().cloned(), 0)),
            Self::Fields(faults) => faulty(faults.sentences()),
            Self::Body(
                error @ (BodyError::Empty | BodyError::Invalid(_) | BodyError::Number(_) | BodyError::NotAnObject),
            ) => invalid(error.to_string()),
            Self::BadKey { header, accepted } => invalid(format!("{header} must be {accepted}")),
            Self::PartFull(part) => invalid(bound_of(*part).to_owned()),
            Self::ItemFull => invalid("all data stored for a user must be below 400 KB".to_owned()),
            Self::Unauthenticated | Self::BadToken(_) => told(ErrorCode::Unauthenticated, "Unauthorized"),
            Self::Own(Own::NeedsRole(who)) => {
                (ErrorCode::Forbidden, format!("You may not do this. Who may: {who}").into(), Vec::new())
            }
            Self::Forbidden => told(ErrorCode::Forbidden, "You may not do this"),
            Self::NoUser => told(ErrorCode::UserNotFound, "User not found"),
            Self::Own(Own::NotFound(what)) => told(ErrorCode::NotFound, what),
            Self::MethodNotAllowed(_) => told(ErrorCode::MethodNotAllowed, "Method not allowed"),
            Self::EmailLocked => {
                told(ErrorCode::Forbidden, "The user's organisation does not allow this address to be changed")
            }
            Self::EmailTaken => told(ErrorCode::Conflict, "A user with this email already exists"),
            Self::KeyConflict { .. } => {
                told(ErrorCode::IdempotencyKeyConflict, "This idempotency key was used for another request")
            }
            Self::Own(Own::Conflict(with)) => told(ErrorCode::Conflict, with),
            Self::Own(Own::NotAll(missing)) => (
                ErrorCode::Unavailable,
                Cow::Borrowed("Not everything was written: send the same request again to write the rest"),
                listed(missing.iter().cloned(), 0),
            ),
            Self::KeyRunning => {
                told(ErrorCode::IdempotencyKeyConflict, "The first request with this idempotency key is still running")
            }
            Self::Stale => told(ErrorCode::PreconditionFailed, "The user has changed since it was read"),
            Self::Own(Own::Stale(what)) => told(ErrorCode::PreconditionFailed, what),
            Self::Body(BodyError::TooLarge) => {
                told(ErrorCode::PayloadTooLarge, "The body must not be larger than 256 KiB")
            }
            Self::Body(BodyError::Encoded) => told(
                ErrorCode::UnsupportedMediaType,
                "The body must be sent without a Content-Encoding, as plain bytes",
            ),
            Self::Internal => told(ErrorCode::InternalError, "Internal server error"),
            Self::Throttled | Self::Unavailable => {
                told(ErrorCode::Unavailable, "Temporarily unavailable, please try again")
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
    fn an_error_names_its_page_on_this_deployment() {
        let page = |problem: Problem| {
            let response = problem.reply().into_response();
            response.headers()["link"].to_str().unwrap().to_owned()
        };
        assert_eq!(page(Problem::NoUser), "</docs/errors/user_not_found>; rel=\"help\"");
        assert_eq!(page(Problem::not_found("Channel not found")), "</docs/errors/not_found>; rel=\"help\"");
        assert_eq!(page(Problem::invalid("x")), "</docs/errors/validation_failed>; rel=\"help\"");
        let taken = Problem::KeyConflict { key: "a".to_owned() };
        assert_eq!(page(taken), "</docs/errors/idempotency_key_conflict>; rel=\"help\"");
    }

    #[test]
    fn an_internal_error_s_text_stays_inside() {
        let error = StoreError::Malformed("secret detail".into());
        assert!(!body(&error.into()).contains("secret"));
    }

    #[test]
    fn a_user_who_is_full_is_400() {
        let item = body(&StoreError::TooLarge.into());
        let expected = r#"{"statusCode":400,"message":"Validation failed","errors":["all data stored for a user must be below 400 KB"]}"#;
        assert_eq!(item, expected);
        let part = body(&UpdateUserError::TooLarge(Bounded::Custom).into());
        let expected = r#"{"statusCode":400,"message":"Validation failed","errors":["custom_fields must be at most 8 KiB after the merge"]}"#;
        assert_eq!(part, expected);
    }
}
