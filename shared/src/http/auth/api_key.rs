//! Key pairs (contract 3): `x-notiflows-api-key` and `x-notiflows-secret-key`, which must match.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use lambda_http::http::HeaderMap;

use crate::{
    cache::A_MINUTE,
    hash::sha256_hex,
    store::{Store, StoreError},
};

/// The most keys that a process remembers.
const MOST_KEYS: usize = 1000;

/// Checks key pairs; what it learnt of a key is used for a minute, that there is no such key is not kept.
#[derive(Debug, Default)]
pub struct ApiKeys {
    known: Mutex<HashMap<String, (Instant, String)>>,
}

impl ApiKeys {
    /// Whether the request carries a key pair that matches.
    pub async fn authenticate(&self, store: &Store, headers: &HeaderMap) -> Result<bool, StoreError> {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).filter(|key| key.len() <= 256);
        let (Some(public), Some(secret)) = (header("x-notiflows-api-key"), header("x-notiflows-secret-key")) else {
            return Ok(false);
        };
        let given = sha256_hex(secret.as_bytes());
        let Some(expected) = self.secret_hash(store, public).await? else { return Ok(false) };
        Ok(verify_slices_are_equal(given.as_bytes(), expected.as_bytes()).is_ok())
    }

    async fn secret_hash(&self, store: &Store, public: &str) -> Result<Option<String>, StoreError> {
        if let Some((since, hash)) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(public)
            && since.elapsed() < A_MINUTE
        {
            return Ok(Some(hash.clone()));
        }
        let hash = store.api_key(public).await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match &hash {
            Some(hash) => {
                if known.len() >= MOST_KEYS {
                    known.clear();
                }
                known.insert(public.to_owned(), (Instant::now(), hash.clone()));
            }
            None => {
                known.remove(public);
            }
        }
        Ok(hash)
    }
}
