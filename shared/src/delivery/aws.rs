//! The common part of reading answers of AWS's services.

use std::{error::Error, time::Duration};

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};

use super::{Outcome, retry_after};
use crate::{domain::Timestamp, net::SendError};

/// The outcome of a call that returned an error. `classify` gives the outcome of a refusal, from its status and its
/// `Retry-After`.
pub(super) fn answered<E: Error + 'static>(
    error: &SdkError<E, HttpResponse>,
    now: Timestamp,
    classify: impl FnOnce(&E, u16, Option<Duration>) -> Outcome,
) -> Outcome {
    // An answer with status 200 is a success, even if its body is lost or cannot be read.
    if error.raw_response().is_some_and(|raw| raw.status().is_success()) {
        return Outcome::Sent { message_id: None };
    }
    match error {
        SdkError::ServiceError(service) => {
            let (status, headers) = (service.raw().status().as_u16(), service.raw().headers());
            classify(service.err(), status, retry_after(headers.get("retry-after"), now))
        }
        SdkError::ConstructionFailure(_) => Outcome::Rejected,
        // The request was not sent.
        error if SendError::within(error).is_some_and(SendError::is_not_sent) => Outcome::Retry { after: None },
        // There was no answer, or it broke off.
        _ => Outcome::Unknown,
    }
}

/// The outcome of an answer without an exception of the operation.
pub(super) fn by_status(status: u16, code: Option<&str>, after: Option<Duration>) -> Outcome {
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
        // A gateway answered. The service behind it may have accepted the message.
        502 | 504 => Outcome::Unknown,
        429 => Outcome::NotTried { after },
        // AWS reports throttling with status 400, too.
        400 if code.is_some_and(|code| code.contains("Throttl")) => Outcome::NotTried { after },
        408 | 500..=599 => Outcome::Retry { after },
        400..=499 => Outcome::Rejected,
        _ => Outcome::Retry { after: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_without_a_known_exception_go_by_their_status() {
        for (status, code, after, outcome) in [
            (403, None, None, Outcome::Misconfigured),
            (400, Some("UnrecognizedClientException"), None, Outcome::Misconfigured),
            (400, Some("ThrottlingException"), None, Outcome::NotTried { after: None }),
            (400, Some("ValidationException"), None, Outcome::Rejected),
            (429, None, Some(7), Outcome::NotTried { after: Some(Duration::from_secs(7)) }),
            (500, None, None, Outcome::Retry { after: None }),
            (502, None, None, Outcome::Unknown),
            (504, None, Some(1), Outcome::Unknown),
            (503, None, None, Outcome::Retry { after: None }),
        ] {
            assert_eq!(by_status(status, code, after.map(Duration::from_secs)), outcome, "{status} {code:?}");
        }
    }
}
