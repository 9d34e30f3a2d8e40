//! Bearer tokens: JWTs (RFC 7519) by `RS256`, `ES256` or `EdDSA`, checked for issuer, audience and expiry.

use std::sync::Arc;

use lambda_http::http::{HeaderMap, header};
use serde_json::{Number, Value};
use uuid::Uuid;

use super::{
    Caller, ClaimNames, IssuerKeys, Jwks, TokenFault, Unauthenticated,
    claims::Claims,
    verified::{Fingerprint, Known, Period, Verified},
};
use crate::{
    clock::Clock,
    config::{self, ConfigError},
    domain::{Timestamp, UserId},
    jwt::{self, Algorithm, DecodingKey, ErrorKind, HeaderFault, Validation, decode},
};

/// How far an issuer's clock may be ahead or behind, in seconds.
const LEEWAY: u64 = 5;

/// The values that tokens are checked against.
#[derive(Debug)]
pub struct BearerConfig {
    /// The `iss` that a token must have.
    pub issuer: String,
    /// The `aud` that a token must have, or what `claims` says instead.
    pub audience: String,
    /// Which claims are read.
    pub claims: ClaimNames,
    /// The issuer's keys.
    pub jwks: Jwks,
    /// The namespace that a `sub` which is no UUID maps into.
    pub namespace: Uuid,
    /// The clock that tokens expire by.
    pub clock: Clock,
}

impl BearerConfig {
    /// From the environment: `JWT_ISSUER`, `JWT_AUDIENCE`, `JWKS`, `CLAIMS`, `USER_NAMESPACE`.
    pub fn from_env(clock: Clock) -> Result<Self, ConfigError> {
        Ok(Self {
            issuer: config::text("JWT_ISSUER")?,
            audience: config::text("JWT_AUDIENCE")?,
            claims: ClaimNames::from_env()?,
            jwks: Jwks::parse(&config::text("JWKS")?, clock.clone())
                .map_err(|error| ConfigError::new("JWKS", error))?,
            namespace: config::parsed("USER_NAMESPACE")?,
            clock,
        })
    }
}

impl BearerConfig {
    /// As [`BearerConfig::from_env`], for the keys of contract 3's users. Their audience (`USER_KEY_AUDIENCE`) is
    /// another one, so that neither kind of token passes for the other.
    pub fn user_keys_from_env(clock: Clock) -> Result<Self, ConfigError> {
        let bearer = Self::from_env(clock)?;
        let audience = config::text("USER_KEY_AUDIENCE")?;
        let of_tokens = bearer.claims.audiences(&bearer.audience);
        if bearer.claims.audiences(&audience).iter().any(|of_keys| of_tokens.contains(of_keys)) {
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

impl Bearer {
    /// A checker with this configuration.
    pub fn new(config: BearerConfig) -> Self {
        Self { config, verified: Verified::default() }
    }

    /// Whether the issuer's keys can be had.
    pub async fn issuer_keys(&self) -> IssuerKeys {
        self.config.jwks.state().await
    }

    /// The caller who sent this request.
    pub async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Unauthenticated> {
        let value = headers.get(header::AUTHORIZATION).ok_or(Unauthenticated::Missing)?;
        // Not by `to_str`, which is slow for a value as long as a token.
        let value = std::str::from_utf8(value.as_bytes()).map_err(|_| TokenFault::Malformed)?;
        let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
        if !scheme.eq_ignore_ascii_case("bearer") {
            // The answer names no error: the client does not know yet how to authenticate (RFC 6750 §3.1).
            return Err(Unauthenticated::Missing);
        }
        self.verify(token.trim()).await
    }

    /// The caller that a token speaks for. A client sends the same token many times: the signature is checked the first time
    /// only, the expiry and the key every time.
    pub async fn verify(&self, token: &str) -> Result<Caller, Unauthenticated> {
        self.verify_at(token, self.config.clock.now()).await
    }

    async fn verify_at(&self, token: &str, now: Timestamp) -> Result<Caller, Unauthenticated> {
        let fingerprint = Fingerprint::of(token);
        if let Some(Known { kid, key, caller, period }) = self.verified.get(&fingerprint) {
            let published = self.config.jwks.find(kid.as_deref()).await?;
            // If the keys were fetched again, the token is checked with the new ones.
            if published.is_some_and(|published| Arc::ptr_eq(&published, &key)) {
                period.check(now, LEEWAY)?;
                return Ok(caller);
            }
        }
        let header = jwt::header(token).map_err(TokenFault::from)?;
        let key = self.config.jwks.find(header.kid.as_deref()).await?.ok_or(TokenFault::UnknownKey)?;
        let (caller, period) = self.check(token, header.alg, key.for_algorithm(header.alg)?, now)?;
        self.verified.put(fingerprint, Known { kid: header.kid, key, caller: caller.clone(), period });
        Ok(caller)
    }

    /// Checks signature, claims and expiry of a token. Returns the caller that it speaks for, and when it is valid.
    fn check(
        &self,
        token: &str,
        algorithm: Algorithm,
        key: &DecodingKey,
        now: Timestamp,
    ) -> Result<(Caller, Period), TokenFault> {
        let mut validation = Validation::new(algorithm);
        // The crate would read the machine's clock.
        (validation.validate_exp, validation.validate_nbf) = (false, false);
        validation.set_issuer(&[&self.config.issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        // The audience may be in another claim.
        validation.validate_aud = false;
        let claims = decode::<Claims>(token, key, &validation).map_err(|error| fault(error.kind()))?;
        let names = &self.config.claims;
        names.check_audience(&claims, &self.config.audience)?;
        let period = Period { exp: number(&claims, "exp")?, nbf: number(&claims, "nbf")? };
        period.check(now, LEEWAY)?;
        let subject = claims.get("sub").and_then(Value::as_str).ok_or(TokenFault::Claims)?;
        let id = UserId::from_external(subject, self.config.namespace).ok_or(TokenFault::Claims)?;
        let caller = Caller {
            user: Some(id),
            subject: subject.to_owned(),
            roles: names.roles(&claims)?,
            teams: names.teams(&claims)?,
            org: names.org(&claims)?,
            ..Caller::default()
        };
        Ok((caller, period))
    }
}

impl From<HeaderFault> for TokenFault {
    fn from(fault: HeaderFault) -> Self {
        match fault {
            HeaderFault::Malformed => Self::Malformed,
            HeaderFault::Algorithm => Self::Algorithm,
            HeaderFault::Critical => Self::Critical,
        }
    }
}

/// The reason for which the crate refuses a token whose header is fine. It checks the signature first, so nothing is
/// said about the claims of a forged token.
fn fault(kind: &ErrorKind) -> TokenFault {
    match kind {
        // The text of the signature is no base64.
        ErrorKind::InvalidSignature | ErrorKind::Base64(_) => TokenFault::Signature,
        ErrorKind::InvalidAlgorithm | ErrorKind::UnsupportedAlgorithm => TokenFault::OtherAlgorithm,
        ErrorKind::InvalidIssuer => TokenFault::Issuer,
        ErrorKind::InvalidAudience => TokenFault::Audience,
        ErrorKind::MissingRequiredClaim(_) | ErrorKind::Json(_) | ErrorKind::Utf8(_) => TokenFault::Claims,
        _ => TokenFault::Malformed,
    }
}

/// A claim that is a number, or is not there.
fn number(claims: &Claims, name: &str) -> Result<Option<Number>, TokenFault> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => Ok(Some(number.clone())),
        Some(_) => Err(TokenFault::Claims),
    }
}

#[cfg(test)]
mod tests;
