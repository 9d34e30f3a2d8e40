//! Key pairs (contract 3): `x-notiflows-api-key` and `x-notiflows-secret-key`, which must match.

use lambda_http::http::HeaderMap;

use crate::{
    cache::{A_MINUTE, CachedMap},
    clock::Clock,
    domain::ApiKey,
    hash::{is_same, sha256_hex},
    store::{Store, StoreError},
};

/// Checks keys. A key that was found is used for a minute; a key that was not found is looked up again each time.
#[derive(Debug)]
pub struct ApiKeys(CachedMap<String, ApiKey>);

impl ApiKeys {
    /// No key is known yet.
    pub fn new(clock: Clock) -> Self {
        Self(CachedMap::new(A_MINUTE, clock))
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
        let key = self.0.get(&public.to_owned(), || store.api_key(public)).await?;
        Ok(key.map(|key| key.as_ref().clone()))
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).filter(|key| (1..=256).contains(&key.len()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        aws::tests::{Act, Server},
        clock::ManualClock,
        domain::Timestamp,
        random::Randomness,
    };

    const KEY: &str = r#"{"Item":{"pk":{"S":"KEY#pk_1"},"sk":{"S":"KEY"},"owner":{"S":"API_KEYS"},"at":{"S":"2024"},
        "created_at":{"N":"1709287200000"},"name":{"S":"Billing"},"secret_hash":{"S":"00"}}}"#;

    #[tokio::test]
    async fn a_key_is_known_for_a_minute_also_if_the_process_is_frozen_and_a_deleted_one_no_longer() {
        let gone = Act::Answer(200, "{}");
        let server =
            Server::start(&[Act::Answer(200, KEY), Act::Answer(200, KEY), gone, gone, Act::Answer(200, KEY)]).await;
        let manual = ManualClock::new(Timestamp::from_millis(1_709_287_200_000));
        let store = Store::new(&server.aws(), "table", manual.clock(), Randomness::seeded(1));
        let keys = ApiKeys::new(manual.clock());
        let mut headers = HeaderMap::new();
        headers.insert("x-notiflows-api-key", "pk_1".parse().unwrap());
        let is_known = async || keys.named(&store, &headers).await.unwrap().is_some();
        assert!(is_known().await);
        manual.freeze(A_MINUTE - Duration::from_millis(1));
        assert!(is_known().await);
        assert_eq!(server.requests(), 1);
        manual.freeze(Duration::from_millis(1));
        assert!(is_known().await);
        assert_eq!(server.requests(), 2);
        // The wall clock is set back: the key is asked for again. It was deleted, and nothing brings it back.
        manual.set(Timestamp::from_millis(1_709_287_200_000));
        assert!(!is_known().await);
        manual.advance(Duration::from_millis(1));
        assert!(!is_known().await);
        assert_eq!(server.requests(), 4);
        assert!(is_known().await, "that there was no such key is not kept");
    }
}
