//! How Akana's dialect refuses. Its document gives statuses and no body: here each is a sentence, as `text/plain` like the
//! answer of the operation itself.

use lambda_http::http::StatusCode;
use shared::http::{Refusal, Reply, body::BodyError, refusal::bound_of};

/// Refusals that only this dialect has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Own {
    /// 400: one sentence a fault, each on a line of its own.
    Invalid(Vec<String>),
    /// 406, and what the answer would be.
    NotAcceptable(&'static str),
    /// 415.
    UnsupportedType,
}

/// Why a request was refused.
pub type Problem = Refusal<Own>;

/// The answer.
pub fn reply(problem: &Problem) -> Reply {
    let (status, text) = match problem {
        Problem::Own(Own::Invalid(faults)) => (StatusCode::BAD_REQUEST, faults.join("\n")),
        Problem::Fields(faults) => (StatusCode::BAD_REQUEST, faults.sentences().join("\n")),
        Problem::Body(
            error @ (BodyError::Empty | BodyError::Invalid(_) | BodyError::Number(_) | BodyError::NotAnObject),
        ) => (StatusCode::BAD_REQUEST, error.to_string()),
        Problem::BadKey { header, accepted } => (StatusCode::BAD_REQUEST, format!("{header} must be {accepted}")),
        Problem::PartFull(part) => (StatusCode::BAD_REQUEST, bound_of(*part).to_owned()),
        Problem::ItemFull => (StatusCode::BAD_REQUEST, "All data stored for a user must be below 400 KB".to_owned()),
        // A caller who may not see a user does not learn whether the user exists.
        Problem::Unauthenticated
        | Problem::BadToken(_)
        | Problem::Forbidden
        | Problem::EmailLocked
        | Problem::NoUser => (StatusCode::UNAUTHORIZED, "Unauthorized".to_owned()),
        Problem::MethodNotAllowed(allow) => (StatusCode::METHOD_NOT_ALLOWED, format!("This path takes {allow}")),
        Problem::Own(Own::NotAcceptable(offered)) => {
            (StatusCode::NOT_ACCEPTABLE, format!("The answer is {offered}, which Accept does not allow"))
        }
        Problem::EmailTaken => (StatusCode::CONFLICT, "A user with this email already exists".to_owned()),
        Problem::KeyConflict { .. } => {
            (StatusCode::CONFLICT, "This idempotency key was used for another request".to_owned())
        }
        Problem::KeyRunning => {
            (StatusCode::CONFLICT, "The first request with this idempotency key is still running".to_owned())
        }
        Problem::Stale => (StatusCode::PRECONDITION_FAILED, "It has changed since it was read".to_owned()),
        Problem::Body(BodyError::TooLarge) => {
            (StatusCode::PAYLOAD_TOO_LARGE, "The body must not be larger than 256 KiB".to_owned())
        }
        Problem::Body(BodyError::Encoded) => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "The body must be sent without a Content-Encoding, as plain bytes".to_owned(),
        ),
        Problem::Own(Own::UnsupportedType) => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Content-Type must be application/json or application/vnd.soa.v71+json, v72, v80 or v81".to_owned(),
        ),
        Problem::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "An error occurred processing the call".to_owned()),
        Problem::Throttled | Problem::Unavailable => {
            (StatusCode::SERVICE_UNAVAILABLE, "Temporarily unavailable, please try again".to_owned())
        }
    };
    // A 401 names the scheme of a bearer token, since a log-in exchanges a bearer token for a session.
    problem.with_headers(Reply::text(status, "text/plain", text))
}

impl From<Own> for Problem {
    fn from(own: Own) -> Self {
        Self::Own(own)
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;
    use shared::{
        domain::user_change::Bounded,
        store::{StoreError, UpdateUserError},
    };

    use super::*;

    #[test]
    fn a_user_who_is_full_is_400() {
        let answered = |problem: Problem| {
            let response = reply(&problem).into_response();
            match (response.status().as_u16(), response.into_body()) {
                (status, Body::Text(text)) => (status, text),
                other => panic!("{other:?}"),
            }
        };
        let item = (400, "All data stored for a user must be below 400 KB".to_owned());
        assert_eq!(answered(StoreError::TooLarge.into()), item);
        let part = (400, "custom_fields must be at most 8 KiB after the merge".to_owned());
        assert_eq!(answered(UpdateUserError::TooLarge(Bounded::Custom).into()), part);
    }
}
