//! The demo's key at Apple, which is new at every start, and Apple's checks of tokens that it signed.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde::Deserialize;
use serde_json::json;
use shared::jwt::{Algorithm, DecodingKey, Validation, decode, header};

/// The bundle id that the demo's key is for.
pub(super) const TOPIC: &str = "com.example.tidings";
const TEAM_ID: &str = "DEMOTEAM01";
const KEY_ID: &str = "DEMOKEY001";
/// The largest age of a token, in seconds.
const OLDEST: i64 = 60 * 60;
/// How far the time of a token may be in the future, in seconds.
const LEEWAY: i64 = 60;
/// The shortest time between two new tokens.
const BETWEEN_TOKENS: Duration = Duration::from_secs(20 * 60);

/// A key, and the tokens that it has seen.
pub(super) struct AppleKey {
    private_key: String,
    public: DecodingKey,
    validation: Validation,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    tokens: Vec<String>,
    changed: Option<Instant>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    iat: i64,
}

impl AppleKey {
    /// Makes a key; `None` if that fails.
    pub(super) fn generate() -> Option<Self> {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).ok()?;
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).ok()?;
        // The uncompressed point: 4, x, y.
        let (x, y) = pair.public_key().as_ref().get(1..)?.split_at_checked(32)?;
        let (x, y) = (BASE64_URL_SAFE_NO_PAD.encode(x), BASE64_URL_SAFE_NO_PAD.encode(y));
        let mut validation = Validation::new(Algorithm::ES256);
        // Apple's tokens have no expiration time. Only their age counts.
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        Some(Self {
            private_key: pem(key.as_ref()),
            public: DecodingKey::from_ec_components(&x, &y).ok()?,
            validation,
            seen: Mutex::default(),
        })
    }

    /// The content of the channel's secret.
    pub(super) fn secret(&self) -> String {
        json!({"team_id": TEAM_ID, "key_id": KEY_ID, "private_key": self.private_key, "topic": TOPIC}).to_string()
    }

    /// Checks a token. The error is the status and the reason.
    pub(super) fn check(&self, token: &str) -> Result<(), (u16, &'static str)> {
        let invalid = (403, "InvalidProviderToken");
        if header(token).map_err(|_| invalid)?.kid.as_deref() != Some(KEY_ID) {
            return Err(invalid);
        }
        let claims = decode::<Claims>(token, &self.public, &self.validation).map_err(|_| invalid)?;
        let age = jiff::Timestamp::now().as_second() - claims.iat;
        if claims.iss != TEAM_ID || age < -LEEWAY {
            return Err(invalid);
        }
        if age > OLDEST {
            return Err((403, "ExpiredProviderToken"));
        }
        self.count(token)
    }

    /// Checks the time between new tokens. The first token is not a change. After a change of the token, the next one
    /// must not come before 20 minutes.
    fn count(&self, token: &str) -> Result<(), (u16, &'static str)> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.tokens.iter().any(|known| known == token) {
            return Ok(());
        }
        if seen.changed.is_some_and(|changed| changed.elapsed() < BETWEEN_TOKENS) {
            return Err((429, "TooManyProviderTokenUpdates"));
        }
        if !seen.tokens.is_empty() {
            seen.changed = Some(Instant::now());
        }
        seen.tokens.push(token.to_owned());
        Ok(())
    }
}

impl std::fmt::Debug for AppleKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppleKey").finish_non_exhaustive()
    }
}

fn pem(der: &[u8]) -> String {
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", BASE64_STANDARD.encode(der))
}
