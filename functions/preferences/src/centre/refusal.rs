//! What is answered where there is nothing to show.

use lambda_http::http::{StatusCode, header};
use serde_json::json;
use shared::{
    http::Reply,
    signing::{BadToken, KeysError},
    store::StoreError,
    telemetry,
};

use super::{
    form::BadForm,
    html::{Look, harmless},
    page,
};

/// Why. Nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 400: no link of ours.
    NotOurs,
    /// 410: a link that was ours; or whose user is not there any more, which it does not tell.
    Expired,
    /// 400: no form of the page's.
    BadForm,
    /// 400: no `List-Unsubscribe=One-Click`.
    NotOneClick,
    /// 405.
    MethodNotAllowed,
    /// 413.
    TooLarge,
    /// 500.
    Internal,
    /// 503, with `Retry-After`.
    Unavailable,
}

impl Refusal {
    /// The answer, as a page; or as JSON, which the page's own script asks for.
    pub fn reply(self, look: &Look, as_json: bool) -> Reply {
        let words = look.words();
        let (status, title, text) = match self {
            Self::NotOurs => (StatusCode::BAD_REQUEST, words.not_ours, words.not_ours_text),
            Self::Expired => (StatusCode::GONE, words.expired, words.expired_text),
            Self::BadForm => (StatusCode::BAD_REQUEST, words.unchanged, words.bad_form),
            Self::NotOneClick => (StatusCode::BAD_REQUEST, words.unchanged, words.not_one_click),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, words.unchanged, words.method),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, words.unchanged, words.too_large),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, words.internal, words.internal_text),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, words.internal, words.unavailable_text),
        };
        let reply = if as_json {
            harmless(Reply::json(status, &json!({"saved": false, "message": format!("{title}. {text}")})))
        } else {
            page::notice(look, status, title, text)
        };
        match self {
            Self::MethodNotAllowed => reply.header(header::ALLOW, "GET, POST"),
            Self::Unavailable => reply.header(header::RETRY_AFTER, "1"),
            _ => reply,
        }
    }

    fn logged(error: &(dyn std::error::Error + 'static), refusal: Self) -> Self {
        tracing::error!(error = telemetry::chain(error), "refused");
        refusal
    }
}

impl From<BadToken> for Refusal {
    fn from(bad: BadToken) -> Self {
        match bad {
            BadToken::Invalid => Self::NotOurs,
            BadToken::Expired => Self::Expired,
        }
    }
}

impl From<BadForm> for Refusal {
    fn from(bad: BadForm) -> Self {
        match bad {
            BadForm::TooLarge => Self::TooLarge,
            BadForm::NotOurs => Self::BadForm,
        }
    }
}

impl From<KeysError> for Refusal {
    fn from(error: KeysError) -> Self {
        Self::logged(&error, if error.may_pass() { Self::Unavailable } else { Self::Internal })
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Unavailable(_) => Self::logged(&error, Self::Unavailable),
            StoreError::Failed(_) | StoreError::TooLarge | StoreError::Malformed(_) => {
                Self::logged(&error, Self::Internal)
            }
        }
    }
}
