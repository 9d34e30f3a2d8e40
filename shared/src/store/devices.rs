//! Whose a device is: the user who was the last to register its token.
//!
//! A device gets its new owner before the user is written. So at every point where a request may break off, at most one person
//! gets what is sent to the device. If the user is not written after all, nobody does until somebody registers the token
//! again. A transaction of both writes would cost twice as much, would return no item, and could not hold all tokens of a large
//! request.
//!
//! An owner stays when the user's token is removed, when the user is erased, and for good. Without it, the device would be its
//! former owner's again, whose record still has the token. So there is one item of about 250 bytes for each token that was
//! ever registered, each in a partition of its own.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use serde::{Deserialize, Serialize};

use super::{
    Item, Key, Store, StoreError,
    erasure::{BATCH_ROUNDS, BATCH_WRITE},
    records, suppressions, table,
};
use crate::domain::{AddressHash, DeviceHash, DeviceOwner, Suppression, Timestamp, UserId};

impl Store {
    /// Those of the tokens whose device is not registered as this user's. Costs one read unit a token. The read is strongly
    /// consistent: if somebody else has registered the device just before, it must become this user's again.
    pub(super) async fn not_owned<'t>(
        &self,
        id: UserId,
        tokens: BTreeSet<&'t str>,
    ) -> Result<BTreeSet<&'t str>, StoreError> {
        if tokens.is_empty() {
            return Ok(tokens);
        }
        let devices: Vec<_> = tokens.iter().map(|token| DeviceHash::of(token)).collect();
        let (_, owners) = self.look_up(&[], &devices).await?;
        let is_other_s = |token: &&str| owners.get(&DeviceHash::of(token)) != Some(&DeviceOwner::of(id, token));
        Ok(tokens.into_iter().filter(is_other_s).collect())
    }

    /// Makes the devices with these tokens the user's. Costs one write unit a token, and a call per 25 tokens.
    pub(super) async fn own_devices(
        &self,
        id: UserId,
        tokens: BTreeSet<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let put = |token| {
            let put =
                PutRequest::builder().set_item(Some(owned(id, token, now)?)).build().map_err(StoreError::build)?;
            Ok(WriteRequest::builder().put_request(put).build())
        };
        let requests = tokens.into_iter().map(put).collect::<Result<Vec<_>, StoreError>>()?;
        for requests in requests.chunks(BATCH_WRITE) {
            self.batch_write(requests.to_vec(), BATCH_ROUNDS).await?;
        }
        Ok(())
    }

    /// What the table says about some addresses and devices, by one read per 100 of them.
    ///
    /// With devices the read is strongly consistent and costs a unit for each key: once a new owner's registration was
    /// answered, nothing of the former owner's reaches the device. Addresses alone cost half a unit each, and the answer may
    /// be a moment old.
    pub async fn look_up(
        &self,
        addresses: &[AddressHash],
        devices: &[DeviceHash],
    ) -> Result<(BTreeMap<AddressHash, Suppression>, BTreeMap<DeviceHash, DeviceOwner>), StoreError> {
        let keys = addresses.iter().map(Key::suppressed).chain(devices.iter().map(Key::device));
        let items = if devices.is_empty() { self.batch_get_lately(keys).await? } else { self.batch_get(keys).await? };
        let is_device = |item: &Item| {
            let pk = item.get(table::PK).and_then(|pk| pk.as_s().ok());
            pk.is_some_and(|pk| pk.starts_with(table::DEVICE_PREFIX))
        };
        let (devices, addresses): (Vec<_>, Vec<_>) = items.into_iter().partition(is_device);
        let owners = devices.into_iter().map(|item| records::read::<DeviceItem>(item)?.read());
        Ok((suppressions::read(addresses)?, owners.collect::<Result<_, _>>()?))
    }
}

/// The item that makes the device with this token the user's.
pub(super) fn owned(id: UserId, token: &str, now: Timestamp) -> Result<Item, StoreError> {
    let Key { pk, sk } = Key::device(&DeviceHash::of(token));
    records::write(&DeviceItem { pk, sk, registered_by: DeviceOwner::of(id, token).0, since: now.millis() })
}

/// The item of a device. It holds neither the token nor the id of a user.
#[derive(Debug, Serialize, Deserialize)]
struct DeviceItem {
    pk: String,
    sk: String,
    registered_by: String,
    /// When the device became the owner's. A token that its owner registers again does not change it.
    since: i64,
}

impl DeviceItem {
    fn read(self) -> Result<(DeviceHash, DeviceOwner), StoreError> {
        let hash = self.pk.strip_prefix(table::DEVICE_PREFIX);
        let hash = hash.ok_or_else(|| StoreError::Malformed("the key of a device".into()))?;
        Ok((DeviceHash(hash.to_owned()), DeviceOwner(self.registered_by)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::stored;

    #[test]
    fn a_device_is_stored_without_its_token_and_its_user() {
        let user = UserId::parse("ea7673ee-c631-4451-9cf2-1426eeca2189").unwrap();
        let item = owned(user, "token", Timestamp::from_millis(1_764_374_400_000)).unwrap();
        assert_eq!(item, stored::item("device"));
        let read = records::read::<DeviceItem>(item).unwrap().read().unwrap();
        assert_eq!(read, (DeviceHash::of("token"), DeviceOwner::of(user, "token")));
    }
}
