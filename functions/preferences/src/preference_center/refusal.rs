//! How the preference centre and the unsubscribe links refuse: with a page in the reader's language that gives the
//! reason, or with JSON, which the centre's own script asks for.

use lambda_http::http::StatusCode;
use shared::{
    http::{Reply, body::BodyError},
    signing::BadToken,
};

use super::{
    form::BadForm,
    html::Look,
    page,
    told::{Refused, told},
};

/// Refusals that only the pages have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    /// 400: the token is not one of ours.
    NotOurs,
    /// 410: the link has expired, or its user does not exist any more. The answer does not tell which.
    Expired,
    /// 400: the body is not a form of the page.
    BadForm,
    /// 422: nobody can opt out of the category.
    Required,
    /// 400: the body lacks `List-Unsubscribe=One-Click`.
    NotOneClick,
}

/// Why a request was refused.
pub type Refusal = shared::http::Refusal<Own>;

/// The answer, as a page or as JSON.
pub fn reply(refusal: &Refusal, look: &Look, as_json: bool) -> Reply {
    let translation = look.translation();
    let (status, title, text) = match refusal {
        Refusal::Own(Own::NotOurs) => (StatusCode::BAD_REQUEST, translation.not_ours, translation.not_ours_text),
        Refusal::Own(Own::Expired) | Refusal::NoUser => (StatusCode::GONE, translation.expired, translation.expired_text),
        Refusal::Own(Own::BadForm)
        | Refusal::Body(BodyError::Empty | BodyError::Invalid(_) | BodyError::Number(_) | BodyError::NotAnObject) => {
            (StatusCode::BAD_REQUEST, translation.unchanged, translation.bad_form)
        }
        Refusal::Own(Own::Required) => (StatusCode::UNPROCESSABLE_ENTITY, translation.required, translation.required_text),
        Refusal::Own(Own::NotOneClick) => (StatusCode::BAD_REQUEST, translation.unchanged, translation.not_one_click),
        Refusal::ItemFull | Refusal::PartFull(_) => (StatusCode::BAD_REQUEST, translation.unchanged, translation.full),
        Refusal::MethodNotAllowed(_) => (StatusCode::METHOD_NOT_ALLOWED, translation.unchanged, translation.method),
        Refusal::Body(BodyError::TooLarge) => (StatusCode::PAYLOAD_TOO_LARGE, translation.unchanged, translation.too_large),
        Refusal::Body(BodyError::Encoded) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, translation.unchanged, translation.encoded),
        Refusal::Throttled | Refusal::Unavailable => {
            (StatusCode::SERVICE_UNAVAILABLE, translation.internal, translation.unavailable_text)
        }
        Refusal::Internal
        // A link gives the right by itself and changes no address. A page sends no JSON, no version and no idempotency
        // key.
        | Refusal::Unauthenticated
        | Refusal::BadToken(_)
        | Refusal::Forbidden
        | Refusal::EmailTaken
        | Refusal::EmailLocked
        | Refusal::Stale
        | Refusal::BadKey { .. }
        | Refusal::KeyConflict { .. }
        | Refusal::Fields(_)
        | Refusal::KeyRunning => (StatusCode::INTERNAL_SERVER_ERROR, translation.internal, translation.internal_text),
    };
    let reply = if as_json {
        told(status, &Refused { message: &format!("{title}. {text}"), ..Refused::default() })
    } else {
        page::notice(look, status, title, text)
    };
    refusal.with_headers(reply)
}

impl From<Own> for Refusal {
    fn from(own: Own) -> Self {
        Self::Own(own)
    }
}

impl From<BadToken> for Own {
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
            BadForm::TooLarge => Self::Body(BodyError::TooLarge),
            BadForm::NotOurs => Self::Own(Own::BadForm),
        }
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::{Body, http::HeaderMap};
    use shared::{
        domain::user_change::Bounded,
        store::{StoreError, UpdateUserError},
    };

    use serde_json::json;

    use super::*;

    #[test]
    fn a_user_who_is_full_is_400_in_the_reader_s_language() {
        let mut headers = HeaderMap::new();
        headers.insert("accept-language", "de".parse().unwrap());
        let look = Look::of_anybody(&headers, false, "'none'", &std::sync::Arc::default());
        let item = Refusal::from(StoreError::TooLarge);
        let part = Refusal::from(UpdateUserError::TooLarge(Bounded::Handles));
        for refusal in [item, part] {
            let response = reply(&refusal, &look, true).into_response();
            assert_eq!(response.status().as_u16(), 400);
            let message = "Es hat sich nichts geändert. Über Sie ist schon so viel gespeichert, dass nichts mehr dazukommen kann.";
            let Body::Text(text) = response.into_body() else { panic!("no text") };
            assert_eq!(text, json!({"saved": false, "message": message}).to_string());
        }
    }
}
