//! Which email addresses are suppressed. A suppression belongs to an address and not to a user: it holds for every user and
//! every channel that has the address, and survives their erasure. The table has only a keyed hash of the address.
//!
//! The key has a secret of its own, which never changes, unlike the deployment secret: with another key no suppression
//! would be found.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    domain::{AddressHash, Suppressed, Suppression, suppression::comparable},
    signing::{Keys, KeysError, Purpose, SigningKey, UnusableSecret},
    store::{Store, StoreError},
};

/// The key under which addresses are hashed.
#[derive(Clone, Debug)]
pub struct AddressKey(SigningKey);

/// The key, as the deployment has it.
pub type AddressKeys = Keys<AddressKey>;

impl AddressKey {
    /// The key of a secret.
    pub fn derive(secret: &str) -> Result<Self, UnusableSecret> {
        SigningKey::derive(secret, Purpose::Suppression).map(Self)
    }

    /// The hash of an address, whatever its case.
    pub fn hash(&self, address: &str) -> AddressHash {
        AddressHash(self.0.sign(&comparable(address)))
    }
}

/// Why it is not known whether an address is suppressed, or why a suppression was not written.
#[derive(Debug, thiserror::Error)]
pub enum SuppressionsError {
    /// The key is not there.
    #[error("suppressed addresses cannot be found without their key")]
    Key(#[from] KeysError),
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The suppressed addresses of the deployment.
#[derive(Debug)]
pub struct Suppressions {
    store: Store,
    keys: AddressKeys,
}

impl Suppressions {
    /// The suppressions in `store`, whose addresses are hashed under `keys`.
    pub fn new(store: Store, keys: AddressKeys) -> Self {
        Self { store, keys }
    }

    /// The suppressed ones among some addresses, by one read. It may be a moment old, and costs half a read unit an address.
    pub async fn among(&self, addresses: BTreeSet<String>) -> Result<Suppressed, SuppressionsError> {
        self.find(addresses, false).await
    }

    /// The same, as it is now: a read unit an address.
    pub async fn among_now(&self, addresses: BTreeSet<String>) -> Result<Suppressed, SuppressionsError> {
        self.find(addresses, true).await
    }

    async fn find(&self, addresses: BTreeSet<String>, is_consistent: bool) -> Result<Suppressed, SuppressionsError> {
        if addresses.is_empty() {
            return Ok(Suppressed::new());
        }
        let key = self.keys.key().await?;
        let hashed: BTreeMap<_, _> =
            addresses.into_iter().map(|address| (key.hash(&address), comparable(&address))).collect();
        let hashes: Vec<_> = hashed.keys().cloned().collect();
        let found = self.store.suppressed(&hashes, is_consistent).await?;
        Ok(found.into_iter().filter_map(|(hash, why)| Some((hashed.get(&hash)?.clone(), why))).collect())
    }

    /// Suppresses an address. If it is suppressed already, that suppression stays.
    pub async fn add(&self, address: &str, why: Suppression) -> Result<(), SuppressionsError> {
        Ok(self.store.suppress(&self.keys.key().await?.hash(address), why).await?)
    }

    /// Removes the suppression of an address. Returns `false` if the address was not suppressed.
    pub async fn lift(&self, address: &str) -> Result<bool, SuppressionsError> {
        Ok(self.store.lift_suppression(&self.keys.key().await?.hash(address)).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_hash_whatever_its_case_and_another_under_another_key() {
        let key = |secret| AddressKey::derive(secret).unwrap();
        let (one, other) = (key("0123456789abcdef0123456789abcdef"), key("another secret of thirty-two bytes"));
        let hash = one.hash("john.doe@example.com");
        // It is in the table: it must never change.
        assert_eq!(hash.0, "dKmwCVY613MhoiygIgJlbdjVSrnDcUrW-mKWeI_umm4");
        assert_eq!(one.hash("John.Doe@EXAMPLE.com"), hash);
        assert_ne!(one.hash("john.doe+x@example.com"), hash);
        assert_ne!(other.hash("john.doe@example.com"), hash);
    }
}
