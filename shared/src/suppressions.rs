//! What the table says about addresses, whichever users have them: which email addresses are suppressed, and whose devices are.
//!
//! Which email addresses are suppressed. A suppression belongs to an address and not to a user: it holds for every user and
//! every channel that has the address, and survives their erasure. The table has only a keyed hash of the address.
//!
//! The key has a secret of its own, which never changes, unlike the deployment secret: with another key no suppression
//! would be found.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    domain::{AddressHash, DeviceHash, DeviceOwners, Suppressed, Suppression, ToLookUp, suppression::comparable},
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

/// What was looked up.
#[derive(Debug)]
pub struct Found {
    /// The suppressed ones among the email addresses. They cannot be found without the key.
    pub suppressed: Result<Suppressed, KeysError>,
    /// The owners of the devices.
    pub owners: DeviceOwners,
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

    /// Looks up all addresses of a batch of decisions, by [`Store::look_up`]: one read for both kinds. Nothing costs nothing.
    pub async fn look_up(&self, ToLookUp { emails, tokens }: ToLookUp) -> Result<Found, StoreError> {
        let hashed = self.hashed(emails).await;
        let addresses: Vec<_> = hashed.iter().flat_map(BTreeMap::keys).cloned().collect();
        let tokens: BTreeMap<_, _> = tokens.into_iter().map(|token| (DeviceHash::of(&token), token)).collect();
        let devices: Vec<_> = tokens.keys().cloned().collect();
        let (found, owners) = self.store.look_up(&addresses, &devices).await?;
        let owners = owners.into_iter().filter_map(|(device, owner)| Some((tokens.get(&device)?.clone(), owner)));
        Ok(Found { suppressed: hashed.map(|hashed| by_address(&hashed, found)), owners: owners.collect() })
    }

    /// The suppressed ones among some addresses, as it is now: one read, a unit an address.
    pub async fn among_now(&self, addresses: BTreeSet<String>) -> Result<Suppressed, SuppressionsError> {
        let hashed = self.hashed(addresses).await?;
        let hashes: Vec<_> = hashed.keys().cloned().collect();
        Ok(by_address(&hashed, self.store.suppressed(&hashes).await?))
    }

    /// The addresses in the form for comparisons, by their hashes. Without an address no key is needed.
    async fn hashed(&self, addresses: BTreeSet<String>) -> Result<BTreeMap<AddressHash, String>, KeysError> {
        if addresses.is_empty() {
            return Ok(BTreeMap::new());
        }
        let key = self.keys.key().await?;
        Ok(addresses.into_iter().map(|address| (key.hash(&address), comparable(&address))).collect())
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

fn by_address(hashed: &BTreeMap<AddressHash, String>, found: BTreeMap<AddressHash, Suppression>) -> Suppressed {
    found.into_iter().filter_map(|(hash, why)| Some((hashed.get(&hash)?.clone(), why))).collect()
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
