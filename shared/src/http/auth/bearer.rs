//! Bearer tokens: JWTs (RFC 7519) by `RS256`, `ES256` or `EdDSA`, checked for issuer, audience and expiry.

use lambda_http::http::{HeaderMap, header};
use serde::Deserialize;
use serde_json::Number;
use uuid::Uuid;

use super::{
    Caller, Jwks, Role, Unauthenticated,
    verified::{Fingerprint, Period, Verified},
};
use crate::{
    clock::Clock,
    config::{self, ConfigError},
    domain::{Timestamp, UserId},
    jwt::{Algorithm, DecodingKey, Validation, decode, decode_header},
};

/// What is taken; `none` and the HMAC family never are.
const ALLOWED: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];
/// How far an issuer's clock may be ahead or behind, in seconds.
const LEEWAY: u64 = 5;

/// What tokens are checked against.
#[derive(Debug)]
pub struct BearerConfig {
    /// The `iss` they must carry.
    pub issuer: String,
    /// The `aud` they must carry.
    pub audience: String,
    /// The issuer's keys.
    pub jwks: Jwks,
    /// The namespace that a `sub` which is no UUID maps into.
    pub namespace: Uuid,
    /// The time by which they expire.
    pub clock: Clock,
}

impl BearerConfig {
    /// Out of the environment: `JWT_ISSUER`, `JWT_AUDIENCE`, `JWKS`, `USER_NAMESPACE`.
    pub fn from_env(clock: Clock) -> Result<Self, ConfigError> {
        Ok(Self {
            issuer: config::text("JWT_ISSUER")?,
            audience: config::text("JWT_AUDIENCE")?,
            jwks: Jwks::parse(&config::text("JWKS")?, clock.clone())
                .map_err(|error| ConfigError::new("JWKS", error))?,
            namespace: config::parsed("USER_NAMESPACE")?,
            clock,
        })
    }
}

impl BearerConfig {
    /// The same for the keys of contract 3's users, whose audience (`USER_KEY_AUDIENCE`) is another: neither kind of token
    /// is ever taken for the other.
    pub fn user_keys_from_env(clock: Clock) -> Result<Self, ConfigError> {
        let bearer = Self::from_env(clock)?;
        let audience = config::text("USER_KEY_AUDIENCE")?;
        if audience == bearer.audience {
            return Err(ConfigError::new("USER_KEY_AUDIENCE", "must differ from JWT_AUDIENCE"));
        }
        Ok(Self { audience, ..bearer })
    }
}

/// Checks bearer tokens.
#[derive(Debug)]
pub struct Bearer {
    config: BearerConfig,
    verified: Verified,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    teams: Vec<String>,
    org: Option<String>,
    exp: Option<Number>,
    nbf: Option<Number>,
}

impl Bearer {
    /// A checker.
    pub fn new(config: BearerConfig) -> Self {
        Self { config, verified: Verified::default() }
    }

    /// Who sent this request.
    pub async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Unauthenticated> {
        let value = headers.get(header::AUTHORIZATION).ok_or(Unauthenticated::Missing)?;
        let (scheme, token) =
            value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or(Unauthenticated::Invalid)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Unauthenticated::Invalid);
        }
        self.verify(token.trim()).await
    }

    /// Who a token speaks for.
    pub async fn verify(&self, token: &str) -> Result<Caller, Unauthenticated> {
        let invalid = |_| Unauthenticated::Invalid;
        let header = decode_header(token).map_err(invalid)?;
        if !ALLOWED.contains(&header.alg) {
            return Err(Unauthenticated::Invalid);
        }
        let now = self.config.clock.now();
        let jwk = self.config.jwks.find(header.kid.as_deref(), now).await?.ok_or(Unauthenticated::Invalid)?;
        // A key is used by its own algorithm or not at all.
        if jwk.common.key_algorithm.is_some_and(|algorithm| algorithm.to_string() != format!("{:?}", header.alg)) {
            return Err(Unauthenticated::Invalid);
        }
        let key = DecodingKey::from_jwk(&jwk).map_err(invalid)?;
        self.check(token, header.alg, &key, now)
    }

    /// The same, now that the key is known. A client comes with the same token again and again: its signature is checked
    /// the first time, its time each time.
    fn check(
        &self,
        token: &str,
        algorithm: Algorithm,
        key: &DecodingKey,
        now: Timestamp,
    ) -> Result<Caller, Unauthenticated> {
        let fingerprint = Fingerprint::of(token, key);
        if let Some((caller, period)) = self.verified.get(&fingerprint) {
            return if period.holds(now, LEEWAY) { Ok(caller) } else { Err(Unauthenticated::Invalid) };
        }
        let mut validation = Validation::new(algorithm);
        // The crate would ask the machine for the time.
        (validation.validate_exp, validation.validate_nbf) = (false, false);
        validation.set_issuer(&[&self.config.issuer]);
        validation.set_audience(&[&self.config.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let claims = decode::<Claims>(token, key, &validation).map_err(|_| Unauthenticated::Invalid)?;
        let period = Period { exp: claims.exp, nbf: claims.nbf };
        if !period.holds(now, LEEWAY) {
            return Err(Unauthenticated::Invalid);
        }
        let id = UserId::from_external(&claims.sub, self.config.namespace).ok_or(Unauthenticated::Invalid)?;
        let caller = Caller {
            user: Some(id),
            subject: claims.sub,
            roles: claims.roles.iter().filter_map(|role| named(role)).collect(),
            teams: claims.teams,
            org: claims.org,
            ..Caller::default()
        };
        self.verified.put(fingerprint, caller.clone(), period);
        Ok(caller)
    }
}

fn named(role: &str) -> Option<Role> {
    match role {
        "user" => Some(Role::User),
        "admin" => Some(Role::Admin),
        "broker" => Some(Role::Broker),
        "photographer" => Some(Role::Photographer),
        "service" => Some(Role::Service),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
