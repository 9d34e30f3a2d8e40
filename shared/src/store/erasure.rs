//! Erasure. It writes the tombstone first, so that nothing new can be sent or written, and then removes the rest. It
//! can stop anywhere and be continued later: the tombstone and the index still know what must be removed.
//!
//! The first write also puts the user on the list of erasures that are not finished. So a request that has no time for all of a
//! large user, or whose process dies, leaves nothing behind: a function goes through the list every minute, and goes on. Half an hour after
//! its end each erasure is looked at once more.

use std::time::Duration;

use aws_sdk_dynamodb::types::{DeleteRequest, PutRequest, WriteRequest};
use futures::{FutureExt, StreamExt, TryStreamExt, pin_mut, stream};

use super::{
    Item, Store,
    email::Freed,
    error::StoreError,
    idempotency, inbox, number,
    owned::{belongings, notification_of},
    parts,
    precondition::Precondition,
    reads::{BATCH_GET, KeyRange, key, text},
    retry,
    settings::Buried,
    subscription_keys,
    subscriptions::is_as_seen,
    table::{self, Key},
    tombstone::{ERASURES, Erasure, SECOND_LOOK, SECOND_LOOKS, after_creation, unfinished},
    user_error::UpdateUserError,
    user_item::{ERASING, ErasingItem, UserItem},
    walk::{self, Found},
};
use crate::{
    domain::{Timestamp, UserId, user_change::AllowedUser},
    erasure_log::LoggedErasure,
};

/// The most requests of one `BatchWriteItem`.
pub(super) const BATCH_WRITE: usize = 25;
/// The number of the index's entries that are erased together. Several such groups are erased at the same time.
const ENTRIES_AT_ONCE: usize = 100;
/// The most calls of an erasure that run at the same time.
const PARALLEL: usize = 8;
/// The time that the index gets to catch up with the table.
const INDEX_DELAY: Duration = Duration::from_millis(250);
/// The most calls for one batch of requests, if `BatchWriteItem` leaves requests unprocessed.
pub(super) const BATCH_ROUNDS: u32 = 8;
/// The same for a batch of an erasure. A large user has more than a partition takes in a second, and the batches of an erasure
/// wait for each other. Whoever erases limits the time, and what is left is removed later.
const PATIENT_ROUNDS: u32 = 30;

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
        match self.begin_erasure(user, precondition, now).await? {
            Some(erasure) => Ok(self.end_erasure(&erasure).await?),
            None => Ok(()),
        }
    }

    /// Writes the tombstone of [`Store::erase_allowed`]: from then on the user is erased for everybody, and what is left to be
    /// removed will be removed, whatever becomes of this process. Returns what is left; `None` if nothing is.
    pub async fn begin_erasure(
        &self,
        user: &AllowedUser,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<Option<Erasure>, UpdateUserError> {
        let id = user.id();
        match self.mark_erased(user, precondition, now).await {
            // A user can have settings and no item.
            Err(UpdateUserError::NotFound) if user.rule().is_none() => {
                let buried = self.bury_settings_alone(id, now).await?;
                if buried == Buried::Nothing {
                    return Err(UpdateUserError::NotFound);
                }
                // Also if they were buried before: that request may not have reached the log. A line that is there twice means
                // the same.
                self.log_erasure(id, None, now).await?;
                if buried == Buried::Now { Ok(None) } else { Err(UpdateUserError::NotFound) }
            }
            // The caller's right depends on what is gone.
            Err(UpdateUserError::Erased) => {
                self.erase_forgotten_subscriptions(id).await?;
                Err(UpdateUserError::Erased)
            }
            marked => self.bury(id, marked?, now).await.map(Some),
        }
    }

    /// Removes all that is left of an erased user. It may be dropped at any time, and done again.
    pub async fn end_erasure(&self, erasure: &Erasure) -> Result<(), StoreError> {
        let Erasure { id, left: ErasingItem { email }, at, version } = erasure;
        let id = *id;
        if !self.is_erasing(erasure).await? {
            return Ok(());
        }
        // Only a tombstone of before has an address: today's frees it in the same transaction. It comes first, because the
        // request is answered as done even if the table is too busy for the rest.
        if let Some(email) = email {
            let check = self.check_part(&Key::user(id), &unfinished(*version))?;
            match self.write_and_free(check, email, id).await? {
                Freed::Done | Freed::Others => {}
                // Somebody else has finished it, and the address may be a new user's of the same id.
                Freed::Refused => return Ok(()),
            }
        }
        // The settings are removed after the user's own tombstone is written. So settings are removed that were written
        // while the user still existed.
        self.bury_settings(id, *at).await?;
        // The inbox is emptied after the tombstone is written, too: who writes an entry afterwards sees the tombstone, and takes it back.
        self.erase_inbox(erasure).await?;
        self.erase_subscriptions(erasure).await?;
        let Some(last) = self.erase_owned(erasure).await? else { return Ok(()) };
        // A change of the table reaches the index a moment later. So the index may only now list notifications that
        // were accepted just before the tombstone was written. The worker empties notifications that are accepted from
        // now on, when it skips them.
        self.clock.sleep(INDEX_DELAY).await;
        // A request that read the user just before the tombstone was written may have written a subscription since. It looks at the user
        // again, unless its process has died.
        self.erase_subscriptions(erasure).await?;
        if self.erase_owned(erasure).await?.is_none() {
            return Ok(());
        }
        self.erase_begun_anew(&last).await?;
        self.list_second_look(id, *version, self.clock.now()).await
    }

    /// At most `most` users of one part of the list, the longest first, whose erasure began before `until` and is not finished.
    pub async fn unfinished_erasures(
        &self,
        part: usize,
        until: Timestamp,
        most: usize,
    ) -> Result<Vec<UserId>, StoreError> {
        self.erased_users(ERASURES, part, until, most).await
    }

    /// At most `most` users of one part of the list, the longest first, whose erasure had its second look due before `until`.
    pub async fn second_looks(&self, part: usize, until: Timestamp, most: usize) -> Result<Vec<UserId>, StoreError> {
        self.erased_users(SECOND_LOOKS, part, until, most).await
    }

    async fn erased_users(
        &self,
        list: &str,
        part: usize,
        until: Timestamp,
        most: usize,
    ) -> Result<Vec<UserId>, StoreError> {
        let range = KeyRange::timeline(parts::partition(list, part)).between("0", until.to_string());
        let items: Vec<Item> = walk::first(self.walk(range, most, Ok), most).await?;
        let id = |item: &Item| UserId::parse(text(item, table::AT)?.split_once('#')?.1);
        Ok(items.iter().filter_map(id).collect())
    }

    /// Goes on with an erasure that was begun, if it is not finished yet, or looks again whether it has left anything, if that is due. A user
    /// who was created again is left alone.
    pub async fn resume_erasure(&self, id: UserId, now: Timestamp) -> Result<(), UpdateUserError> {
        let item = self.get(&Key::user(id)).await?.unwrap_or_default();
        if !item.contains_key(table::ERASED_AT) {
            return Ok(());
        }
        let version = UserItem::read(item.clone())?.version;
        if item.contains_key(SECOND_LOOK) {
            // Whoever has read the list may have read an earlier state of this user.
            if text(&item, table::AT).and_then(due_at).is_some_and(|due| due > now) {
                return Ok(());
            }
            self.look_again(id).await?;
            return Ok(self.unlist_erasure(id, version).await?);
        }
        match self.bury(id, item, now).await {
            // Code of before has finished it, which knows of no list and of no log.
            Err(UpdateUserError::Erased) => {
                self.log_erasure(id, Some(version), now).await?;
                Ok(self.unlist_erasure(id, version).await?)
            }
            erasure => Ok(self.end_erasure(&erasure?).await?),
        }
    }

    /// Removes what was written since the erasure has ended, if there is a tombstone still.
    pub(super) async fn look_again(&self, id: UserId) -> Result<(), StoreError> {
        self.erase_forgotten_subscriptions(id).await?;
        self.erase_forgotten_inbox(id).await
    }

    /// Puts the tombstone in place of a marked item, and logs the erasure.
    ///
    /// The log has the erasure after the mark, so that it has none that was refused, and before the answer, so that it has each one
    /// that was answered. If it cannot be had, the caller tries again, and so does the list.
    async fn bury(&self, id: UserId, item: Item, now: Timestamp) -> Result<Erasure, UpdateUserError> {
        let at = after_creation(&item, now);
        let erasure = match self.replace_with_tombstone(id, item, now).await {
            Err(UpdateUserError::Erased) => {
                self.erase_forgotten_subscriptions(id).await?;
                return Err(UpdateUserError::Erased);
            }
            erasure => erasure?,
        };
        self.log_erasure(id, Some(erasure.version), at).await?;
        Ok(erasure)
    }

    /// Whether nobody else has finished this erasure. Then the user may have been created again, and what is found for the user may be
    /// new. A later erasure of the same id has another version.
    async fn is_erasing(&self, Erasure { id, version, .. }: &Erasure) -> Result<bool, StoreError> {
        let is_it = |item: &Item| item.contains_key(ERASING) && item.get(table::VERSION) == Some(&number(*version));
        Ok(self.get(&Key::user(*id)).await?.as_ref().is_some_and(is_it))
    }

    /// Whether there is a tombstone in the user's place.
    async fn is_erased(&self, id: UserId) -> Result<bool, StoreError> {
        Ok(self.get(&Key::user(id)).await?.is_some_and(|user| user.contains_key(table::ERASED_AT)))
    }

    /// Logs an erasure, unless this function logs none.
    pub(super) async fn log_erasure(
        &self,
        user: UserId,
        version: Option<u64>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(log) = &self.erasures else { return Ok(()) };
        log.add(&LoggedErasure { user, at, version }).await.map_err(|error| {
            if error.is_passing() { StoreError::Unavailable(error.into()) } else { StoreError::Failed(error.into()) }
        })
    }

    /// Deletes the user's inbox.
    async fn erase_inbox(&self, erasure: &Erasure) -> Result<(), StoreError> {
        let delete = async |keys| if self.is_erasing(erasure).await? { self.delete_all(keys).await } else { Ok(()) };
        self.keys(inbox::all(erasure.id)).try_for_each_concurrent(PARALLEL, delete).await
    }

    /// Deletes the user's subscriptions.
    async fn erase_subscriptions(&self, erasure: &Erasure) -> Result<(), StoreError> {
        let delete = async |keys| if self.is_erasing(erasure).await? { self.delete_all(keys).await } else { Ok(()) };
        self.keys(subscription_keys::all_of(erasure.id)).try_for_each_concurrent(PARALLEL, delete).await
    }

    /// Deletes entries of the inbox of a user whose erasure has ended: a worker that died may have written one since, and has not looked at
    /// the user again.
    async fn erase_forgotten_inbox(&self, id: UserId) -> Result<(), StoreError> {
        let delete = async |keys: Vec<Key>| {
            // It is asked after the page was read: what a user gets who was created again meanwhile is not on it.
            if keys.is_empty() || !self.is_erased(id).await? { Ok(()) } else { self.delete_all(keys).await }
        };
        self.keys(inbox::all(id)).try_for_each_concurrent(PARALLEL, delete).await
    }

    /// Deletes the subscriptions of a user whose erasure has ended: code of before knows of none.
    async fn erase_forgotten_subscriptions(&self, id: UserId) -> Result<(), StoreError> {
        let delete = async |page: Vec<Found<Item>>| {
            // It is asked after the page was read: what a user has who was created again meanwhile is not on it, or has another time.
            if page.is_empty() || !self.is_erased(id).await? {
                return Ok(());
            }
            for item in page.into_iter().filter_map(|found| found.item) {
                let Some(key) = key(&item) else { continue };
                self.delete_if(&key, &is_as_seen(Some(&item))).await?;
            }
            Ok::<_, StoreError>(())
        };
        let all = subscription_keys::all_of(id);
        self.walk_pages(all, ENTRIES_AT_ONCE, Ok).try_for_each_concurrent(PARALLEL, delete).await
    }

    /// Deletes everything that the index lists for the user, and the deliveries of notifications, page by page: however many there
    /// are, what was deleted need not be found again. Returns the entries of the last page; `None` if somebody else has finished
    /// the erasure meanwhile.
    async fn erase_owned(&self, erasure: &Erasure) -> Result<Option<Vec<Key>>, StoreError> {
        let pages = self.keys(KeyRange::timeline(table::user_owner(erasure.id)));
        pin_mut!(pages);
        let mut last = Vec::new();
        while let Some(page) = pages.try_next().await? {
            // It is asked after the page was read: what is created for a new user later is not on it.
            if !self.is_erasing(erasure).await? {
                return Ok(None);
            }
            let groups: Vec<_> = page.chunks(ENTRIES_AT_ONCE).map(|group| self.erase_entries(group.to_vec())).collect();
            stream::iter(groups).buffer_unordered(PARALLEL).try_collect::<()>().await?;
            self.erase_begun_anew(&last).await?;
            last = page;
        }
        Ok(Some(last))
    }

    /// Deletes what is there again of these entries' notifications: a worker may have loaded one before it was removed, and may
    /// have written a delivery's record since then.
    async fn erase_begun_anew(&self, entries: &[Key]) -> Result<(), StoreError> {
        let notifications = entries.iter().filter(|entry| notification_of(&entry.pk).is_some());
        let begun_anew: Vec<_> = notifications.flat_map(belongings).collect();
        let groups: Vec<_> = begun_anew.chunks(BATCH_GET).map(|keys| self.delete_existing(keys.to_vec())).collect();
        stream::iter(groups).buffer_unordered(PARALLEL).try_collect().await
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

    async fn delete_all(&self, keys: Vec<Key>) -> Result<(), StoreError> {
        let now = self.clock.now();
        let requests = keys.iter().map(|key| removal(key, now)).collect::<Result<Vec<_>, StoreError>>()?;
        let calls: Vec<_> =
            requests.chunks(BATCH_WRITE).map(|chunk| self.batch_write(chunk.to_vec(), PATIENT_ROUNDS)).collect();
        stream::iter(calls).buffer_unordered(PARALLEL).try_collect().await
    }

    /// Makes these requests, at most [`BATCH_WRITE`], by at most so many calls: it repeats what the table had no room for. The table
    /// says so request by request, and by an error if it had room for none of them
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html>).
    pub(super) async fn batch_write(&self, mut requests: Vec<WriteRequest>, rounds: u32) -> Result<(), StoreError> {
        for round in 0..rounds {
            if round > 0 {
                retry::pause(round, &self.clock, &self.random).await;
            }
            let call = self.client.batch_write_item().request_items(&self.table, requests.clone());
            match call.send().boxed().await.map_err(StoreError::from_sdk) {
                Ok(written) => {
                    requests = written.unprocessed_items.unwrap_or_default().remove(&self.table).unwrap_or_default();
                }
                Err(error) if error.is_throttled() => {}
                Err(error) => return Err(error),
            }
            if requests.is_empty() {
                return Ok(());
            }
        }
        Err(StoreError::Unavailable("the table keeps leaving writes unprocessed".into()))
    }
}

/// When the list has the user at this place.
fn due_at(place: &str) -> Option<Timestamp> {
    Timestamp::parse(place.split_once('#')?.0)
}

/// The request that removes the item with this key, and what is kept about the user in it. An idempotency key stays, without
/// its answer.
fn removal(key: &Key, now: Timestamp) -> Result<WriteRequest, StoreError> {
    if let Some(left) = idempotency::after_erasure(key, now)? {
        let put = PutRequest::builder().set_item(Some(left)).build().map_err(StoreError::build)?;
        return Ok(WriteRequest::builder().put_request(put).build());
    }
    deletion(key)
}

/// The request that deletes the item with this key.
pub(super) fn deletion(key: &Key) -> Result<WriteRequest, StoreError> {
    let delete = DeleteRequest::builder().set_key(Some(key.attributes())).build().map_err(StoreError::build)?;
    Ok(WriteRequest::builder().delete_request(delete).build())
}
