//! First attempts: the leases of many deliveries by one call.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    attempt::{DeliveryKey, Lease, Started},
    attributes::{ADDRESSES, AT_MILLIS, ATTEMPTS, CHANNEL, LEASE_OWNER, LEASE_UNTIL, STATUS, status},
};
use crate::{
    domain::{DeliveryStatus, Timestamp},
    store::{Item, Store, StoreError, number, string, table},
};

impl Store {
    /// Asks for the leases on deliveries that should have no record yet, none of them twice and at most
    /// [`MAX_INSERTS`](crate::store::MAX_INSERTS) of them. `None`, or a missing answer, where [`Store::claim`] has to say
    /// what becomes of one: there is a record, or the table could not write it just now.
    ///
    /// After an error that is so for each of them. What was written all the same, or by the first try of a call that
    /// the SDK repeats, `claim` knows by its lease.
    ///
    /// Later attempts cannot be asked for like this: PartiQL has no `if_not_exists`, and a batch does not tell reliably
    /// what an item holds that its statement has changed.
    pub async fn claim_first(
        &self,
        claims: &[(DeliveryKey, Lease)],
        now: Timestamp,
    ) -> Result<Vec<Option<Started>>, StoreError> {
        let written = self.insert(claims.iter().map(|(delivery, lease)| record(delivery, lease, now))).await?;
        Ok(written.into_iter().map(|written| written.then(Started::first)).collect())
    }
}

impl Started {
    /// The first attempt of all.
    fn first() -> Self {
        Self { attempts: 1, since_redrive: 1, left_open: false, ambiguous: false, addresses: BTreeMap::new() }
    }
}

/// The record as [`Store::claim`] makes it where there is none.
fn record(delivery: &DeliveryKey, lease: &Lease, now: Timestamp) -> Item {
    let mut item = delivery.key().attributes();
    item.extend([
        (STATUS.to_owned(), status(DeliveryStatus::Sending)),
        (LEASE_OWNER.to_owned(), string(lease.owner.to_string())),
        (LEASE_UNTIL.to_owned(), number(lease.until.millis())),
        (ADDRESSES.to_owned(), AttributeValue::M(Item::new())),
        (ATTEMPTS.to_owned(), number(1)),
        (AT_MILLIS.to_owned(), number(now.millis())),
        (CHANNEL.to_owned(), string(delivery.channel.as_str())),
        (table::EXPIRES_AT.to_owned(), number(delivery.kept_until.seconds())),
    ]);
    item
}
