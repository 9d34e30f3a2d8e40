//! What the deployment signs itself: HMAC-SHA-256 under one secret, with a key of its own for each purpose, so that a
//! signature made for one is none for another.

mod keys;
mod token;

use aws_lc_rs::{hkdf, hmac};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

pub use keys::{Keys, KeysError};
pub use token::{BadToken, TokenKey};

/// The fewest bytes of a deployment secret: as many as the key that comes of it has.
const FEWEST_BYTES: usize = 32;

/// What a signature is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A session of contract 2.
    Session,
    /// The CSRF value that is bound to a session.
    Csrf,
    /// The link by which a recipient of email opts out.
    OptOut,
    /// The link by which users reach their own preferences.
    Preferences,
}

impl Purpose {
    /// Part of every signature: never change one.
    fn label(self) -> &'static [u8] {
        match self {
            Self::Session => b"tidings session v1",
            Self::Csrf => b"tidings csrf v1",
            Self::OptOut => b"tidings opt-out v1",
            Self::Preferences => b"tidings preferences v1",
        }
    }
}

/// The deployment secret is too short to sign with.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the deployment secret must have at least {FEWEST_BYTES} bytes")]
pub struct UnusableSecret;

/// A key for one purpose.
#[derive(Clone, Debug)]
pub struct SigningKey(hmac::Key);

impl SigningKey {
    /// The purpose's key (HKDF-SHA-256, RFC 5869).
    pub fn derive(secret: &str, purpose: Purpose) -> Result<Self, UnusableSecret> {
        if secret.len() < FEWEST_BYTES {
            return Err(UnusableSecret);
        }
        let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, b"tidings deployment secret").extract(secret.as_bytes());
        let label = [purpose.label()];
        let expanded = extracted.expand(&label, hmac::HMAC_SHA256).map_err(|_| UnusableSecret)?;
        Ok(Self(hmac::Key::from(expanded)))
    }

    /// The signature of `text`, in base64url.
    pub fn sign(&self, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.0, text.as_bytes()))
    }

    /// Whether `signature` is the one of `text`, compared in constant time.
    pub fn verify(&self, text: &str, signature: &str) -> bool {
        URL_SAFE_NO_PAD
            .decode(signature)
            .is_ok_and(|signature| hmac::verify(&self.0, text.as_bytes(), &signature).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_signature_is_for_one_text_one_purpose_and_one_secret() {
        let key = SigningKey::derive(SECRET, Purpose::Session).unwrap();
        let signature = key.sign("text");
        assert!(key.verify("text", &signature));
        assert!(!key.verify("texts", &signature));
        assert!(!SigningKey::derive(SECRET, Purpose::Csrf).unwrap().verify("text", &signature));
        let other = SigningKey::derive("another secret of thirty-two bytes", Purpose::Session).unwrap();
        assert!(!other.verify("text", &signature));
        for bad in ["", "=", &signature[1..], &format!("{signature}A")] {
            assert!(!key.verify("text", bad), "{bad}");
        }
    }

    #[test]
    fn a_short_secret_is_refused() {
        assert_eq!(SigningKey::derive(&SECRET[1..], Purpose::Csrf).err(), Some(UnusableSecret));
    }
}
