//! JSON Web Tokens (RFC 7519), signed and checked by `ring`.
//!
//! The crate `jsonwebtoken` takes its cryptography from a provider, and panics if the process has not installed one. So
//! only this module calls that crate: it installs the provider before each call.

mod header;
mod provider;

use std::sync::Once;

pub use header::{ALGORITHMS, HeaderFault, header};
pub use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind, EncodingKey, Header, Validation,
    errors::{Error, ErrorKind},
    jwk,
};
use serde::{Serialize, de::DeserializeOwned};

static INSTALLED: Once = Once::new();

fn install() {
    // An error means that a provider is already installed, which is enough.
    INSTALLED.call_once(|| {
        let _ = provider::PROVIDER.install_default();
    });
}

/// The claims of a token that `key` has signed and that passes `validation`.
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
