//! Erasure. It writes the tombstone first, so that nothing new can be sent or written, and then removes the rest. It
//! can stop anywhere and be continued later: the tombstone and the index still know what must be removed.

use std::time::Duration;

use aws_sdk_dynamodb::types::{DeleteRequest, WriteRequest};
use futures::FutureExt;

use super::{
    Item, Store,
    error::{Refused, StoreError},
    expression::{Action, Condition},
    number,
    precondition::Precondition,
    records, retry,
    table::{self, Key},
    user_error::UpdateUserError,
    user_item::{ERASING, ErasingItem, UserItem},
};
use crate::domain::{EmailAddress, Timestamp, UserId};

/// The most requests of one `BatchWriteItem`.
const BATCH_WRITE: usize = 25;
/// The number of an inbox's entries that are read at once, to be deleted.
const INBOX_AT_ONCE: usize = 200;
/// The time that the index gets to catch up with the table.
const INDEX_DELAY: Duration = Duration::from_millis(250);
/// The most calls for one batch of requests, if `BatchWriteItem` leaves requests unprocessed.
const BATCH_ROUNDS: u32 = 8;

impl Store {
    /// Erases a user and all data about the user. Only a tombstone is left.
    pub async fn erase_user(
        &self,
        id: UserId,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<(), UpdateUserError> {
        let left = match self.replace_with_tombstone(id, precondition, now).await {
            // A user can have settings and no item.
            Err(UpdateUserError::NotFound) if self.bury_settings_alone(id, now).await? => return Ok(()),
            buried => buried?,
        };
        // The settings are removed after the user's own tombstone is written. So settings are removed that were written
        // while the user still existed.
        self.bury_settings(id, now).await?;
        // The inbox is emptied after the tombstone is written, too, because no entry is written for a user with a
        // tombstone.
        self.erase_inbox(id).await?;
        if let Some(email) = left.email {
            self.free_email(&email, id).await?;
        }
        let emptied = self.erase_owned(id).await?;
        // A change of the table reaches the index a moment later. So the index may only now list notifications that
        // were accepted just before the tombstone was written. The worker empties notifications that are accepted from
        // now on, when it skips them.
        tokio::time::sleep(INDEX_DELAY).await;
        self.erase_owned(id).await?;
        // A worker may have loaded a notification before it was removed, and may have written a delivery's record since
        // then.
        for pk in emptied {
            let items = self.partition(&pk).await?;
            self.delete_all(items).await?;
        }
        let done = Condition::Exists(table::ERASED_AT.into());
        match self.update(&Key::user(id), &[Action::Remove(ERASING.into())], &done).await {
            Ok(_) | Err(Refused::Condition(_)) => Ok(()),
            Err(Refused::Error(error)) => Err(error.into()),
        }
    }

    /// Deletes the user's inbox.
    async fn erase_inbox(&self, id: UserId) -> Result<(), StoreError> {
        loop {
            let items = self.inbox_items(id, None, None, true, INBOX_AT_ONCE).await?;
            let is_last = items.len() < INBOX_AT_ONCE;
            self.delete_all(items).await?;
            if is_last {
                return Ok(());
            }
        }
    }

    /// Deletes the items that the index lists for the user, each with its whole partition. Returns the partitions that
    /// were emptied.
    async fn erase_owned(&self, id: UserId) -> Result<Vec<String>, StoreError> {
        let mut emptied = Vec::new();
        for key in self.timeline(&table::user_owner(id)).await? {
            let pk = key.get(table::PK).and_then(|pk| pk.as_s().ok()).cloned().unwrap_or_default();
            // The dead letters of all users share one partition, so only this one is deleted.
            let items = if pk == table::DEAD_LETTERS { vec![key] } else { self.partition(&pk).await? };
            self.delete_all(items).await?;
            if pk != table::DEAD_LETTERS {
                emptied.push(pk);
            }
        }
        Ok(emptied)
    }

    /// Replaces the user with a tombstone, or finds the tombstone of an erasure that was not finished. Returns what the
    /// erasure still needs.
    async fn replace_with_tombstone(
        &self,
        id: UserId,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<ErasingItem, UpdateUserError> {
        // The tombstone replaces the whole item and has the address that must be freed, so the item is read first. The
        // condition on the version makes sure that the item has not changed since the read.
        for _ in 0..4 {
            let Some(item) = self.get(&Key::user(id)).await? else { return Err(UpdateUserError::NotFound) };
            let old = UserItem::read(item)?;
            if old.erased_at.is_some() {
                return old.erasing.ok_or(UpdateUserError::Erased);
            }
            if precondition.is_some_and(|precondition| !precondition.holds(old.version)) {
                return Err(UpdateUserError::Stale);
            }
            let email = old.email.as_deref().filter(|_| old.owns_email).and_then(EmailAddress::parse);
            let left = ErasingItem { email: email.map(|email| email.unique_form()) };
            if self.put_tombstone(id, &left, old.version, now).await? {
                return Ok(left);
            }
        }
        Err(StoreError::Unavailable("others keep changing this user".into()).into())
    }

    async fn put_tombstone(
        &self,
        id: UserId,
        left: &ErasingItem,
        version: u64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut item = Key::user(id).attributes();
        item.insert(table::ERASED_AT.into(), number(now.millis()));
        item.insert(table::VERSION.into(), number(version + 1));
        let erasing = aws_sdk_dynamodb::types::AttributeValue::M(records::write(left)?);
        item.insert(ERASING.into(), erasing);
        self.put_if(item, &Condition::Equals(table::VERSION.into(), number(version))).await
    }

    async fn delete_all(&self, items: Vec<Item>) -> Result<(), StoreError> {
        let mut requests = Vec::with_capacity(items.len());
        for mut item in items {
            item.retain(|name, _| name == table::PK || name == table::SK);
            let delete = DeleteRequest::builder().set_key(Some(item)).build().map_err(StoreError::build)?;
            requests.push(WriteRequest::builder().delete_request(delete).build());
        }
        for chunk in requests.chunks(BATCH_WRITE) {
            self.batch_write(chunk.to_vec()).await?;
        }
        Ok(())
    }

    async fn batch_write(&self, mut requests: Vec<WriteRequest>) -> Result<(), StoreError> {
        for round in 0..BATCH_ROUNDS {
            if round > 0 {
                retry::pause(round, &self.random).await;
            }
            let call = self.client.batch_write_item().request_items(&self.table, requests);
            let written = call.send().boxed().await.map_err(StoreError::from_sdk)?;
            requests = written.unprocessed_items.unwrap_or_default().remove(&self.table).unwrap_or_default();
            if requests.is_empty() {
                return Ok(());
            }
        }
        Err(StoreError::Unavailable("the table keeps leaving writes unprocessed".into()))
    }
}
