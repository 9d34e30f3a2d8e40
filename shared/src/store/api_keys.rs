//! API keys (contract 3). Only the secret's SHA-256 hash is stored.

use futures::StreamExt;

use super::{
    Item, Key, Store, StoreError,
    owned::AtOnce,
    reads::KeyRange,
    records::{self, ApiKeyItem},
    table,
    walk::Walk,
};
use crate::domain::{ApiKey, Scope, Timestamp};

impl Store {
    /// The API key with this public part.
    pub async fn api_key(&self, public: &str) -> Result<Option<ApiKey>, StoreError> {
        let item = self.get(&Key::api_key(public)).await?;
        item.map(|item| records::read::<ApiKeyItem>(item).map(Into::into)).transpose()
    }

    /// All keys, the oldest first. If `after` is given, only keys after that place. A change of the table reaches the index a
    /// moment later.
    pub fn api_keys(&self, after: Option<&str>, limit: usize) -> Walk<'_, ApiKey> {
        let read = |items: Vec<Item>| {
            items.into_iter().next().map(|item| records::read::<ApiKeyItem>(item).map(Into::into)).transpose()
        };
        let range = KeyRange::timeline(table::API_KEYS).after(after);
        self.bundles(range, limit, AtOnce::SMALL).map(move |found| found?.read(read)).boxed()
    }

    /// Creates or replaces a key.
    pub async fn put_api_key(&self, key: &ApiKey) -> Result<(), StoreError> {
        let ApiKey { public, secret_hash, name, scopes, created_at } = key.clone();
        let Key { pk, sk } = Key::api_key(&public);
        let scopes = scopes.map(|scopes| scopes.into_iter().map(|scope| scope.as_str().to_owned()).collect());
        let (owner, at) = (table::API_KEYS.to_owned(), format!("{created_at}#{public}"));
        let created_at = created_at.millis();
        let item = ApiKeyItem { pk, sk, owner, at, secret_hash, name, scopes, created_at };
        self.put(records::write(&item)?).await.map(|_| ())
    }

    /// Removes a key. Returns whether it was there.
    pub async fn delete_api_key(&self, public: &str) -> Result<bool, StoreError> {
        self.delete(&Key::api_key(public)).await
    }
}

impl From<ApiKeyItem> for ApiKey {
    fn from(item: ApiKeyItem) -> Self {
        Self {
            public: item.pk.strip_prefix("KEY#").unwrap_or_default().to_owned(),
            secret_hash: item.secret_hash,
            name: item.name,
            scopes: item.scopes.map(|scopes| scopes.iter().filter_map(|name| Scope::parse(name)).collect()),
            created_at: Timestamp::from_millis(item.created_at),
        }
    }
}
