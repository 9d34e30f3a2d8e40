//! Key pairs (contract 3): `x-notiflows-api-key` and `x-notiflows-secret-key`, which must match.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use lambda_http::http::HeaderMap;

use crate::{
    cache::{A_MINUTE, is_fresh},
    clock::Clock,
    domain::{ApiKey, Timestamp},
    hash::{is_same, sha256_hex},
    store::{Store, StoreError},
};

/// The most keys that a process remembers.
const MAX_KEYS: usize = 1000;

/// Checks keys. A key that was found is used for a minute; a key that was not found is looked up again each time.
#[derive(Debug)]
pub struct ApiKeys {
    clock: Clock,
    /// The keys, each with the time at which it was asked for.
    known: Mutex<HashMap<String, (Timestamp, ApiKey)>>,
}

impl ApiKeys {
    /// No key is known yet.
    pub fn new(clock: Clock) -> Self {
        Self { clock, known: Mutex::default() }
    }

    /// The key of the request, if the request carries a pair that matches.
    pub async fn authenticate(&self, store: &Store, headers: &HeaderMap) -> Result<Option<ApiKey>, StoreError> {
        let Some(secret) = header(headers, "x-notiflows-secret-key") else { return Ok(None) };
        let given = sha256_hex(secret.as_bytes());
        let Some(key) = self.named(store, headers).await? else { return Ok(None) };
        Ok(is_same(given.as_bytes(), key.secret_hash.as_bytes()).then_some(key))
    }

    /// The key that the request names. Its secret is not checked.
    pub async fn named(&self, store: &Store, headers: &HeaderMap) -> Result<Option<ApiKey>, StoreError> {
        let Some(public) = header(headers, "x-notiflows-api-key") else { return Ok(None) };
        let now = self.clock.now();
        if let Some((since, key)) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(public)
            && is_fresh(*since, now, A_MINUTE)
        {
            return Ok(Some(key.clone()));
        }
        let key = store.api_key(public).await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match &key {
            Some(key) => {
                if known.len() >= MAX_KEYS {
                    known.clear();
                }
                known.insert(public.to_owned(), (now, key.clone()));
            }
            None => {
                known.remove(public);
            }
        }
        Ok(key)
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).filter(|key| (1..=256).contains(&key.len()))
}
