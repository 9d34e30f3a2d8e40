//! First attempts: one call asks for the leases of many deliveries.

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
    /// Asks for the leases on deliveries that should have no record yet. No delivery may be there twice, and there may
    /// be at most [`MAX_INSERTS`](crate::store::MAX_INSERTS) of them. The answers have the order of the claims. If an
    /// answer is `None` or missing, the delivery has a record already, or the table could not write it now: then call
    /// [`Store::claim`] for that delivery.
    ///
    /// After an error, call `claim` for each delivery. The failed call, or its first try, may have written some
    /// records. `claim` recognises them by their leases.
    ///
    /// Later attempts cannot be claimed in this way: PartiQL has no `if_not_exists`, and a batch does not reliably
    /// return the items that its statements have changed.
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
    /// What is known about a delivery's first attempt.
    pub fn first() -> Self {
        Self { attempts: 1, since_redrive: 1, ..Self::default() }
    }
}

/// The record as [`Store::claim`] makes it if there is none.
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
