//! JSON Web Tokens (RFC 7519), signed and checked by `ring`.
//!
//! The crate that reads and writes them takes its cryptography from a provider, which a process installs once and without
//! which it panics. So nobody calls that crate but this module, which sees to it.

mod provider;

use std::sync::Once;

pub use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind, EncodingKey, Header, Validation, decode_header, errors::Error, jwk,
};
use serde::{Serialize, de::DeserializeOwned};

static INSTALLED: Once = Once::new();

fn install() {
    // It fails where there is a provider, and then there is one.
    INSTALLED.call_once(|| {
        let _ = provider::PROVIDER.install_default();
    });
}

/// The claims of a token that `key` has signed and `validation` has nothing against.
pub fn decode<T: DeserializeOwned>(token: &str, key: &DecodingKey, validation: &Validation) -> Result<T, Error> {
    install();
    jsonwebtoken::decode(token, key, validation).map(|token| token.claims)
}

/// A token of these claims, signed as the header says: by `RS256`, `ES256` or `EdDSA`.
pub fn encode<T: Serialize>(header: &Header, claims: &T, key: &EncodingKey) -> Result<String, Error> {
    install();
    jsonwebtoken::encode(header, claims, key)
}

#[cfg(test)]
pub(crate) mod tests;
