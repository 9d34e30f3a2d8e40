//! How Valara's dialect refuses: `{"error": {code, message, hint, doc_url, request_id, details: {errors, field_count}}}`.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;
use shared::{
    domain::display::Preference,
    http::{
        ErrorCode, Refusal, Reply,
        body::BodyError,
        refusal::bound_of,
        request::{self, Reason},
    },
    public_url::PublicUrl,
};

/// The most characters that an error repeats of a key that the client chose.
const MAX_SHOWN: usize = 64;

/// A fault of one field.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "ValaraFault")]
pub struct Fault {
    /// The field, or another part of the request: `body`, `user_id` or a header.
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

/// Refusals that only this dialect has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Own {
    /// 422: a value has the wrong shape.
    Unprocessable(Fault),
}

/// Why a request was refused.
pub type Problem = Refusal<Own>;

/// A refusal.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ValaraError")]
pub struct Envelope<'a> {
    error: ErrorBody<'a>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ValaraErrorBody")]
struct ErrorBody<'a> {
    code: &'a str,
    message: &'a str,
    hint: &'a str,
    /// The page that explains the code.
    doc_url: String,
    request_id: &'a str,
    details: Details<'a>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ValaraErrorDetails")]
struct Details<'a> {
    errors: &'a [Fault],
    field_count: usize,
}

/// The code, what is wrong and what to do about it.
type Words = (ErrorCode, &'static str, &'static str);

const INVALID: Words = (
    ErrorCode::InvalidPreferenceValue,
    "A preference has a value that is not valid",
    "Correct the fields that details.errors names; nothing was changed",
);
const UNPROCESSABLE: Words = (
    ErrorCode::ValidationError,
    "The request does not have the expected shape",
    "Correct what details.errors names; nothing was changed",
);

/// The answer, under the request's id. `base` is the URL of this deployment, on which each code has a page.
pub fn reply(problem: &Problem, request_id: &str, base: Option<&PublicUrl>) -> Reply {
    let ((code, message, hint), faults) = parts(problem);
    let fields: BTreeSet<_> = faults.iter().map(|fault| &fault.field).collect();
    let not_listed = if let Problem::Fields(faults) = problem { faults.more() } else { 0 };
    let details = Details { errors: &faults, field_count: fields.len() + not_listed };
    let doc_url = base.map_or_else(|| code.page(), |base| base.at(&code.page()));
    let error = ErrorBody { code: code.as_str(), message, hint, doc_url, request_id, details };
    problem.with_headers(Reply::json(code.status(), &Envelope { error }))
}

/// The words, and what was wrong with what was sent.
fn parts(problem: &Problem) -> (Words, Vec<Fault>) {
    let one = |field: &str, message: String| vec![Fault::new(field, message)];
    let told = |code, message, hint| ((code, message, hint), Vec::new());
    match problem {
        Problem::Fields(faults) => of_fields(faults),
        Problem::PartFull(part) => (INVALID, one("body", bound_of(*part).to_owned())),
        Problem::ItemFull => (INVALID, one("body", "all data stored for a user must be below 400 KB".to_owned())),
        Problem::Own(Own::Unprocessable(fault)) => (UNPROCESSABLE, vec![fault.clone()]),
        Problem::Body(
            error @ (BodyError::Empty | BodyError::Invalid(_) | BodyError::Number(_) | BodyError::NotAnObject),
        ) => (UNPROCESSABLE, one("body", error.to_string())),
        Problem::BadKey { header, accepted } => (UNPROCESSABLE, one(header, format!("{header} must be {accepted}"))),
        Problem::Unauthenticated | Problem::BadToken(_) => told(
            ErrorCode::AuthRequired,
            "Authentication is required",
            "Send a valid token as Authorization: Bearer <token>",
        ),
        Problem::Forbidden => told(
            ErrorCode::RoleForbidden,
            "You may not see or change this user's preferences",
            "Users have their own preferences, managers their team's, and admins everyone's",
        ),
        Problem::NoUser => told(ErrorCode::UserNotFound, "User not found", "Check the user_id in the path"),
        Problem::MethodNotAllowed(_) => {
            told(ErrorCode::MethodNotAllowed, "Method not allowed", "Use one of the methods that Allow names")
        }
        Problem::KeyConflict { .. } => told(
            ErrorCode::IdempotencyKeyConflict,
            "This idempotency key was used for another request",
            "Send a new key with each new request, and the same key only with the same body",
        ),
        Problem::KeyRunning => told(
            ErrorCode::IdempotencyKeyConflict,
            "The first request with this idempotency key is still running",
            "Send the same request again after the seconds that Retry-After names",
        ),
        Problem::Stale => told(
            ErrorCode::PreconditionFailed,
            "The user has changed since it was read",
            "Read the preferences again and send their ETag as If-Match",
        ),
        Problem::Body(BodyError::TooLarge) => told(
            ErrorCode::PayloadTooLarge,
            "The body must not be larger than 256 KiB",
            "Send only the fields that change",
        ),
        Problem::Body(BodyError::Encoded) => told(
            ErrorCode::UnsupportedMediaType,
            "The body must be sent without a Content-Encoding",
            "Send it as plain bytes",
        ),
        // No change of this dialect has an address.
        Problem::EmailTaken | Problem::EmailLocked | Problem::Internal => {
            told(ErrorCode::InternalError, "Internal server error", "Report the request_id if it happens again")
        }
        Problem::Throttled | Problem::Unavailable => told(
            ErrorCode::ServiceUnavailable,
            "Temporarily unavailable",
            "Send the same request again after the seconds that Retry-After names",
        ),
    }
}

/// The faults of fields, in the order of their names. A value that is not valid is 400. If any value has the wrong
/// shape, the answer is 422, with those faults first.
fn of_fields(faults: &[request::Fault]) -> (Words, Vec<Fault>) {
    let mut faults: Vec<_> = faults.iter().collect();
    faults.sort_by(|one, other| one.field.cmp(&other.field));
    let (invalid, misshapen): (Vec<_>, Vec<_>) = faults.into_iter().partition(|fault| fault.reason == Reason::Value);
    let words = if misshapen.is_empty() { INVALID } else { UNPROCESSABLE };
    (words, misshapen.into_iter().chain(invalid).map(Fault::from).collect())
}

impl From<&request::Fault> for Fault {
    fn from(fault: &request::Fault) -> Self {
        let name = &fault.field;
        match fault.reason {
            Reason::Unknown => {
                let shown: String = name.chars().take(MAX_SHOWN).collect();
                let known = Preference::ALL.map(Preference::name).join(", ");
                Self::new(&shown, format!("{shown} is not a known field: it must be one of {known}"))
            }
            Reason::Type => Self::new(name, format!("{name} must be a string, or null for its default")),
            Reason::Missing | Reason::Value | Reason::Length | Reason::Needed | Reason::Forbidden | Reason::Rule => {
                Self::new(name, fault.to_string())
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
    use lambda_http::Body;
    use serde_json::{Value, json};
    use shared::{
        domain::user_change::Bounded,
        store::{StoreError, UpdateUserError},
    };

    use super::*;

    fn body(problem: &Problem) -> Value {
        match reply(problem, "req_1", PublicUrl::parse("https://notify.example.com").ok().as_ref())
            .into_response()
            .into_body()
        {
            Body::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn errors_have_the_contract_s_shape() {
        let (field, text) = ("theme".into(), "one of light, dark, system".into());
        let problem = Problem::Fields(request::Fault { field, reason: Reason::Value, text }.into());
        let expected = json!({"error": {
            "code": "invalid_preference_value",
            "message": "A preference has a value that is not valid",
            "hint": "Correct the fields that details.errors names; nothing was changed",
            "doc_url": "https://notify.example.com/docs/errors/invalid_preference_value",
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
        let mut faults = request::Faults::default();
        (0..1000).for_each(|n| faults.add(n.to_string(), Reason::Unknown, "unknown"));
        let details = body(&Problem::Fields(faults))["error"]["details"].clone();
        assert_eq!((details["errors"].as_array().unwrap().len(), &details["field_count"]), (20, &json!(1000)));
    }

    #[test]
    fn an_internal_error_s_text_stays_inside() {
        let error = StoreError::Malformed("secret detail".into());
        assert!(!body(&error.into()).to_string().contains("secret"));
    }

    #[test]
    fn a_user_who_is_full_is_400() {
        let of = |problem: Problem| {
            let status = reply(&problem, "req_1", None).status().as_u16();
            (status, body(&problem)["error"]["code"].clone(), body(&problem)["error"]["details"].clone())
        };
        let expected = |message: &str| {
            let details = json!({"errors": [{"field": "body", "message": message}], "field_count": 1});
            (400, json!("invalid_preference_value"), details)
        };
        let item = expected("all data stored for a user must be below 400 KB");
        assert_eq!(of(StoreError::TooLarge.into()), item);
        let part = expected("custom_fields must be at most 8 KiB after the merge");
        assert_eq!(of(UpdateUserError::TooLarge(Bounded::Custom).into()), part);
    }
}
