//! Tokens whose signature this process has checked before.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use ring::digest::{Context, SHA256};
use serde_json::Number;

use super::Caller;
use crate::{
    domain::Timestamp,
    jwt::{DecodingKey, DecodingKeyKind},
};

/// The most tokens that are remembered.
pub(super) const MAX: usize = 128;

/// The hash (SHA-256) of a whole token and the key that it was checked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub fn of(token: &str, key: &DecodingKey) -> Self {
        let (one, other): (&[u8], &[u8]) = match key.kind() {
            DecodingKeyKind::SecretOrDer(key) => (key, &[]),
            DecodingKeyKind::RsaModulusExponent { n, e } => (n, e),
        };
        let mut context = Context::new(&SHA256);
        for part in [token.as_bytes(), one, other] {
            // Each part is hashed with its length, so that the end of one part cannot pass for the beginning of the
            // next.
            context.update(&part.len().to_be_bytes());
            context.update(part);
        }
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(context.finish().as_ref());
        Self(fingerprint)
    }
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
    pub fn holds(&self, now: Timestamp, leeway: u64) -> bool {
        let Ok(now) = u64::try_from(now.seconds()) else { return false };
        let begun =
            self.nbf.as_ref().is_none_or(|nbf| seconds(nbf).is_some_and(|nbf| nbf <= now.saturating_add(leeway)));
        begun && self.exp.as_ref().and_then(seconds).is_some_and(|exp| now <= exp.saturating_add(leeway))
    }
}

fn seconds(number: &Number) -> Option<u64> {
    // A fraction is rounded, as at the first check. A value out of bounds becomes the nearest bound.
    number.as_u64().or_else(|| number.as_f64().filter(|seconds| *seconds >= 0.0).map(|seconds| seconds.round() as u64))
}

/// The last tokens that were valid, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Verified(Mutex<VecDeque<(Fingerprint, Caller, Period)>>);

impl Verified {
    /// The caller that a token speaks for, and when the token is valid.
    pub fn get(&self, fingerprint: &Fingerprint) -> Option<(Caller, Period)> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, caller, period) = known.iter().find(|(known, ..)| known == fingerprint)?;
        Some((caller.clone(), period.clone()))
    }

    /// Remembers a token, and forgets the oldest where there are too many.
    pub fn put(&self, fingerprint: Fingerprint, caller: Caller, period: Period) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX {
            known.pop_front();
        }
        known.push_back((fingerprint, caller, period));
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
            let holds = |seconds| period(claims.clone()).holds(at(seconds), 5);
            assert!(holds(95) && holds(150) && holds(205), "{claims}");
            assert!(!holds(94) && !holds(206) && !holds(-1), "{claims}");
        }
        assert!(period(json!({"exp": 1, "nbf": null})).holds(at(0), 5));
        assert!(period(json!({"exp": u64::MAX})).holds(at(0), 5) && period(json!({"exp": 1e30})).holds(at(0), 5));
        for never in [json!({}), json!({"exp": null}), json!({"exp": -1}), json!({"exp": 9, "nbf": -1})] {
            assert!(!period(never.clone()).holds(at(0), 5), "{never}");
        }
    }
}
