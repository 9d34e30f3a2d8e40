//! Tokens whose signature this process has checked before.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use ring::digest::{SHA256, digest};
use serde_json::Number;

use super::{Caller, TokenFault, jwks::Key};
use crate::domain::Timestamp;

/// The most tokens that are remembered.
pub(super) const MAX: usize = 128;

/// The hash (SHA-256) of a whole token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub fn of(token: &str) -> Self {
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        Self(fingerprint)
    }
}

/// The result of a successful check of a token.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// The id of the key in the token's header.
    pub kid: Option<String>,
    /// The key that the token was checked with. The result holds as long as the issuer publishes this key under that id.
    pub key: Arc<Key>,
    /// The caller that the token speaks for.
    pub caller: Caller,
    /// When the token is valid.
    pub period: Period,
}

/// When a token is valid, in epoch seconds, which may have fractions (RFC 7519 §2).
#[derive(Clone, Debug)]
pub(super) struct Period {
    /// Its end.
    pub exp: Option<Number>,
    /// Its beginning.
    pub nbf: Option<Number>,
}

impl Period {
    /// Whether the token is valid now, by clocks that may differ by this many seconds.
    pub fn check(&self, now: Timestamp, leeway: u64) -> Result<(), TokenFault> {
        let now = u64::try_from(now.seconds()).map_err(|_| TokenFault::NotYetValid)?;
        if let Some(nbf) = &self.nbf
            && seconds(nbf).ok_or(TokenFault::Claims)? > now.saturating_add(leeway)
        {
            return Err(TokenFault::NotYetValid);
        }
        let exp = self.exp.as_ref().and_then(seconds).ok_or(TokenFault::Claims)?;
        if now <= exp.saturating_add(leeway) { Ok(()) } else { Err(TokenFault::Expired) }
    }
}

fn seconds(number: &Number) -> Option<u64> {
    // A fraction is rounded, as at the first check. A value out of bounds becomes the nearest bound.
    number.as_u64().or_else(|| number.as_f64().filter(|seconds| *seconds >= 0.0).map(|seconds| seconds.round() as u64))
}

/// The last tokens that were valid, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Verified(Mutex<VecDeque<(Fingerprint, Known)>>);

impl Verified {
    /// The result of an earlier check of a token.
    pub fn get(&self, fingerprint: &Fingerprint) -> Option<Known> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|(other, _)| other == fingerprint).map(|(_, known)| known.clone())
    }

    /// Remembers a token, in place of an earlier result for it. Forgets the oldest token if there are too many.
    pub fn put(&self, fingerprint: Fingerprint, known: Known) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(other, _)| *other != fingerprint);
        if all.len() >= MAX {
            all.pop_front();
        }
        all.push_back((fingerprint, known));
    }

    /// How many there are.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_token_is_good_from_its_beginning_to_its_end_by_clocks_that_differ() {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
        let number = |value: &Value| value.as_number().cloned();
        let period = |claims: Value| Period { exp: number(&claims["exp"]), nbf: number(&claims["nbf"]) };
        for claims in [json!({"exp": 200, "nbf": 100}), json!({"exp": 199.5, "nbf": 100.4})] {
            let check = |seconds| period(claims.clone()).check(at(seconds), 5);
            for (seconds, expected) in [
                (-1, Err(TokenFault::NotYetValid)),
                (94, Err(TokenFault::NotYetValid)),
                (95, Ok(())),
                (150, Ok(())),
                (205, Ok(())),
                (206, Err(TokenFault::Expired)),
            ] {
                assert_eq!(check(seconds), expected, "{claims} at {seconds}");
            }
        }
        for always in [json!({"exp": 1, "nbf": null}), json!({"exp": u64::MAX}), json!({"exp": 1e30})] {
            assert_eq!(period(always.clone()).check(at(0), 5), Ok(()), "{always}");
        }
        for never in [json!({}), json!({"exp": null}), json!({"exp": -1}), json!({"exp": 9, "nbf": -1})] {
            assert_eq!(period(never.clone()).check(at(0), 5), Err(TokenFault::Claims), "{never}");
        }
    }
}
