//! API keys (contract 3): the secret is kept as its SHA-256 only.

use super::{
    Key, Store, StoreError,
    records::{self, ApiKeyItem},
};

impl Store {
    /// The hash of the secret that belongs to a public key.
    pub async fn api_key(&self, public: &str) -> Result<Option<String>, StoreError> {
        let item = self.get(&Key::api_key(public)).await?;
        item.map(|item| records::read::<ApiKeyItem>(item).map(|key| key.secret_hash)).transpose()
    }

    /// Writes a key pair, new or not; `secret_hash` is lower-case hexadecimal.
    pub async fn put_api_key(&self, public: &str, secret_hash: &str) -> Result<(), StoreError> {
        let key = Key::api_key(public);
        self.put(&ApiKeyItem { pk: key.pk, sk: key.sk, secret_hash: secret_hash.to_owned() }).await
    }
}
