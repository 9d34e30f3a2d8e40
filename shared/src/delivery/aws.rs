//! What the answers of AWS's services have in common.

use std::error::Error;

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};

use super::{Outcome, retry_after};
use crate::net::SendError;

/// How a call without a readable yes is to be read; `classify` reads a refusal, by its status and its `Retry-After`.
pub(super) fn answered<E: Error + 'static>(
    error: &SdkError<E, HttpResponse>,
    classify: impl FnOnce(&E, u16, Option<&str>) -> Outcome,
) -> Outcome {
    // A 200 whose body is lost, or cannot be read, was still a yes.
    if error.raw_response().is_some_and(|raw| raw.status().is_success()) {
        return Outcome::Sent { message_id: None };
    }
    match error {
        SdkError::ServiceError(service) => {
            let (status, headers) = (service.raw().status().as_u16(), service.raw().headers());
            classify(service.err(), status, headers.get("retry-after"))
        }
        SdkError::ConstructionFailure(_) => Outcome::Rejected,
        // It never left us.
        error if SendError::within(error).is_some_and(SendError::is_not_sent) => Outcome::Retry { after: None },
        // No answer, or one that broke off.
        _ => Outcome::Unknown,
    }
}

/// An answer of AWS that names no exception of the operation's own.
pub(super) fn by_status(status: u16, code: Option<&str>, after: Option<&str>) -> Outcome {
    const CREDENTIALS: [&str; 5] = [
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
    ];
    match status {
        _ if code.is_some_and(|code| CREDENTIALS.contains(&code)) => Outcome::Misconfigured,
        401 | 403 => Outcome::Misconfigured,
        // From a gateway between us: what is behind it may have taken the message.
        502 | 504 => Outcome::Unknown,
        408 | 429 | 500..=599 => Outcome::Retry { after: retry_after(after) },
        // Throttling comes as a 400 from some front ends.
        400 if code.is_some_and(|code| code.contains("Throttl")) => Outcome::Retry { after: None },
        400..=499 => Outcome::Rejected,
        _ => Outcome::Retry { after: None },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn answers_without_a_known_exception_go_by_their_status() {
        for (status, code, after, outcome) in [
            (403, None, None, Outcome::Misconfigured),
            (400, Some("UnrecognizedClientException"), None, Outcome::Misconfigured),
            (400, Some("ThrottlingException"), None, Outcome::Retry { after: None }),
            (400, Some("ValidationException"), None, Outcome::Rejected),
            (429, None, Some("7"), Outcome::Retry { after: Some(Duration::from_secs(7)) }),
            (500, None, None, Outcome::Retry { after: None }),
            (502, None, None, Outcome::Unknown),
            (504, None, Some("1"), Outcome::Unknown),
            (503, None, Some("soon"), Outcome::Retry { after: None }),
        ] {
            assert_eq!(by_status(status, code, after), outcome, "{status} {code:?}");
        }
    }
}
