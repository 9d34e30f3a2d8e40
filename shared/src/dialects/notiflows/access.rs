//! Who may call: applications by their key pair, users by an application's public key and a token of their own.

use lambda_http::http::{HeaderMap, HeaderName};

use super::{Credential, Own, Problem, RateLimit};
use crate::{
    clock::Clock,
    config::ConfigError,
    domain::{Scope, UserChange},
    http::auth::{ApiKeys, Bearer, Caller, CredentialKind},
    store::Store,
};

const USER_KEY: HeaderName = HeaderName::from_static("x-notiflows-user-key");

/// Checks the credentials of an application's request.
#[derive(Debug)]
pub struct Keys {
    clock: Clock,
    known: ApiKeys,
    rate: RateLimit,
}

impl Keys {
    /// A checker that lets each key call that often.
    pub fn new(rate: RateLimit, clock: Clock) -> Self {
        Self { known: ApiKeys::new(clock.clone()), clock, rate }
    }

    /// From the environment: `RATE_LIMIT_PER_MINUTE`.
    pub fn from_env(clock: Clock) -> Result<Self, ConfigError> {
        Ok(Self::new(RateLimit::from_env()?, clock))
    }

    /// The application whose pair matches and that has the right.
    pub async fn application(&self, store: &Store, headers: &HeaderMap, right: Scope) -> Result<Caller, Problem> {
        let key = self.known.authenticate(store, headers).await?;
        let key = key.ok_or(Own::NoCredential(Credential::ApiKey))?;
        self.rate.check(&key.public, self.clock.now()).map_err(Own::Slowed)?;
        let caller = Caller::from(key);
        has(&caller, right)?;
        Ok(caller)
    }

    /// The user who calls by an application's public key and a token of their own.
    pub async fn user(&self, store: &Store, users: &Bearer, headers: &HeaderMap) -> Result<Caller, Problem> {
        let key = self.known.named(store, headers).await?;
        let key = key.ok_or(Own::NoCredential(Credential::ApiKey))?;
        let token = headers.get(USER_KEY).and_then(|token| token.to_str().ok());
        let token = token.ok_or(Own::NoCredential(Credential::UserKey))?;
        let caller = users.verify(token.trim()).await.map_err(|error| Problem::from(error).of_user_key())?;
        // The public key is not secret. A caller who has only that key must not use up the application's rate limit.
        self.rate.check(&format!("{} {}", key.public, caller.subject), self.clock.now()).map_err(Own::Slowed)?;
        Ok(Caller { credential: CredentialKind::UserKey, ..caller })
    }
}

/// Accepts a change that the key of this application has the scopes for. Each change of a user for an application passes
/// here after its body is read, because the scopes follow from the change. A run does not: it changes nobody, and the scope
/// `notiflows:run` includes to create those of its recipients who are not there.
pub fn may_make(caller: &Caller, change: &UserChange) -> Result<(), Problem> {
    change.scopes().try_for_each(|scope| has(caller, scope))
}

/// Accepts a caller whose key has this scope.
pub fn has(caller: &Caller, right: Scope) -> Result<(), Problem> {
    if caller.may(right) { Ok(()) } else { Err(Own::MissingScope(right.as_str()).into()) }
}
