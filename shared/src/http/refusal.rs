//! Why a request is refused, without any dialect's words. Every error of the layers below becomes a [`Refusal`] in this
//! file, and is logged in this file. Each dialect says in its `problem.rs` how a refusal looks: status, words and
//! shape.
//!
//! A dialect's `match` lists every variant, without `_`: one more refusal does not compile until each dialect has said how it
//! looks.

use std::error::Error;

use lambda_http::http::{StatusCode, header};

use super::{
    IdempotencyError, Reply,
    auth::{TokenFault, Unauthenticated},
    body::BodyError,
    request::{Faults, Undecodable},
};
use crate::{
    delivery::SuppressionListError,
    domain::user_change::Bounded,
    queue::QueueError,
    signing::KeysError,
    store::{CreateUserError, SettingsError, StoreError, UpdateSecurityError, UpdateUserError},
    suppressions::SuppressionsError,
    telemetry,
};

/// Why a request was refused. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal<X> {
    /// A refusal that only one dialect has; `X` lists them.
    Own(X),
    /// The body is not a JSON object, or it is too large.
    Body(BodyError),
    /// Fields of the body are not valid: the faults, in the order of the fields.
    Fields(Faults),
    /// A header holds no idempotency key.
    BadKey {
        /// The header's name.
        header: &'static str,
        /// What would be a key.
        accepted: &'static str,
    },
    /// The idempotency key was used for a request that said something else.
    KeyConflict {
        /// The key, without its quotes.
        key: String,
    },
    /// The first request with this idempotency key is still running.
    KeyRunning,
    /// There is no credential, or it is not valid.
    Unauthenticated,
    /// The bearer token is not valid, and why.
    BadToken(TokenFault),
    /// The caller is known and has no right to this.
    Forbidden,
    /// The user is not there, or was erased.
    NoUser,
    /// The path takes other methods, which are listed here.
    MethodNotAllowed(&'static str),
    /// Another user has this email address.
    EmailTaken,
    /// The user's organisation does not allow the address to be changed.
    EmailLocked,
    /// `If-Match` names another version than the one that is stored.
    Stale,
    /// A part of the user would be larger than it may be.
    PartFull(Bounded),
    /// The stored item would be larger than the 400 KB that DynamoDB keeps.
    ItemFull,
    /// The table is throttling: the same request may succeed in a moment.
    Throttled,
    /// Something is wrong on our side; the error is in the log.
    Internal,
    /// The same request may pass in a moment.
    Unavailable,
}

impl<X> Refusal<X> {
    /// `reply` with the headers that belong to this refusal in every dialect: `Allow`, `Retry-After`, `Accept-Encoding`
    /// (RFC 9110 §15.5.16), `WWW-Authenticate`.
    pub fn with_headers(&self, reply: Reply) -> Reply {
        let reply = match self {
            // The dialect sets the headers of its own refusals.
            Self::Own(_) => return reply,
            Self::MethodNotAllowed(allow) => reply.header(header::ALLOW, allow),
            Self::KeyRunning | Self::Throttled | Self::Unavailable => reply.header(header::RETRY_AFTER, "1"),
            Self::Body(BodyError::Encoded) => reply.header(header::ACCEPT_ENCODING, "identity"),
            Self::Body(_)
            | Self::Fields(_)
            | Self::BadKey { .. }
            | Self::KeyConflict { .. }
            | Self::Unauthenticated
            | Self::BadToken(_)
            | Self::Forbidden
            | Self::NoUser
            | Self::EmailTaken
            | Self::EmailLocked
            | Self::Stale
            | Self::PartFull(_)
            | Self::ItemFull
            | Self::Internal => reply,
        };
        // Some dialects answer 401 for more than a missing credential.
        match self {
            _ if reply.status() != StatusCode::UNAUTHORIZED => reply,
            Self::BadToken(fault) => reply.header(header::WWW_AUTHENTICATE, fault.challenge()),
            _ => reply.header(header::WWW_AUTHENTICATE, "Bearer"),
        }
    }

    /// An error that a request cannot cause: something failed on our side.
    pub fn internal(error: &(dyn Error + 'static)) -> Self {
        Self::Internal.logged(error)
    }

    /// An error that no client may read: all of it goes into the log.
    fn logged(self, error: &(dyn Error + 'static)) -> Self {
        tracing::error!(error = telemetry::chain(error), "refused");
        self
    }
}

/// Why the [`Server`](super::Server) itself has a request refused, whatever its handler does or would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unserved {
    /// The time is over.
    OutOfTime,
    /// The body has a content coding. The handler has not seen the request.
    Encoded,
    /// What was read has another tag than `If-Match` names.
    Stale,
}

impl<X> From<Unserved> for Refusal<X> {
    fn from(why: Unserved) -> Self {
        match why {
            Unserved::OutOfTime => Self::Unavailable,
            Unserved::Encoded => Self::Body(BodyError::Encoded),
            Unserved::Stale => Self::Stale,
        }
    }
}

impl<X> From<StoreError> for Refusal<X> {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Unavailable(_) if error.is_throttled() => Self::Throttled.logged(&error),
            StoreError::Unavailable(_) => Self::Unavailable.logged(&error),
            StoreError::Failed(_) | StoreError::Malformed(_) => Self::Internal.logged(&error),
            StoreError::TooLarge => Self::ItemFull,
        }
    }
}

impl<X> From<CreateUserError> for Refusal<X> {
    fn from(error: CreateUserError) -> Self {
        match error {
            CreateUserError::Taken => Self::EmailTaken,
            // Only an external id can be taken, and who takes one says so in the dialect's own words.
            CreateUserError::IdTaken => Self::internal(&error),
            CreateUserError::Store(error) => error.into(),
        }
    }
}

impl<X> From<UpdateUserError> for Refusal<X> {
    fn from(error: UpdateUserError) -> Self {
        match error {
            UpdateUserError::NotFound | UpdateUserError::Erased => Self::NoUser,
            UpdateUserError::Forbidden => Self::Forbidden,
            UpdateUserError::Stale => Self::Stale,
            UpdateUserError::EmailTaken => Self::EmailTaken,
            UpdateUserError::EmailLocked => Self::EmailLocked,
            UpdateUserError::TooLarge(part) => Self::PartFull(part),
            UpdateUserError::Store(error) => error.into(),
        }
    }
}

impl<X> From<SettingsError> for Refusal<X> {
    fn from(error: SettingsError) -> Self {
        match error {
            SettingsError::Erased => Self::NoUser,
            SettingsError::Stale => Self::Stale,
            SettingsError::TooLarge => Self::ItemFull,
            SettingsError::Store(error) => error.into(),
        }
    }
}

impl<X> From<UpdateSecurityError> for Refusal<X> {
    fn from(error: UpdateSecurityError) -> Self {
        match error {
            UpdateSecurityError::Stale => Self::Stale,
            UpdateSecurityError::Store(error) => error.into(),
        }
    }
}

impl<X> From<QueueError> for Refusal<X> {
    fn from(error: QueueError) -> Self {
        Self::Unavailable.logged(&error)
    }
}

impl<X> From<SuppressionsError> for Refusal<X> {
    fn from(error: SuppressionsError) -> Self {
        match error {
            SuppressionsError::Key(error) => error.into(),
            SuppressionsError::Store(error) => error.into(),
        }
    }
}

impl<X> From<SuppressionListError> for Refusal<X> {
    fn from(error: SuppressionListError) -> Self {
        Self::Unavailable.logged(&error)
    }
}

impl<X> From<KeysError> for Refusal<X> {
    fn from(error: KeysError) -> Self {
        let refusal = if error.may_pass() { Self::Unavailable } else { Self::Internal };
        refusal.logged(&error)
    }
}

impl<X> From<Unauthenticated> for Refusal<X> {
    fn from(error: Unauthenticated) -> Self {
        match error {
            Unauthenticated::Missing => {
                tracing::info!(reason = %error, "not authenticated");
                Self::Unauthenticated
            }
            Unauthenticated::Invalid(fault) => fault.into(),
            // Whoever fetches the keys has logged it.
            Unauthenticated::KeysUnavailable => Self::Unavailable,
        }
    }
}

impl<X> From<TokenFault> for Refusal<X> {
    fn from(fault: TokenFault) -> Self {
        // The reason is one of a few fixed sentences. The token and its claims must not be in a log.
        tracing::info!(reason = %fault, "not authenticated");
        Self::BadToken(fault)
    }
}

impl<X> From<BodyError> for Refusal<X> {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
    }
}

impl<X> From<Undecodable> for Refusal<X> {
    fn from(error: Undecodable) -> Self {
        match error {
            Undecodable::Body(error) => error.into(),
            Undecodable::Faults(faults) => faults.into(),
        }
    }
}

impl<X> From<Faults> for Refusal<X> {
    fn from(faults: Faults) -> Self {
        Self::Fields(faults)
    }
}

impl<X> From<IdempotencyError> for Refusal<X> {
    fn from(error: IdempotencyError) -> Self {
        match error {
            IdempotencyError::Malformed { header, accepted } => Self::BadKey { header, accepted },
            IdempotencyError::Conflict { key } => Self::KeyConflict { key },
            IdempotencyError::Running => Self::KeyRunning,
            IdempotencyError::Store(error) => error.into(),
        }
    }
}

/// The part of a user that is full, and its limit: a sentence without its first capital letter and its full stop.
pub fn bound_of(part: Bounded) -> &'static str {
    match part {
        Bounded::Custom => "custom_fields must be at most 8 KiB after the merge",
        Bounded::Handles => "preferences of single groups must be at most 1000 and at most 40 KB after the merge",
        Bounded::Endpoints => "settings for channels must take at most 212 KB together",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Any = Refusal<std::convert::Infallible>;

    #[test]
    fn an_item_that_is_full_is_the_client_s_fault_and_what_the_table_says_is_ours() {
        let of = |error: StoreError| Any::from(error);
        assert_eq!(of(StoreError::TooLarge), Any::ItemFull);
        assert_eq!(of(StoreError::Unavailable("busy".into())), Any::Unavailable);
        assert_eq!(of(StoreError::Failed("no".into())), Any::Internal);
        assert_eq!(of(StoreError::Malformed("user".into())), Any::Internal);
        assert_eq!(Any::from(SettingsError::TooLarge), Any::ItemFull);
        assert_eq!(Any::from(UpdateUserError::Store(StoreError::TooLarge)), Any::ItemFull);
        assert_eq!(Any::from(UpdateUserError::TooLarge(Bounded::Custom)), Any::PartFull(Bounded::Custom));
    }

    #[test]
    fn each_refusal_has_its_headers_and_a_401_names_the_scheme() {
        let with = |refusal: Any, status| {
            let response = refusal.with_headers(Reply::empty(status)).into_response();
            let names = [header::ALLOW, header::RETRY_AFTER, header::WWW_AUTHENTICATE, header::ACCEPT_ENCODING];
            names.map(|name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()))
        };
        let none = || [None, None, None, None];
        let some = |at: usize, value: &str| {
            let mut headers = none();
            headers[at] = Some(value.to_owned());
            headers
        };
        assert_eq!(
            with(Any::MethodNotAllowed("GET, HEAD, PUT"), StatusCode::METHOD_NOT_ALLOWED),
            some(0, "GET, HEAD, PUT")
        );
        for refusal in [Any::KeyRunning, Any::Throttled, Any::Unavailable] {
            assert_eq!(with(refusal, StatusCode::SERVICE_UNAVAILABLE), some(1, "1"));
        }
        assert_eq!(with(Unserved::Encoded.into(), StatusCode::UNSUPPORTED_MEDIA_TYPE), some(3, "identity"));
        assert_eq!(with(Any::Body(BodyError::Empty), StatusCode::BAD_REQUEST), none());
        for refusal in [Any::Unauthenticated, Any::NoUser, Any::Forbidden] {
            assert_eq!(with(refusal.clone(), StatusCode::UNAUTHORIZED), some(2, "Bearer"));
            assert_eq!(with(refusal, StatusCode::NOT_FOUND), none());
        }
        for fault in TokenFault::ALL {
            assert_eq!(with((*fault).into(), StatusCode::UNAUTHORIZED), some(2, &fault.challenge()));
        }
    }
}
