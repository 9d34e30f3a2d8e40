//! Erasure. It writes the tombstone first, so that nothing new can be sent or written, and then removes the rest. It
//! can stop anywhere and be continued later: the tombstone and the index still know what must be removed.

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, PutRequest, WriteRequest};
use futures::{FutureExt, StreamExt, TryStreamExt, stream};

use super::{
    Item, Store,
    error::{Refused, StoreError},
    expression::{Action, Condition},
    idempotency, inbox, number,
    owned::{belongings, notification_of},
    precondition::Precondition,
    reads::{BATCH_GET, KeyRange},
    records, retry, rights,
    table::{self, Key},
    user_error::UpdateUserError,
    user_item::{
        CHANNELS, CUSTOM, DISPLAY, ENDPOINTS, ENDPOINTS_CREATED, ERASING, ErasingItem, GROUPS, HANDLES, ORG, QUIET,
        SUPPRESSED, TEAMS, UserItem, attribute,
    },
};
use crate::domain::{Timestamp, UserChange, UserId, suppression::comparable, user::Text, user_change::AllowedUser};

/// The most requests of one `BatchWriteItem`.
pub(super) const BATCH_WRITE: usize = 25;
/// The number of the index's entries that are erased together. Several such groups are erased at the same time.
const ENTRIES_AT_ONCE: usize = 100;
/// The most calls of an erasure that run at the same time.
const PARALLEL: usize = 8;
/// The most tries to write the tombstone, if other erasures of the same user are faster.
const MAX_ROUNDS: u32 = 4;
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
        self.erase_allowed(&AllowedUser::without_rule(id), precondition, now).await
    }

    /// As [`Store::erase_user`], for a caller whose right depends on the stored user: the rule is a part of the first write's
    /// condition. Such a caller cannot finish an erasure that another request left unfinished, because nothing that the rule
    /// asks for is left.
    pub async fn erase_allowed(
        &self,
        user: &AllowedUser,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<(), UpdateUserError> {
        let id = user.id();
        let left = match self.replace_with_tombstone(user, precondition, now).await {
            // A user can have settings and no item.
            Err(UpdateUserError::NotFound) if user.rule().is_none() && self.bury_settings_alone(id, now).await? => {
                return Ok(());
            }
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
        self.clock.sleep(INDEX_DELAY).await;
        self.erase_owned(id).await?;
        // A worker may have loaded a notification before it was removed, and may have written a delivery's record since
        // then.
        let notifications = emptied.iter().filter(|entry| notification_of(&entry.pk).is_some());
        let begun_anew: Vec<_> = notifications.flat_map(belongings).collect();
        let groups: Vec<_> = begun_anew.chunks(BATCH_GET).map(|keys| self.delete_existing(keys.to_vec())).collect();
        stream::iter(groups).buffer_unordered(PARALLEL).try_collect::<()>().await?;
        let done = Condition::Exists(table::ERASED_AT.into());
        match self.update(&Key::user(id), &[Action::Remove(ERASING.into())], &done).await {
            Ok(_) | Err(Refused::Condition(_)) => Ok(()),
            Err(Refused::Error(error)) => Err(error.into()),
        }
    }

    /// Deletes the user's inbox.
    async fn erase_inbox(&self, id: UserId) -> Result<(), StoreError> {
        self.keys(inbox::all(id)).try_for_each_concurrent(PARALLEL, |keys| self.delete_all(keys)).await
    }

    /// Deletes everything that the index lists for the user, and the deliveries of notifications. Returns the index's entries.
    async fn erase_owned(&self, id: UserId) -> Result<Vec<Key>, StoreError> {
        let entries: Vec<_> = self.keys(KeyRange::timeline(table::user_owner(id))).try_concat().await?;
        let groups: Vec<_> = entries.chunks(ENTRIES_AT_ONCE).map(|group| self.erase_entries(group.to_vec())).collect();
        stream::iter(groups).buffer_unordered(PARALLEL).try_collect::<()>().await?;
        Ok(entries)
    }

    /// Deletes the items of these entries, and the deliveries of notifications.
    async fn erase_entries(&self, entries: Vec<Key>) -> Result<(), StoreError> {
        let notifications = entries.iter().filter(|entry| notification_of(&entry.pk).is_some());
        let deliveries = notifications.flat_map(belongings).filter(|key| !entries.contains(key)).collect();
        // The entries go last. If this call fails halfway, only the entries lead to the deliveries that are left.
        self.delete_existing(deliveries).await?;
        self.delete_all(entries).await
    }

    /// Deletes these items, if they exist. A read costs less than a deletion of nothing.
    async fn delete_existing(&self, keys: Vec<Key>) -> Result<(), StoreError> {
        let found = self.existing(keys).await?;
        self.delete_all(found).await
    }

    /// Replaces the user with a tombstone, or finds the tombstone of an erasure that was not finished. Returns what the
    /// erasure still needs.
    ///
    /// The first write marks the user as erased, whatever others write meanwhile. All other writes refuse a marked user. So
    /// nobody changes the user between the mark and the tombstone.
    async fn replace_with_tombstone(
        &self,
        user: &AllowedUser,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<ErasingItem, UpdateUserError> {
        let id = user.id();
        let mut item = self.mark_erased(user, precondition, now).await?;
        for _ in 0..MAX_ROUNDS {
            // A tombstone has no such attribute.
            let is_marked_only = item.contains_key(table::UPDATED_AT);
            let old = UserItem::read(item)?;
            let Some(left) = old.erasing else { return Err(UpdateUserError::Erased) };
            if !is_marked_only {
                return Ok(left);
            }
            // It is not read as an address: one that is refused today may have been stored before, and is freed, too.
            let email = old.email.as_deref().filter(|_| old.owns_email).map(comparable);
            let left = ErasingItem { email };
            if self.put_tombstone(id, &left, old.version, now).await? {
                return Ok(left);
            }
            item = self.get(&Key::user(id)).await?.ok_or(UpdateUserError::NotFound)?;
        }
        Err(StoreError::Unavailable("others keep erasing this user".into()).into())
    }

    /// Marks a user as erased. Returns the item afterwards, or the item that an earlier erasure has left.
    async fn mark_erased(
        &self,
        user: &AllowedUser,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<Item, UpdateUserError> {
        let erasing = AttributeValue::M(records::write(&ErasingItem::default())?);
        let mut actions = vec![
            Action::Set(table::ERASED_AT.into(), number(now.millis())),
            Action::Set(ERASING.into(), erasing),
            Action::Add(table::VERSION.into(), 1),
        ];
        // This write removes the personal data too, so that the mark fits into an item of any size. The email address stays
        // until the tombstone has it.
        let texts = Text::ALL.into_iter().filter(|text| *text != Text::Email).map(attribute);
        let maps =
            [CHANNELS, GROUPS, DISPLAY, QUIET, CUSTOM, HANDLES, ENDPOINTS, ENDPOINTS_CREATED, SUPPRESSED, TEAMS, ORG];
        actions.extend(texts.chain(maps).map(|name| Action::Remove(name.into())));
        let mut all = vec![Condition::Exists(table::PK.into()), Condition::Missing(table::ERASED_AT.into())];
        all.extend(precondition.and_then(Precondition::condition));
        let rule = user.under_rule(UserChange::default());
        all.extend(rights::conditions(&rule));
        let marked_at = number(now.millis());
        let is_own = |item: &Item| item.get(table::ERASED_AT) == Some(&marked_at);
        match self.update_own(&Key::user(user.id()), &actions, &Condition::All(all), &is_own).await {
            Ok(item) => Ok(item),
            Err(Refused::Error(error)) => Err(error.into()),
            Err(Refused::Condition(item)) if item.is_empty() => Err(UpdateUserError::NotFound),
            Err(Refused::Condition(item)) if item.contains_key(table::ERASED_AT) => {
                if user.rule().is_some() {
                    Err(UpdateUserError::Erased)
                } else {
                    Ok(item)
                }
            }
            Err(Refused::Condition(item)) if !rights::hold(&rule, &item) => Err(UpdateUserError::Forbidden),
            Err(Refused::Condition(_)) => Err(UpdateUserError::Stale),
        }
    }

    /// Replaces a marked user with the tombstone. Returns `false` if another erasure was faster.
    async fn put_tombstone(
        &self,
        id: UserId,
        left: &ErasingItem,
        version: u64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut item = Key::user(id).attributes();
        item.insert(table::ERASED_AT.into(), number(now.millis()));
        item.insert(table::VERSION.into(), number(version));
        item.insert(ERASING.into(), AttributeValue::M(records::write(left)?));
        let is_marked = Condition::All(vec![
            Condition::Exists(table::UPDATED_AT.into()),
            Condition::Exists(ERASING.into()),
            Condition::Equals(table::VERSION.into(), number(version)),
        ]);
        self.put_if(item, &is_marked).await
    }

    async fn delete_all(&self, keys: Vec<Key>) -> Result<(), StoreError> {
        let now = self.clock.now();
        let requests = keys.iter().map(|key| removal(key, now)).collect::<Result<Vec<_>, StoreError>>()?;
        let calls: Vec<_> = requests.chunks(BATCH_WRITE).map(|chunk| self.batch_write(chunk.to_vec())).collect();
        stream::iter(calls).buffer_unordered(PARALLEL).try_collect().await
    }

    /// Makes these requests, at most [`BATCH_WRITE`], and repeats those that the table leaves unprocessed.
    pub(super) async fn batch_write(&self, mut requests: Vec<WriteRequest>) -> Result<(), StoreError> {
        for round in 0..BATCH_ROUNDS {
            if round > 0 {
                retry::pause(round, &self.clock, &self.random).await;
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

/// The request that removes the item with this key, and what is kept about the user in it. An idempotency key stays, without
/// its answer.
fn removal(key: &Key, now: Timestamp) -> Result<WriteRequest, StoreError> {
    if let Some(left) = idempotency::after_erasure(key, now)? {
        let put = PutRequest::builder().set_item(Some(left)).build().map_err(StoreError::build)?;
        return Ok(WriteRequest::builder().put_request(put).build());
    }
    let delete = DeleteRequest::builder().set_key(Some(key.attributes())).build().map_err(StoreError::build)?;
    Ok(WriteRequest::builder().delete_request(delete).build())
}
