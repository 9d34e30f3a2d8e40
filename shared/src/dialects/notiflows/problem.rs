//! How Notiflows' dialect refuses: `{"error": {type, code, message, status, request_id, details}}`.

use std::borrow::Cow;

use lambda_http::http::{HeaderName, StatusCode, header};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::{field_fault::FieldFault, rate::Slowed};
use crate::{
    domain::user_change::Bounded,
    http::{ErrorCode, Refusal, Reply, auth::TokenFault, body::BodyError, openapi::Open, request::Faults},
    store::UpdateUserError,
};

/// Tells the product's clients whether to repeat a request.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// The thing that a `not_found` is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// A user.
    User,
    /// A configured channel.
    Channel,
    /// A user's settings for a channel.
    ChannelSettings,
    /// A kind of notification.
    Notiflow,
    /// A notification.
    Notification,
    /// A notification on one channel.
    Delivery,
    /// A topic.
    Topic,
    /// A user's subscription to a topic.
    Subscription,
}

/// The credential that a caller has to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// An application's key pair.
    ApiKey,
    /// A user's own token.
    UserKey,
    /// An operator's bearer token.
    Bearer,
}

/// Refusals that only this dialect has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Own {
    /// 400: a parameter of the path or the query, and what it must be.
    InvalidParam(String, Cow<'static, str>),
    /// 400: nothing of what was looked at is what the filter asks for, and there is more. The parameter by which a further request
    /// goes on, and its value.
    NothingFound {
        /// `after` or `before`.
        name: &'static str,
        /// The cursor.
        cursor: String,
    },
    /// 401: the credential that is required, if it is not a bearer token.
    NoCredential(Credential),
    /// 401: the user's own token is not valid, and why.
    BadUserKey(TokenFault),
    /// 403: the right that is missing.
    MissingScope(&'static str),
    /// 404: the thing that is missing, with the id from the path.
    NotFound(Resource, String),
    /// 404: no such path.
    NoSuchPath,
    /// 422: the faults, one a field.
    Validation(Vec<FieldFault>),
    /// 429: a key that calls too often.
    Slowed(Slowed),
}

/// Why a request was refused.
pub type Problem = Refusal<Own>;

/// A refusal.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "NotiflowsError")]
pub(super) struct Envelope<'a> {
    error: ErrorBody<'a>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "NotiflowsErrorBody")]
struct ErrorBody<'a> {
    /// A link to the explanation of the code.
    #[serde(rename = "type")]
    url: String,
    code: &'static str,
    message: String,
    status: u16,
    request_id: &'a str,
    /// Details. `validation_failed` has `fields`, at most 20, and in `more` how many further fields have a fault.
    #[schemars(with = "Open")]
    details: Value,
}

impl Refusal<Own> {
    /// An id in the path that no user or channel can have.
    pub fn invalid_id(param: &'static str) -> Self {
        Self::invalid_param(param, "must be 1 to 255 characters, none of / ? # % or a control character")
    }

    /// A parameter of the path or the query, and what it must be.
    pub fn invalid_param(param: &'static str, accepted: &'static str) -> Self {
        Self::Own(Own::InvalidParam(param.to_owned(), accepted.into()))
    }

    /// The first of these faults of the query.
    pub fn invalid_params(faults: &Faults) -> Self {
        let fault = faults.first().map(|fault| (fault.field.clone(), fault.predicate().into_owned().into()));
        let (param, accepted) = fault.unwrap_or_default();
        Self::Own(Own::InvalidParam(param, accepted))
    }

    /// One fault of the body.
    pub fn invalid(field: &str, message: &'static str, reason: &'static str) -> Self {
        Self::Own(Own::Validation(vec![FieldFault { field: field.to_owned(), message: message.into(), reason }]))
    }

    /// 404, with the thing that is missing and the id from the path.
    pub fn not_found(resource: Resource, id: impl Into<String>) -> Self {
        Self::Own(Own::NotFound(resource, id.into()))
    }

    /// The refusal of a bearer token, as that of a user key.
    pub fn of_user_key(self) -> Self {
        match self {
            Self::Unauthenticated => Own::NoCredential(Credential::UserKey).into(),
            Self::BadToken(fault) => Own::BadUserKey(fault).into(),
            other => other,
        }
    }

    /// A write that the store refused.
    pub fn refused(error: UpdateUserError, no_user: impl FnOnce() -> Self) -> Self {
        match error {
            UpdateUserError::NotFound | UpdateUserError::Erased => no_user(),
            error => error.into(),
        }
    }

    /// The answer.
    pub fn reply(&self, request_id: &str) -> Reply {
        let (status, code, message, details) = self.parts();
        let code = code.as_str();
        // The contract's own address: its clients compare it. Every other dialect names a page of this deployment.
        let url = format!("https://docs.notiflows.com/errors/{code}");
        let error = ErrorBody { url, code, message, status: status.as_u16(), request_id, details };
        let reply = Reply::json(status, &Envelope { error });
        // The product's clients repeat every 409, unless they are told that it will not pass.
        let reply = match self {
            Self::KeyConflict { .. } | Self::EmailTaken => reply.header(SHOULD_RETRY, "false"),
            _ => reply,
        };
        match self {
            Self::Own(Own::Slowed(slowed)) => reply.header(header::RETRY_AFTER, slowed.retry_after.to_string()),
            // A user key is a bearer token in a header of its own, so it is refused in the words of RFC 6750, too.
            Self::Own(Own::BadUserKey(fault)) => reply.header(header::WWW_AUTHENTICATE, fault.challenge()),
            Self::Own(Own::NoCredential(Credential::UserKey)) => reply.header(header::WWW_AUTHENTICATE, "Bearer"),
            _ => self.with_headers(reply),
        }
    }

    fn parts(&self) -> Parts {
        let nothing = json!({});
        match self {
            Self::Body(
                error @ (BodyError::Empty | BodyError::Invalid(_) | BodyError::Number(_) | BodyError::NotAnObject),
            ) => (StatusCode::BAD_REQUEST, ErrorCode::BadRequest, error.to_string(), json!({"reason": "invalid_json"})),
            Self::Own(Own::InvalidParam(param, accepted)) => {
                let details = json!({"reason": "invalid_param", "param": param});
                (StatusCode::BAD_REQUEST, ErrorCode::BadRequest, format!("{param} {accepted}"), details)
            }
            Self::Own(Own::NothingFound { name, cursor }) => {
                let details = json!({"reason": "nothing_found", "param": name, *name: cursor});
                let message = format!("Nothing was found so far, and there is more to search: continue with {name}");
                (StatusCode::BAD_REQUEST, ErrorCode::BadRequest, message, details)
            }
            Self::BadKey { header, accepted } => {
                let details = json!({"reason": "invalid_param", "param": header});
                (StatusCode::BAD_REQUEST, ErrorCode::BadRequest, format!("{header} must be {accepted}"), details)
            }
            Self::Unauthenticated | Self::BadToken(_) => no_credential(Credential::Bearer),
            Self::Own(Own::BadUserKey(_)) => no_credential(Credential::UserKey),
            Self::Own(Own::NoCredential(credential)) => no_credential(*credential),
            Self::Own(Own::MissingScope(right)) => {
                let message = format!("This needs the scope {right}");
                (StatusCode::FORBIDDEN, ErrorCode::Forbidden, message, json!({"required_scope": right}))
            }
            Self::NoUser => (
                StatusCode::NOT_FOUND,
                ErrorCode::NotFound,
                "User not found".to_owned(),
                json!({"resource": Resource::User}),
            ),
            Self::Own(Own::NotFound(resource, id)) => {
                let name = match resource {
                    Resource::User => "User",
                    Resource::Channel => "Channel",
                    Resource::ChannelSettings => "Channel settings",
                    Resource::Notiflow => "Notiflow",
                    Resource::Notification => "Notification",
                    Resource::Delivery => "Delivery",
                    Resource::Topic => "Topic",
                    Resource::Subscription => "Subscription",
                };
                let details = json!({"resource": resource, "id": id});
                (StatusCode::NOT_FOUND, ErrorCode::NotFound, format!("{name} not found"), details)
            }
            Self::Own(Own::NoSuchPath) => {
                (StatusCode::NOT_FOUND, ErrorCode::NotFound, "There is nothing at this path".to_owned(), nothing)
            }
            Self::MethodNotAllowed(allow) => {
                let message = format!("This path takes {allow}");
                (StatusCode::METHOD_NOT_ALLOWED, ErrorCode::MethodNotAllowed, message, nothing)
            }
            Self::EmailTaken => {
                let message = "Another user has this email address as their own".to_owned();
                (StatusCode::CONFLICT, ErrorCode::Conflict, message, nothing)
            }
            Self::EmailLocked => {
                let message = "The user's organisation does not allow this address to be changed".to_owned();
                (StatusCode::FORBIDDEN, ErrorCode::Forbidden, message, nothing)
            }
            Self::KeyConflict { key } => {
                let message = "This idempotency key was used for another request".to_owned();
                (StatusCode::CONFLICT, ErrorCode::Conflict, message, json!({"idempotency_key": key}))
            }
            Self::KeyRunning => {
                let message = "The first request with this idempotency key is still running".to_owned();
                (StatusCode::CONFLICT, ErrorCode::Conflict, message, json!({"retry_after": 1}))
            }
            Self::Stale => {
                let message = "The user has changed since it was read".to_owned();
                (StatusCode::PRECONDITION_FAILED, ErrorCode::PreconditionFailed, message, nothing)
            }
            Self::Body(BodyError::TooLarge) => {
                let message = "The body must not be larger than 256 KiB".to_owned();
                (StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::PayloadTooLarge, message, nothing)
            }
            Self::Body(BodyError::Encoded) => {
                let message = "The body must be sent without a Content-Encoding, as plain bytes".to_owned();
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorCode::UnsupportedMediaType, message, nothing)
            }
            Self::Fields(faults) => {
                let fields: Vec<_> = faults.iter().cloned().map(FieldFault::from).collect();
                let (status, code, message, details) = validation_failed(&json!(fields));
                let details = match faults.more() {
                    0 => details,
                    more => json!({"fields": fields, "more": more}),
                };
                (status, code, message, details)
            }
            Self::Own(Own::Validation(fields)) => validation_failed(&json!(fields)),
            Self::PartFull(Bounded::Custom) => too_long("custom_fields", "must be at most 8 KiB after the merge"),
            Self::PartFull(Bounded::Handles) => {
                too_long("notiflows", "must have at most 1000 values and at most 40 KB after the merge")
            }
            Self::PartFull(Bounded::Endpoints) => {
                too_long("settings", "must take at most 212 KB together with the user's settings for other channels")
            }
            Self::ItemFull => too_long("settings", "must leave the user's whole record within 400 KB"),
            Self::Own(Own::Slowed(Slowed { limit, retry_after })) => {
                let details = json!({"limit": limit, "window": "60s", "retry_after": retry_after});
                let message = "Too many requests with this key".to_owned();
                (StatusCode::TOO_MANY_REQUESTS, ErrorCode::RateLimited, message, details)
            }
            Self::Throttled => {
                let message = "Too many requests at the moment".to_owned();
                (StatusCode::TOO_MANY_REQUESTS, ErrorCode::RateLimited, message, json!({"retry_after": 1}))
            }
            // A key pair has a right to every user, so its writes have no rule that can fail.
            Self::Forbidden | Self::Internal => {
                let message = "Internal server error".to_owned();
                (StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::InternalError, message, nothing)
            }
            Self::Unavailable => {
                let message = "Temporarily unavailable, please try again".to_owned();
                (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Unavailable, message, nothing)
            }
        }
    }
}

/// The status, the code, the message and the details of a refusal.
type Parts = (StatusCode, ErrorCode, String, Value);

fn no_credential(credential: Credential) -> Parts {
    let message = match credential {
        Credential::ApiKey => "A matching x-notiflows-api-key and x-notiflows-secret-key are required",
        Credential::UserKey => "A valid x-notiflows-user-key is required",
        Credential::Bearer => "A valid bearer token is required",
    };
    (StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated, message.to_owned(), json!({"auth": credential}))
}

fn too_long(field: &str, message: &'static str) -> Parts {
    validation_failed(&json!([{"field": field, "message": message, "reason": "length"}]))
}

fn validation_failed(fields: &Value) -> Parts {
    let message = "The request is not valid".to_owned();
    (StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::ValidationFailed, message, json!({"fields": fields}))
}

impl From<Own> for Problem {
    fn from(own: Own) -> Self {
        Self::Own(own)
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;

    use super::*;
    use crate::store::StoreError;

    #[test]
    fn a_conflict_that_will_not_pass_is_not_repeated() {
        let told = |problem: Problem| {
            let response = problem.reply("req_1").into_response();
            let told = response.headers().get("x-should-retry").map(|told| told.to_str().unwrap().to_owned());
            (response.status().as_u16(), told)
        };
        let no = || Some("false".to_owned());
        assert_eq!(told(Problem::KeyConflict { key: "k".into() }), (409, no()));
        assert_eq!(told(Problem::EmailTaken), (409, no()));
        assert_eq!(told(Problem::KeyRunning), (409, None), "it passes when the first request has ended");
        assert_eq!((told(Problem::Throttled), told(Problem::Unavailable)), ((429, None), (503, None)));
    }

    #[test]
    fn a_user_who_is_full_is_422_and_told_by_field() {
        let told = |problem: Problem| {
            let response = problem.reply("req_1").into_response();
            match (response.status().as_u16(), response.into_body()) {
                (422, Body::Text(text)) => serde_json::from_str::<Value>(&text).unwrap()["error"].clone(),
                other => panic!("{other:?}"),
            }
        };
        let expected = |field, message| {
            json!({
                "type": "https://docs.notiflows.com/errors/validation_failed",
                "code": "validation_failed",
                "message": "The request is not valid",
                "status": 422,
                "request_id": "req_1",
                "details": {"fields": [{"field": field, "message": message, "reason": "length"}]},
            })
        };
        let item = expected("settings", "must leave the user's whole record within 400 KB");
        assert_eq!(told(StoreError::TooLarge.into()), item);
        let custom = expected("custom_fields", "must be at most 8 KiB after the merge");
        assert_eq!(told(UpdateUserError::TooLarge(Bounded::Custom).into()), custom);
        let handles = expected("notiflows", "must have at most 1000 values and at most 40 KB after the merge");
        assert_eq!(told(UpdateUserError::TooLarge(Bounded::Handles).into()), handles);
    }
}
