//! Suppressions. A bounced mail or a complaint makes one, and an operator can remove it. A suppression belongs to an address,
//! whoever has it, and is found by the keyed hash of the address: it survives the erasure of every user and names nobody.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Action, Condition, Item, Key, Refused, Store, StoreError, records, table, user_item::SUPPRESSED};
use crate::domain::{AddressHash, Cause, Suppression, Timestamp, UserId};

impl Store {
    /// Suppresses an address. If it is suppressed already, that suppression stays.
    pub async fn suppress(&self, address: &AddressHash, why: Suppression) -> Result<(), StoreError> {
        let item = records::write(&AddressItem::new(address, why))?;
        self.put_if(item, &Condition::Missing(table::PK.into())).await.map(drop)
    }

    /// The suppressions of those addresses that are suppressed, as they are now: a read unit an address.
    pub async fn suppressed(
        &self,
        addresses: &[AddressHash],
    ) -> Result<BTreeMap<AddressHash, Suppression>, StoreError> {
        read(self.batch_get(addresses.iter().map(Key::suppressed)).await?)
    }

    /// Removes the suppression of an address. Returns `false` if the address was not suppressed.
    pub async fn lift_suppression(&self, address: &AddressHash) -> Result<bool, StoreError> {
        self.delete(&Key::suppressed(address)).await
    }

    /// Removes the suppression of an address (in the form for comparisons) from a user, where suppressions were once stored.
    /// Returns `false` if the address was not suppressed there, or there is no such user.
    pub async fn lift_user_suppression(&self, id: UserId, address: &str) -> Result<bool, StoreError> {
        let path = || [SUPPRESSED, address].into();
        let suppressed = Condition::All(vec![
            Condition::Exists(table::PK.into()),
            Condition::Missing(table::ERASED_AT.into()),
            Condition::Exists(path()),
        ]);
        // The user exists and the suppression does not: our own first try has removed it.
        let is_own = |item: &Item| !item.is_empty() && !item.contains_key(table::ERASED_AT);
        match self.update_own(&Key::user(id), &[Action::Remove(path())], &suppressed, &is_own).await {
            Ok(_) => Ok(true),
            Err(Refused::Error(error)) => Err(error),
            Err(Refused::Condition(_)) => Ok(false),
        }
    }
}

/// The suppressions of these items.
pub(super) fn read(items: Vec<Item>) -> Result<BTreeMap<AddressHash, Suppression>, StoreError> {
    items.into_iter().map(|item| records::read::<AddressItem>(item)?.read()).collect()
}

/// The item of a suppressed address. It does not name the address, and nobody who had it.
#[derive(Debug, Serialize, Deserialize)]
struct AddressItem {
    pk: String,
    sk: String,
    cause: Cause,
    /// Not `at`: that is a key of the index, and a text.
    since: i64,
}

impl AddressItem {
    fn new(address: &AddressHash, why: Suppression) -> Self {
        let Key { pk, sk } = Key::suppressed(address);
        Self { pk, sk, cause: why.cause, since: why.at.millis() }
    }

    fn read(self) -> Result<(AddressHash, Suppression), StoreError> {
        let hash = self.pk.strip_prefix(table::SUPPRESSED_PREFIX);
        let hash = hash.ok_or_else(|| StoreError::Malformed("the key of a suppressed address".into()))?;
        let why = Suppression { cause: self.cause, at: Timestamp::from_millis(self.since) };
        Ok((AddressHash(hash.to_owned()), why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_read_by_its_key_and_holds_no_more_than_the_cause_and_the_time() {
        let address = AddressHash("hash".into());
        let why = Suppression { cause: Cause::Complained, at: Timestamp::from_millis(5) };
        let item = records::write(&AddressItem::new(&address, why)).unwrap();
        let mut names: Vec<_> = item.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["cause", "pk", "since", "sk"]);
        assert_eq!(records::read::<AddressItem>(item).unwrap().read().unwrap(), (address, why));
    }
}
