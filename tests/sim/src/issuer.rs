//! The issuer of the callers' tokens.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::json;
use shared::jwt::{Algorithm, EncodingKey, Header, encode};

/// The `iss` of tokens.
pub const ISSUER: &str = "https://issuer.sim";
/// The `aud` of tokens.
pub const AUDIENCE: &str = "tidings";

const SEED: [u8; 32] = [7; 32];
/// The bytes before the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410 §7).
const PKCS8: [u8; 16] = [0x30, 0x2e, 0x02, 0x01, 0, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// The issuer's public key.
pub fn jwks() -> String {
    let pair = Ed25519KeyPair::from_seed_unchecked(&SEED).expect("a seed");
    let x = URL_SAFE_NO_PAD.encode(pair.public_key());
    json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "k", "x": x}]}).to_string()
}

/// A token of an operator, who may do everything.
pub fn token() -> String {
    let key = EncodingKey::from_ed_der(&[&PKCS8[..], &SEED].concat());
    let header = Header { kid: Some("k".to_owned()), ..Header::new(Algorithm::EdDSA) };
    // In the year 2100.
    let claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "iat": 0, "exp": 4_102_444_800_i64, "sub": "operator",
        "roles": ["operator", "admin", "service"],
    });
    encode(&header, &claims, &key).expect("a token")
}
