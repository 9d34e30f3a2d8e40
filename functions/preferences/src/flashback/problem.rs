//! How Flashback's dialect refuses: `{"success": false, "message", "error"?}`.

use lambda_http::http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use shared::{
    domain::json::JsonError,
    http::{
        Refusal, Reply,
        auth::TokenFault,
        body::BodyError,
        refusal::bound_of,
        request::{Fault, Reason},
    },
};

use super::subject::{Subject, Verb};

/// The contract's own words for a list of keys that is not there or has nothing in it.
pub const NO_KEYS: &str = "Keys array is required and must not be empty";

/// Refusals that only this dialect has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Own {
    /// 400: a part of a patch cannot be kept.
    Json(JsonError),
    /// 403, and why.
    Forbidden(&'static str),
}

/// Why a request was refused.
pub type Problem = Refusal<Own>;

/// A refusal. `error` holds the sentence for people.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "FlashbackError")]
pub struct ProblemBody {
    success: bool,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// The refusal as the caller sees it. The settings are the caller's own: if the user was erased, the token proves nobody's
/// identity.
pub fn as_the_caller_s(problem: Problem) -> Problem {
    match problem {
        Problem::NoUser => TokenFault::Erased.into(),
        other => other,
    }
}

/// The refusal of a request about `subject`'s settings. `verb` is the change that it asked for, `None` if it reads.
pub fn reply(problem: &Problem, subject: Subject, verb: Option<Verb>) -> Reply {
    let (status, message, error) = parts(problem, subject, verb);
    problem.with_headers(Reply::json(status, &ProblemBody { success: false, message, error }))
}

/// The status, the message, and what more there is to say.
fn parts(problem: &Problem, subject: Subject, verb: Option<Verb>) -> (StatusCode, String, Option<String>) {
    let failed = |error: String| (StatusCode::BAD_REQUEST, failed(subject, verb), Some(error));
    let told = |status, message: &str, error: &str| (status, message.to_owned(), Some(error.to_owned()));
    let bare = |status, message: &str| (status, message.to_owned(), None);
    match problem {
        Problem::Own(Own::Json(error)) => failed(error.to_string()),
        // A `DELETE` without a body counts as one without keys.
        Problem::Body(BodyError::Empty) if verb == Some(Verb::Remove) => bare(StatusCode::BAD_REQUEST, NO_KEYS),
        Problem::Fields(faults) if verb == Some(Verb::Remove) && faults.iter().any(|fault| fault.field == "keys") => {
            bare(StatusCode::BAD_REQUEST, NO_KEYS)
        }
        Problem::Fields(faults) => failed(of_fields(faults, verb)),
        Problem::Body(
            error @ (BodyError::TooLarge
            | BodyError::Empty
            | BodyError::Invalid(_)
            | BodyError::Number(_)
            | BodyError::NotAnObject),
        ) => failed(error.to_string()),
        Problem::Body(error @ BodyError::Encoded) => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, self::failed(subject, verb), Some(error.to_string()))
        }
        Problem::PartFull(part) => failed(bound_of(*part).to_owned()),
        Problem::ItemFull => {
            failed("the settings with this change would be larger than the 400 KB that can be kept".to_owned())
        }
        Problem::BadKey { header, accepted } => {
            let error = format!("{header} must be {accepted}");
            told(StatusCode::BAD_REQUEST, "The idempotency key is not valid", &error)
        }
        Problem::Unauthenticated | Problem::BadToken(_) | Problem::NoUser => {
            bare(StatusCode::UNAUTHORIZED, "Authentication required")
        }
        Problem::Own(Own::Forbidden(why)) => told(StatusCode::FORBIDDEN, FORBIDDEN, why),
        Problem::Forbidden => bare(StatusCode::FORBIDDEN, FORBIDDEN),
        Problem::MethodNotAllowed(allow) => {
            told(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed", &format!("this path takes {allow}"))
        }
        Problem::KeyConflict { .. } => told(
            StatusCode::CONFLICT,
            "This idempotency key was used for another request",
            "send a new key with each new request, and the same key only with the same body",
        ),
        Problem::KeyRunning => told(
            StatusCode::CONFLICT,
            "The first request with this idempotency key is still running",
            "send the same request again after the seconds that Retry-After names",
        ),
        Problem::Stale => told(
            StatusCode::PRECONDITION_FAILED,
            "The settings have changed since they were read",
            "their version is not the one that If-Match names: read them again",
        ),
        // No settings are an address.
        Problem::EmailTaken | Problem::EmailLocked | Problem::Internal => told(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Internal server error",
            "The settings could not be read or written",
        ),
        Problem::Throttled | Problem::Unavailable => {
            bare(StatusCode::SERVICE_UNAVAILABLE, "Temporarily unavailable, please try again")
        }
    }
}

/// One fault is reported: first a value that cannot be stored, then an unknown field, then any other fault.
fn of_fields(faults: &[Fault], verb: Option<Verb>) -> String {
    let of = |reason| faults.iter().find(|fault| fault.reason == reason);
    match of(Reason::Rule).or(of(Reason::Unknown)).or(faults.first()) {
        Some(unknown) if unknown.reason == Reason::Unknown => {
            let shape = if verb == Some(Verb::Remove) { "{\"keys\": […]}" } else { "{\"settings\": {…}}" };
            format!("{unknown}: the body must be {shape}")
        }
        fault => fault.map(Fault::to_string).unwrap_or_default(),
    }
}

const FORBIDDEN: &str = "You may not do this";

/// The message of a refusal that the request's content causes.
fn failed(subject: Subject, verb: Option<Verb>) -> String {
    let subject = match subject {
        Subject::User => "user",
        Subject::Organization => "organization",
    };
    match verb {
        Some(Verb::Merge) => format!("Failed to partially update {subject} settings"),
        Some(Verb::Replace) => format!("Failed to update {subject} settings"),
        Some(Verb::Remove) => format!("Failed to delete {subject} settings keys"),
        None => format!("Failed to read {subject} settings"),
    }
}

impl From<Own> for Problem {
    fn from(own: Own) -> Self {
        Self::Own(own)
    }
}

impl From<JsonError> for Own {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;
    use shared::{
        domain::user_change::Bounded,
        store::{SettingsError, StoreError, UpdateUserError},
    };

    use super::*;

    fn answered(problem: &Problem, verb: Verb) -> (u16, String) {
        let response = reply(problem, Subject::User, Some(verb)).into_response();
        match (response.status().as_u16(), response.into_body()) {
            (status, Body::Text(text)) => (status, text),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_internal_error_has_a_fixed_text() {
        let error = SettingsError::Store(StoreError::Malformed("secret detail".into()));
        let expected = r#"{"success":false,"message":"Internal server error","error":"The settings could not be read or written"}"#;
        assert_eq!(answered(&error.into(), Verb::Merge), (500, expected.to_owned()));
    }

    #[test]
    fn a_list_of_keys_that_is_missing_has_the_contract_s_words() {
        let expected = r#"{"success":false,"message":"Keys array is required and must not be empty"}"#;
        assert_eq!(answered(&BodyError::Empty.into(), Verb::Remove), (400, expected.to_owned()));
    }

    #[test]
    fn settings_that_are_full_are_400_whatever_finds_them_so() {
        let expected = |error: &str| {
            (400, format!(r#"{{"success":false,"message":"Failed to update user settings","error":"{error}"}}"#))
        };
        let item = expected("the settings with this change would be larger than the 400 KB that can be kept");
        assert_eq!(answered(&SettingsError::TooLarge.into(), Verb::Replace), item);
        assert_eq!(answered(&StoreError::TooLarge.into(), Verb::Replace), item);
        let part = expected("preferences of single groups must be at most 1000 and at most 40 KB after the merge");
        assert_eq!(answered(&UpdateUserError::TooLarge(Bounded::Handles).into(), Verb::Replace), part);
    }
}
