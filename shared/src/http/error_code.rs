//! The codes of errors, of all dialects. Each has a page at `/docs/errors/{code}`, which says what it means and what to do.

use lambda_http::http::StatusCode;

/// Lists the codes.
macro_rules! codes {
    ($($name:ident = $status:ident $code:literal, $title:literal, $meaning:literal, $remedy:literal;)*) => {
        /// A code. A client's program can tell errors apart by it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ErrorCode {
            $(#[doc = $title] $name,)*
        }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The code on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The HTTP status that it comes with: of the native API, or of the only dialect that has the code.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// What it is, in a few words.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// When a request is refused with it.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }
            }

            /// What the caller can do.
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$name => $remedy,)* }
            }
        }
    };
}

codes! {
    BadRequest = BAD_REQUEST "bad_request", "A parameter or the body cannot be read",
        "The body is not one JSON object, or a parameter of the path, the query or a header is not valid.",
        "Read the message: it names the parameter and what would be accepted. Nothing was changed.";
    ValidationFailed = BAD_REQUEST "validation_failed", "A field is not valid",
        "At least one field of the body or one parameter is missing, unknown, of the wrong type or out of range. The \
         native API \
         answers 400 and lists the faults in `errors`; Notiflows' dialect answers 422 and lists them in `details.fields`.",
        "Correct every fault that is listed: each sentence names its field and what would be accepted. Nothing was changed.";
    InvalidPreferenceValue = BAD_REQUEST "invalid_preference_value", "A preference has a value that is not valid",
        "A field of Valara's dialect has a string that is not one of the values it takes.",
        "Correct the fields that `details.errors` names. Nothing was changed.";
    Unauthenticated = UNAUTHORIZED "unauthenticated", "There is no valid credential",
        "The request has no credential, or it is expired, was not signed by the configured issuer, or is for another audience.",
        "Send a valid one. The header `WWW-Authenticate` says why a bearer token was refused; Notiflows' dialect takes a pair of \
         keys.";
    AuthRequired = UNAUTHORIZED "auth_required", "There is no valid bearer token",
        "The request has no bearer token, or one that is not valid.",
        "Send a valid one as `Authorization: Bearer …`. The header `WWW-Authenticate` says why a token was refused.";
    Forbidden = FORBIDDEN "forbidden", "The caller may not do this",
        "The credential is valid, and its owner has no right to do this, or to do it to this user.",
        "Use a credential with the role or the scope that the operation names in this API's document.";
    RoleForbidden = FORBIDDEN "role_forbidden", "The caller may not see or change this user's preferences",
        "Users have a right to their own preferences, managers to their team's, admins to everyone's. Whoever manages another team gets \
         this answer whether or not the user exists.",
        "Use the user's own token, one of a manager of the user's team, or an admin's.";
    NotFound = NOT_FOUND "not_found", "It is not there",
        "No record has the id in the path: it never existed, was deleted, belongs to another organisation, or was a \
         user's who has been erased. Or the path itself does not exist.",
        "Check the id and the path.";
    UserNotFound = NOT_FOUND "user_not_found", "The user is not there",
        "No user has this id, or the user was erased: both get the same answer, and so does an id of a user of another organisation than the \
         caller's.",
        "Check the id: `GET /api/v1/users` finds a user by an address or by your own id. A user who was erased comes back only if you \
         create the user again.";
    MethodNotAllowed = METHOD_NOT_ALLOWED "method_not_allowed", "The path takes other methods",
        "The path exists, and does not take this method.",
        "Use one of the methods in the header `Allow`.";
    Conflict = CONFLICT "conflict", "It conflicts with an existing record",
        "Another record already has a value that must be unique, such as an email address, or a limit of the deployment \
         is reached. In Notiflows' \
         dialect also an idempotency key that was used for another request, or whose first request is still running.",
        "Read the message. If the answer has `Retry-After`, send the same request again after that many seconds.";
    IdempotencyKeyConflict = CONFLICT "idempotency_key_conflict", "The idempotency key was already used",
        "The key was used for a request with another body, path or precondition, or its first request is still running.",
        "Use a new key for each new request, and the same key only to repeat a request word for word. If the answer has `Retry-After`, \
         the first request is still running: send the same request again after that many seconds.";
    PreconditionFailed = PRECONDITION_FAILED "precondition_failed", "It has changed since it was read",
        "`If-Match` or `If-None-Match` names another version than the current one.",
        "Read it again, apply your change to it, and send the new `ETag` as `If-Match`. Nothing was changed.";
    PayloadTooLarge = PAYLOAD_TOO_LARGE "payload_too_large", "The body is too large",
        "The body is larger than 256 KiB.",
        "Send only the fields that change, or several requests.";
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE "unsupported_media_type", "The body is encoded",
        "The body has a `Content-Encoding`, such as gzip.",
        "Send it as plain bytes.";
    ValidationError = UNPROCESSABLE_ENTITY "validation_error", "The request does not have the expected shape",
        "The body of Valara's dialect is not a JSON object, has an unknown field, or a value of another type than a string or null.",
        "Correct what `details.errors` names. Nothing was changed.";
    RateLimited = TOO_MANY_REQUESTS "rate_limited", "There are too many requests",
        "A key of Notiflows' dialect calls more often than it may, or the deployment's table is throttled.",
        "Send the same request again after the seconds in `Retry-After`.";
    InternalError = INTERNAL_SERVER_ERROR "internal_error", "Something failed on our side",
        "The service failed; the request was not the cause. The operator's log has the details under the id in the header \
         `x-request-id`.",
        "Repeat the request with the same idempotency key. If it fails again, tell the operator the `x-request-id`.";
    Unavailable = SERVICE_UNAVAILABLE "unavailable", "Temporarily unavailable",
        "A service that is needed did not answer in time, or is throttled.",
        "Send the same request again after the seconds in `Retry-After`, with the same idempotency key.";
    ServiceUnavailable = SERVICE_UNAVAILABLE "service_unavailable", "Temporarily unavailable",
        "A service that is needed did not answer in time, or is throttled (Valara's dialect).",
        "Send the same request again after the seconds in `Retry-After`, with the same idempotency key.";
}

impl ErrorCode {
    /// The code of this name.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.as_str() == code)
    }

    /// The path of its page, on this deployment.
    pub fn page(self) -> String {
        format!("/docs/errors/{}", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_code_is_there_once_and_can_stand_in_a_path() {
        let codes: BTreeSet<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes.len(), ErrorCode::ALL.len());
        for code in ErrorCode::ALL {
            assert!(code.as_str().chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{code:?}");
            assert_eq!(ErrorCode::parse(code.as_str()), Some(*code));
        }
        assert_eq!(ErrorCode::parse("teapot"), None);
    }
}
