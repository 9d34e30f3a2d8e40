//! Erasure: a tombstone first, so that nothing new can be sent or written, then the rest. It can stop anywhere and be
//! taken up again: what is still to be found stands on the tombstone, or in the index.

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
/// How many entries of an inbox are read before they are deleted.
const INBOX_AT_ONCE: usize = 200;
/// How long the index is given to catch up.
const INDEX_DELAY: Duration = Duration::from_millis(250);
/// How often requests that a `BatchWriteItem` left unprocessed are sent again.
const BATCH_ROUNDS: u32 = 8;

impl Store {
    /// Erases a user and all that is held about them, and leaves the fact of it.
    pub async fn erase_user(
        &self,
        id: UserId,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<(), UpdateUserError> {
        let left = match self.replace_with_tombstone(id, precondition, now).await {
            // Settings are kept for every caller, also for one of whom there is nothing else.
            Err(UpdateUserError::NotFound) if self.bury_settings_alone(id, now).await? => return Ok(()),
            buried => buried?,
        };
        // After the user's own tombstone: who still finds the user there and writes settings is overtaken by this.
        self.bury_settings(id, now).await?;
        // After the tombstone, too: an entry is written only where there is none.
        self.erase_inbox(id).await?;
        if let Some(email) = left.email {
            self.free_email(&email, id).await?;
        }
        let emptied = self.erase_owned(id).await?;
        // The index follows the table a moment later: what was accepted just before the tombstone may only now be in it.
        // What is accepted from here on, the worker empties when it skips it.
        tokio::time::sleep(INDEX_DELAY).await;
        self.erase_owned(id).await?;
        // A worker that had loaded one of them before may just now have begun a delivery's record anew.
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

    /// Deletes what the index knows to be the user's, each with all of its partition; the partitions that were emptied.
    async fn erase_owned(&self, id: UserId) -> Result<Vec<String>, StoreError> {
        let mut emptied = Vec::new();
        for key in self.timeline(&table::user_owner(id)).await? {
            let pk = key.get(table::PK).and_then(|pk| pk.as_s().ok()).cloned().unwrap_or_default();
            // Everybody's dead letters share one partition.
            let items = if pk == table::DEAD_LETTERS { vec![key] } else { self.partition(&pk).await? };
            self.delete_all(items).await?;
            if pk != table::DEAD_LETTERS {
                emptied.push(pk);
            }
        }
        Ok(emptied)
    }

    /// Puts the tombstone over the user, or finds one whose erasure was not finished.
    async fn replace_with_tombstone(
        &self,
        id: UserId,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<ErasingItem, UpdateUserError> {
        // The tombstone takes the place of the whole item and carries the address that is to be freed, so the item is
        // read first; the version makes sure that it is the one that was read.
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
