//! Erasure. It writes the tombstone first, so that nothing new can be sent or written, and then removes the rest. It
//! can stop anywhere and be continued later: the tombstone and the index still know what must be removed.
//!
//! The first write also puts the user on the list of erasures that are not finished. So a request that has no time for all of a
//! large user, or whose process dies, leaves nothing behind: a function goes through the list every minute, and goes on.

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, PutRequest, WriteRequest};
use futures::{FutureExt, StreamExt, TryStreamExt, pin_mut, stream};

use super::{
    Item, Store,
    email::Freed,
    error::{Refused, StoreError},
    expression::{Action, Condition},
    idempotency, inbox, number,
    owned::{belongings, notification_of},
    parts,
    precondition::Precondition,
    reads::{BATCH_GET, KeyRange, text},
    records, retry, rights,
    settings::Buried,
    string, subscription_keys,
    table::{self, Key},
    user_error::UpdateUserError,
    user_item::{
        CHANNELS, CREATED_AT, CUSTOM, DISPLAY, ENDPOINTS, ENDPOINTS_CREATED, ERASING, ErasingItem, GROUPS, HANDLES,
        ORG, QUIET, SUPPRESSED, TEAMS, UserItem, attribute,
    },
    waiting, walk,
};
use crate::{
    domain::{Timestamp, UserChange, UserId, suppression::comparable, user::Text, user_change::AllowedUser},
    erasure_log::LoggedErasure,
};

/// The list of the erasures that are not finished: the `owner` of its parts begins with this.
const ERASURES: &str = "ERASING";
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
pub(super) const BATCH_ROUNDS: u32 = 8;
/// The same for a batch of an erasure. A large user has more than a partition takes in a second, and the batches of an erasure
/// wait for each other. Whoever erases limits the time, and what is left is removed later.
const PATIENT_ROUNDS: u32 = 30;

/// What is left to be removed of an erased user.
#[derive(Debug)]
#[must_use = "it is removed by `end_erasure`"]
pub struct Erasure {
    /// The user.
    pub id: UserId,
    left: ErasingItem,
    at: Timestamp,
    version: u64,
}

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
        // The inbox is emptied after the tombstone is written, too, because no entry is written for a user with a
        // tombstone.
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
        self.unlist_erasure(id, *version).await
    }

    /// At most `most` users of one part of the list whose erasure began before `until` and is not finished, the longest first.
    pub async fn unfinished_erasures(
        &self,
        part: usize,
        until: Timestamp,
        most: usize,
    ) -> Result<Vec<UserId>, StoreError> {
        let range = KeyRange::timeline(parts::partition(ERASURES, part)).between("0", until.to_string());
        let items: Vec<Item> = walk::first(self.walk(range, most, Ok), most).await?;
        let id = |item: &Item| UserId::parse(text(item, table::AT)?.split_once('#')?.1);
        Ok(items.iter().filter_map(id).collect())
    }

    /// Goes on with an erasure that was begun, if it is not finished yet. A user who was created again is left alone.
    pub async fn resume_erasure(&self, id: UserId, now: Timestamp) -> Result<(), UpdateUserError> {
        let item = self.get(&Key::user(id)).await?.unwrap_or_default();
        if !item.contains_key(table::ERASED_AT) {
            return Ok(());
        }
        let version = UserItem::read(item.clone())?.version;
        match self.bury(id, item, now).await {
            // Code of before has finished it, which knows of no list and of no log.
            Err(UpdateUserError::Erased) => {
                self.log_erasure(id, Some(version), now).await?;
                Ok(self.unlist_erasure(id, version).await?)
            }
            erasure => Ok(self.end_erasure(&erasure?).await?),
        }
    }

    /// Puts the tombstone in place of a marked item, and logs the erasure.
    ///
    /// The log has the erasure after the mark, so that it has none that was refused, and before the answer, so that it has each one
    /// that was answered. If it cannot be had, the caller tries again, and so does the list.
    async fn bury(&self, id: UserId, item: Item, now: Timestamp) -> Result<Erasure, UpdateUserError> {
        let at = after_creation(&item, now);
        let erasure = self.replace_with_tombstone(id, item, now).await?;
        self.log_erasure(id, Some(erasure.version), at).await?;
        Ok(erasure)
    }

    /// Notes in the tombstone of that version that nothing is left.
    async fn unlist_erasure(&self, id: UserId, version: u64) -> Result<(), StoreError> {
        let actions = [ERASING, table::OWNER, table::AT].map(|name| Action::Remove(name.into()));
        self.change_tombstone(id, version, table::ERASED_AT, &actions).await
    }

    /// Puts a tombstone on the list that code of before has written, which knows of no list.
    async fn list_erasure(&self, id: UserId, version: u64, now: Timestamp) -> Result<(), StoreError> {
        let actions = waiting::listed_at(erasures_part(id), table::user_at(id, now));
        self.change_tombstone(id, version, ERASING, &actions).await
    }

    /// Changes the tombstone, if it is still of that version and has this attribute.
    async fn change_tombstone(
        &self,
        id: UserId,
        version: u64,
        having: &str,
        actions: &[Action],
    ) -> Result<(), StoreError> {
        let is_it = Condition::All(vec![
            Condition::Exists(having.into()),
            Condition::Equals(table::VERSION.into(), number(version)),
        ]);
        match self.update(&Key::user(id), actions, &is_it).await {
            Ok(_) | Err(Refused::Condition(_)) => Ok(()),
            Err(Refused::Error(error)) => Err(error),
        }
    }

    /// Whether nobody else has finished this erasure. Then the user may have been created again, and what is found for the user may be
    /// new. A later erasure of the same id has another version.
    async fn is_erasing(&self, Erasure { id, version, .. }: &Erasure) -> Result<bool, StoreError> {
        let is_it = |item: &Item| item.contains_key(ERASING) && item.get(table::VERSION) == Some(&number(*version));
        Ok(self.get(&Key::user(*id)).await?.as_ref().is_some_and(is_it))
    }

    /// Logs an erasure, unless this function logs none.
    async fn log_erasure(&self, user: UserId, version: Option<u64>, at: Timestamp) -> Result<(), StoreError> {
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

    /// Replaces a marked user with a tombstone, or finds the tombstone of an erasure that was not finished. `item` is the user's.
    /// Returns what the erasure still needs.
    ///
    /// The mark is the first write, whatever others write meanwhile. All other writes refuse a marked user. So nobody changes the
    /// user between the mark and the tombstone.
    async fn replace_with_tombstone(
        &self,
        id: UserId,
        mut item: Item,
        now: Timestamp,
    ) -> Result<Erasure, UpdateUserError> {
        let erasure = |left, version| Erasure { id, left, at: now, version };
        for _ in 0..MAX_ROUNDS {
            // A tombstone has no such attribute.
            let is_marked_only = item.contains_key(table::UPDATED_AT);
            let is_listed = item.contains_key(table::OWNER);
            let old = UserItem::read(item)?;
            let Some(left) = old.erasing else { return Err(UpdateUserError::Erased) };
            if !is_marked_only {
                if !is_listed {
                    self.list_erasure(id, old.version, now).await?;
                }
                return Ok(erasure(left, old.version));
            }
            // It is not read as an address: one that is refused today may have been stored before, and is freed, too.
            let email = old.email.as_deref().filter(|_| old.owns_email).map(comparable);
            if self.put_tombstone(id, email.as_deref(), old.version, now).await? {
                return Ok(erasure(ErasingItem::default(), old.version));
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
            // From here on, the index lists the user among the erasures, and not among the users.
            Action::Set(table::OWNER.into(), string(erasures_part(user.id()))),
            Action::Set(table::AT.into(), string(table::user_at(user.id(), now))),
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
                    // The caller takes this answer for the end of the erasure, which may not be in the log yet.
                    if item.contains_key(ERASING) {
                        let at = after_creation(&item, now);
                        let version = UserItem::read(item)?.version;
                        self.log_erasure(user.id(), Some(version), at).await?;
                    }
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
    ///
    /// `email` is freed in the same transaction. So whoever hears that the user is erased can use the address, and no process that
    /// is late can free it for a user who was created again.
    async fn put_tombstone(
        &self,
        id: UserId,
        email: Option<&str>,
        version: u64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut item = Key::user(id).attributes();
        item.insert(table::ERASED_AT.into(), number(now.millis()));
        item.insert(table::VERSION.into(), number(version));
        item.insert(ERASING.into(), AttributeValue::M(records::write(&ErasingItem::default())?));
        item.insert(table::OWNER.into(), string(erasures_part(id)));
        item.insert(table::AT.into(), string(table::user_at(id, now)));
        let is_marked = Condition::All(vec![Condition::Exists(table::UPDATED_AT.into()), unfinished(version)]);
        if let Some(email) = email {
            let put = self.put_part(item.clone(), Some(&is_marked))?;
            match self.write_and_free(put, email, id).await? {
                Freed::Done => return Ok(true),
                Freed::Refused => return Ok(false),
                // There is nothing to free.
                Freed::Others => {}
            }
        }
        self.put_if(item, &is_marked).await
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

/// The time of an erasure in the log: `now`, but not before the user was created. The clock of the process that created the user may
/// be ahead, and a user who is newer than the erasure is left alone when it is applied again.
fn after_creation(item: &Item, now: Timestamp) -> Timestamp {
    let created_at = item.get(CREATED_AT).and_then(|at| at.as_n().ok()?.parse().ok());
    created_at.map_or(now, |at| now.max(Timestamp::from_millis(at)))
}

/// The condition that the user's item is of this version and its erasure is not finished.
fn unfinished(version: u64) -> Condition {
    Condition::All(vec![Condition::Exists(ERASING.into()), Condition::Equals(table::VERSION.into(), number(version))])
}

/// The part of the list of erasures in which this user stands.
fn erasures_part(id: UserId) -> String {
    parts::partition(ERASURES, parts::part_of(&id.to_bytes()))
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
