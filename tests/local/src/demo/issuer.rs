//! The demo's identity provider. Its Ed25519 key is made from a fixed text, so that kept data stay usable.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::{
    digest::{SHA256, digest},
    signature::{Ed25519KeyPair, KeyPair},
};
use serde_json::{Value, json};
use shared::jwt::{Algorithm, EncodingKey, Header, encode};

pub const ISSUER: &str = "https://issuer.tidings.example";
pub const AUDIENCE: &str = "tidings";
/// The audience of contract 3's user keys.
pub const USER_KEY_AUDIENCE: &str = "tidings-user-key";

const KEY_ID: &str = "demo";
/// How long a token is valid, in seconds.
const LIFETIME: i64 = 3600;
/// The bytes before the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410 §7).
const PKCS8: [u8; 16] = [0x30, 0x2e, 0x02, 0x01, 0, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// The demo's key could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the demo's signing key could not be made")]
pub struct IssuerError;

/// Signs tokens.
pub struct Issuer {
    signing: EncodingKey,
    public: String,
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuer").field("public", &self.public).finish_non_exhaustive()
    }
}

/// The claims of a token that is valid from now on. Without `org` the token names no organisation.
pub fn claims(sub: &str, role: &str, teams: &[&str], org: Option<&str>) -> Value {
    let iat = Timestamp::now().as_second();
    let mut claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "iat": iat, "exp": iat + LIFETIME,
        "sub": sub, "roles": [role], "teams": teams,
    });
    if let Some(org) = org {
        claims["org"] = json!(org);
    }
    claims
}

/// The claims of a user key of contract 3 that is valid from now on.
pub fn user_key_claims(sub: &str) -> Value {
    let iat = Timestamp::now().as_second();
    json!({"iss": ISSUER, "aud": USER_KEY_AUDIENCE, "iat": iat, "exp": iat + LIFETIME, "sub": sub})
}

impl Issuer {
    pub fn new() -> Result<Self, IssuerError> {
        let seed = digest(&SHA256, b"the demo of the local stack, and nothing else");
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_ref()).map_err(|_| IssuerError)?;
        let pkcs8 = [&PKCS8, seed.as_ref()].concat();
        Ok(Self { signing: EncodingKey::from_ed_der(&pkcs8), public: URL_SAFE_NO_PAD.encode(pair.public_key()) })
    }

    /// The public key, as an identity provider publishes it (RFC 8037).
    pub fn jwks(&self) -> Value {
        let key = json!({
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": KEY_ID, "x": self.public,
        });
        json!({"keys": [key]})
    }

    /// Makes a token with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_with(|_| (), claims)
    }

    /// As [`Issuer::sign`], with a header that `change` has changed.
    pub fn sign_with(&self, change: impl FnOnce(&mut Header), claims: &Value) -> String {
        let mut header = Header { kid: Some(KEY_ID.to_owned()), ..Header::new(Algorithm::EdDSA) };
        change(&mut header);
        encode(&header, claims, &self.signing).unwrap_or_default()
    }
}
