//! Apple's provider tokens: JWTs (ES256). Each process makes its own token, and all processes make the same one.

use std::sync::{Arc, Mutex, PoisonError};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use p256::{
    ecdsa::{Signature, SigningKey, signature::Signer},
    pkcs8::DecodePrivateKey,
};
use serde::{Deserialize, Serialize};

use crate::{cache::Places, domain::Timestamp};

/// How long a token is used, in seconds.
///
/// Apple refuses a token whose `iat` is more than 60 minutes old. It also refuses a key that has more than one new
/// token in 20 minutes, counted over all processes. So `iat` is the time rounded down to a window of 40 minutes:
///
/// - a used token is at most 40 minutes old: that leaves 20 minutes for slow requests and slow clocks;
/// - a new token comes every 40 minutes, twice the 20 minutes that Apple demands;
/// - the signature is deterministic (RFC 6979), so within a window every process makes the same bytes, without asking
///   another process.
const WINDOW: i64 = 40 * 60;

/// The content of a channel's secret: the `.p8` key of Apple's developer account, and its settings.
#[derive(Deserialize)]
pub(super) struct Credentials {
    team_id: String,
    key_id: String,
    /// The private key: PKCS #8 as PEM.
    private_key: String,
    /// The application's bundle id.
    pub topic: String,
    /// Another end point than the deployment's, such as Apple's sandbox.
    pub endpoint: Option<String>,
}

/// The provider tokens of one process, one for each key.
#[derive(Default)]
pub(super) struct ProviderTokens(Places<Key, Mutex<Option<Held>>>);

/// A key of a developer account: the account, the key's id, and the key itself.
type Key = [String; 3];

struct Held {
    issued_at: i64,
    token: Arc<str>,
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    kid: &'a str,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    iat: i64,
}

impl ProviderTokens {
    /// The token of the current window; `None` if the secret holds no key of this kind.
    pub fn get(&self, credentials: &Credentials, now: Timestamp) -> Option<Arc<str>> {
        let Credentials { team_id, key_id, private_key, .. } = credentials;
        let issued_at = issued_at(now);
        let place = self.0.of(&[team_id, key_id, private_key].map(Clone::clone), Mutex::default);
        let mut held = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = held.as_ref().filter(|held| held.issued_at == issued_at) {
            return Some(held.token.clone());
        }
        let token: Arc<str> = mint(credentials, issued_at)?.into();
        *held = Some(Held { issued_at, token: token.clone() });
        Some(token)
    }
}

fn issued_at(now: Timestamp) -> i64 {
    now.seconds().div_euclid(WINDOW) * WINDOW
}

fn mint(credentials: &Credentials, issued_at: i64) -> Option<String> {
    let key = private_key(&credentials.private_key)?;
    let header = serde_json::to_vec(&Header { alg: "ES256", kid: &credentials.key_id }).ok()?;
    let claims = serde_json::to_vec(&Claims { iss: &credentials.team_id, iat: issued_at }).ok()?;
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature: Signature = key.sign(signed.as_bytes());
    Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes())))
}

/// Reads a PEM key with any line breaks, because editors and shells often change the line breaks within a secret's
/// JSON.
fn private_key(pem: &str) -> Option<SigningKey> {
    let body = pem.trim().strip_prefix("-----BEGIN PRIVATE KEY-----")?.strip_suffix("-----END PRIVATE KEY-----")?;
    let der = STANDARD.decode(body.split_whitespace().collect::<String>()).ok()?;
    SigningKey::from_pkcs8_der(&der).ok()
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeSet;

    use ring::{
        rand::SystemRandom,
        signature::{
            ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
        },
    };

    use super::*;

    /// A new key as PEM, and its public part. Another implementation than the signing one makes it.
    pub fn key() -> (String, Vec<u8>) {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let der = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, der.as_ref(), &random).unwrap();
        let private_key =
            format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()));
        (private_key, pair.public_key().as_ref().to_vec())
    }

    fn credentials() -> (Credentials, Vec<u8>) {
        let (private_key, public) = key();
        let (team_id, key_id, topic) = ("TEAM000001".into(), "KEY0000001".into(), "com.example.app".into());
        (Credentials { team_id, key_id, private_key, topic, endpoint: None }, public)
    }

    #[test]
    fn a_thousand_processes_make_one_token_within_a_window_and_another_in_the_next() {
        let (credentials, _) = credentials();
        let begin = 1_709_287_200 / WINDOW * WINDOW;
        let at = |seconds: i64| ProviderTokens::default().get(&credentials, Timestamp::from_millis(seconds * 1000));
        let tokens: BTreeSet<_> = (0..1000).map(|n| at(begin + n * (WINDOW - 1) / 999).unwrap()).collect();
        assert_eq!(tokens.len(), 1);
        assert!(!tokens.contains(&at(begin + WINDOW).unwrap()));
        assert!(!tokens.contains(&at(begin - 1).unwrap()));
    }

    #[test]
    fn a_token_in_use_is_never_as_old_as_an_hour_and_no_two_begin_within_twenty_minutes() {
        let issued: Vec<_> =
            (0..4 * 3600).map(|second| (second, issued_at(Timestamp::from_millis(second * 1000)))).collect();
        assert!(issued.iter().all(|(now, iat)| (0..3600 - 1200).contains(&(now - iat))));
        let begins: BTreeSet<_> = issued.iter().map(|(_, iat)| iat).collect();
        assert!(begins.iter().zip(begins.iter().skip(1)).all(|(one, next)| *next - *one >= 1200));
    }

    #[test]
    fn the_signature_is_good_and_the_claims_are_apple_s() {
        let (credentials, public) = credentials();
        let token = mint(&credentials, 1_709_286_000).unwrap();
        let parts: Vec<_> = token.split('.').collect();
        let decoded = |part: usize| URL_SAFE_NO_PAD.decode(parts[part]).unwrap();
        assert_eq!(decoded(0), br#"{"alg":"ES256","kid":"KEY0000001"}"#);
        assert_eq!(decoded(1), br#"{"iss":"TEAM000001","iat":1709286000}"#);
        let signed = format!("{}.{}", parts[0], parts[1]);
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public);
        key.verify(signed.as_bytes(), &decoded(2)).unwrap();
        assert!(key.verify(b"something else", &decoded(2)).is_err());
    }

    #[test]
    fn signing_is_rfc_6979_s_so_that_every_build_makes_the_same_bytes() {
        // RFC 6979, A.2.5: P-256, SHA-256, "sample".
        let bytes = |text: &str| hex::decode(text).unwrap();
        let key = bytes("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721");
        let signature: Signature = SigningKey::from_slice(&key).unwrap().sign(b"sample");
        let r = bytes("EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716");
        let s = bytes("F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8");
        assert_eq!(signature.to_bytes().to_vec(), [r, s].concat());
    }

    #[test]
    fn another_key_has_another_token_and_what_is_no_key_has_none() {
        let ((one, _), (mut other, _)) = (credentials(), credentials());
        let tokens = ProviderTokens::default();
        let now = Timestamp::EPOCH;
        let first = tokens.get(&one, now).unwrap();
        assert_ne!(tokens.get(&other, now).unwrap(), first);
        // The token of the first key is still the same one, not one that was made again.
        assert!(Arc::ptr_eq(&tokens.get(&one, now).unwrap(), &first));
        other.private_key = "-----BEGIN PRIVATE KEY-----\nbm8=\n-----END PRIVATE KEY-----".into();
        assert_eq!(tokens.get(&other, now), None);
    }
}
