//! Signatures of the deployment: HMAC-SHA-256 with one secret. Each purpose has its own key, so that a signature for
//! one purpose is not valid for another.

mod epoch;
mod keys;
mod token;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{hkdf, hmac};

pub use epoch::{binding, decode as decode_epoch, encode as encode_epoch};
pub use keys::{Keys, KeysError};
pub use token::{BadToken, TokenKey};

/// The fewest bytes of a deployment secret: the length of the derived key.
const FEWEST_BYTES: usize = 32;

/// The purpose of a signature.
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
    /// The hash of a suppressed address.
    Suppression,
}

impl Purpose {
    /// The label is part of every signature. Never change a label.
    fn label(self) -> &'static [u8] {
        match self {
            Self::Session => b"tidings session v1",
            Self::Csrf => b"tidings csrf v1",
            Self::OptOut => b"tidings opt-out v1",
            Self::Preferences => b"tidings preferences v1",
            Self::Suppression => b"tidings suppression v1",
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
    /// Derives the key for a purpose (HKDF-SHA-256, RFC 5869).
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

    /// Whether `signature` is the signature of `text`. The comparison takes constant time.
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

    fn unhex(text: &str) -> Vec<u8> {
        hex::decode(text).unwrap()
    }

    #[test]
    fn hmac_is_rfc_4231_s() {
        for (key, message, expected) in [
            (
                vec![0x0b; 20],
                b"Hi There".as_slice(),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe".to_vec(),
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                vec![0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            let key = SigningKey(hmac::Key::new(hmac::HMAC_SHA256, &key));
            let message = std::str::from_utf8(message).unwrap();
            assert_eq!(URL_SAFE_NO_PAD.decode(key.sign(message)).unwrap(), unhex(expected));
        }
    }

    #[test]
    fn hkdf_is_rfc_5869_s_and_a_purpose_s_key_is_made_by_it() {
        struct Bytes(usize);
        impl hkdf::KeyType for Bytes {
            fn len(&self) -> usize {
                self.0
            }
        }
        // RFC 5869, A.1.
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, &unhex("000102030405060708090a0b0c"));
        let (extracted, mut made) = (salt.extract(&[0x0b; 22]), [0; 42]);
        extracted.expand(&[&unhex("f0f1f2f3f4f5f6f7f8f9")], Bytes(42)).unwrap().fill(&mut made).unwrap();
        let expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865";
        assert_eq!(made.to_vec(), unhex(expected));

        // HKDF by its definition: first the HMAC of the secret with the salt as key, then the HMAC of the label and a
        // byte 1 with that result as key.
        let mac = |key: &[u8], text: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text);
        let extracted = mac(b"tidings deployment secret", SECRET.as_bytes());
        let key = mac(extracted.as_ref(), &[Purpose::OptOut.label(), &[1]].concat());
        let signature = URL_SAFE_NO_PAD.encode(mac(key.as_ref(), b"text"));
        assert_eq!(SigningKey::derive(SECRET, Purpose::OptOut).unwrap().sign("text"), signature);
    }
}
