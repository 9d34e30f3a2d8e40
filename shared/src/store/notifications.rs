//! Notifications: they are accepted once, read with their deliveries, and loaded with their users.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
};

use futures::StreamExt;

use super::{
    Action, Item, Key, Refused, Store, StoreError,
    expression::Condition,
    number,
    owned::{AtOnce, notification_of},
    reads::{KeyRange, text, vacant},
    records,
    sent::{DeliveryItem, NotificationItem},
    string, table,
    user_item::UserItem,
    walk::Walk,
    write::WriteToken,
};
use crate::{
    domain::{Content, Delivery, Notification, NotificationId, Timestamp, UserId, user::UserRecord},
    telemetry,
};

/// The answer to a new notification.
#[derive(Clone, Debug, PartialEq)]
pub enum Accepted {
    /// The notification is new, and was written.
    New,
    /// The same request was accepted before. It wrote this notification.
    Again(Box<Notification>),
    /// Another request with other content has taken the id.
    Conflict,
}

/// A notification and the deliveries that a worker has looked at.
pub type Tracked = (Notification, Vec<Delivery>);

/// The stored data that a worker needs to decide a batch of messages.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Users by id. A missing user never existed.
    pub users: HashMap<UserId, UserRecord>,
    /// Notifications by id. A missing notification does not exist any more.
    pub notifications: HashMap<NotificationId, Notification>,
    /// Users whose items exist and cannot be read. Nothing can be decided about them.
    pub unreadable: HashSet<UserId>,
    /// Notifications whose items exist and cannot be read.
    pub unreadable_notifications: HashSet<NotificationId>,
}

impl Store {
    /// Writes a notification on the condition that it is new.
    pub async fn accept(&self, notification: &Notification, request_hash: &str) -> Result<Accepted, StoreError> {
        let mut item = records::write(&NotificationItem::new(notification, request_hash)?)?;
        // The same request may arrive twice in the same millisecond. It is accepted once, and counted once.
        WriteToken::new(self.random.uuid()).put_into(&mut item);
        let old: NotificationItem = match self.put_on(item, &vacant(notification.created_at)).await {
            Ok(()) => return Ok(Accepted::New),
            Err(Refused::Error(error)) => return Err(error),
            Err(Refused::Condition(item)) => records::read(item)?,
        };
        if old.request_hash != request_hash {
            return Ok(Accepted::Conflict);
        }
        Ok(Accepted::Again(Box::new(old.into_notification()?)))
    }

    /// A notification and the deliveries that a worker has looked at, by channel.
    pub async fn notification(&self, id: NotificationId) -> Result<Option<Tracked>, StoreError> {
        whole(self.partition(&table::notification_pk(id)).await?)
    }

    /// Cancels a notification: deliveries that were not sent yet will not be sent. Returns the notification, or `None`
    /// if there is none.
    pub async fn cancel_notification(
        &self,
        id: NotificationId,
        now: Timestamp,
    ) -> Result<Option<Notification>, StoreError> {
        let actions = [Action::SetIfMissing("cancelled_at".into(), number(now.millis()))];
        let there = Condition::All(vec![
            Condition::Exists(table::PK.into()),
            Condition::AtLeast(table::EXPIRES_AT.into(), number(now.seconds())),
        ]);
        match self.update(&Key::notification(id), &actions, &there).await {
            Ok(item) => records::read::<NotificationItem>(item)?.into_notification().map(Some),
            Err(Refused::Condition(_)) => Ok(None),
            Err(Refused::Error(error)) => Err(error),
        }
    }

    /// A user's notifications, newest first, each with its deliveries. If `after` is given, only notifications older than that
    /// place. The first call to the index asks for `limit` of them, and each further call reads several notifications.
    pub fn notifications_of(&self, id: UserId, after: Option<&str>, limit: usize) -> Walk<'_, Tracked> {
        // A place begins with a digit, that of anything else that is the user's with a letter.
        let range = KeyRange::timeline(table::user_owner(id)).between("0", "A").backward().after(after);
        self.bundles(range, limit, AtOnce::NOTIFICATIONS).map(|found| found?.read(whole)).boxed()
    }

    /// Removes the content and the metadata of a notification whose recipient was erased, before or after it was
    /// accepted. An empty notification is not sent, even if the user is created again.
    pub async fn redact(&self, id: NotificationId) -> Result<(), StoreError> {
        let empty = Content::emptied();
        let empty = serde_json::to_string(&empty).map_err(|_| StoreError::Malformed("a notification's JSON".into()))?;
        let actions = [Action::Set("content".into(), string(empty)), Action::Set("metadata".into(), string("{}"))];
        match self.update(&Key::notification(id), &actions, &Condition::Exists(table::PK.into())).await {
            Ok(_) | Err(Refused::Condition(_)) => Ok(()),
            Err(Refused::Error(error)) => Err(error),
        }
    }

    /// Loads users and notifications together, by strongly consistent reads. Costs one call per 100 keys.
    pub async fn load(
        &self,
        users: impl IntoIterator<Item = UserId>,
        notifications: impl IntoIterator<Item = NotificationId>,
    ) -> Result<Loaded, StoreError> {
        let keys = users.into_iter().map(Key::user).chain(notifications.into_iter().map(Key::notification));
        let keys: Vec<_> = keys.collect();
        let mut loaded = Loaded::default();
        self.batch_get(keys).await?.into_iter().for_each(|item| loaded.add(item));
        Ok(loaded)
    }
}

impl Loaded {
    /// Adds an item. An item that cannot be read is noted separately, because it must not stop the rest of the batch.
    fn add(&mut self, item: Item) {
        let pk = item.get(table::PK).and_then(|pk| pk.as_s().ok()).cloned().unwrap_or_default();
        let read = if let Some(id) = pk.strip_prefix("USER#").and_then(UserId::parse) {
            let record = UserItem::read(item).and_then(UserItem::into_record);
            keep(&mut self.users, &mut self.unreadable, id, record)
        } else if let Some(id) = notification_of(&pk) {
            let notification = records::read::<NotificationItem>(item).and_then(NotificationItem::into_notification);
            keep(&mut self.notifications, &mut self.unreadable_notifications, id, notification)
        } else {
            Err(StoreError::Malformed("a key of no kind that was asked for".into()))
        };
        if let Err(error) = read {
            tracing::error!(pk, error = telemetry::chain(&error), "an item cannot be read");
        }
    }
}

fn keep<I: Copy + Eq + Hash, T>(
    read: &mut HashMap<I, T>,
    unreadable: &mut HashSet<I>,
    id: I,
    item: Result<T, StoreError>,
) -> Result<(), StoreError> {
    match item {
        Ok(item) => {
            read.insert(id, item);
            Ok(())
        }
        Err(error) => {
            unreadable.insert(id);
            Err(error)
        }
    }
}

/// A notification and its deliveries out of the items of its partition.
pub(super) fn whole(items: Vec<Item>) -> Result<Option<Tracked>, StoreError> {
    let (mut notification, mut deliveries) = (None, Vec::new());
    for item in items {
        if text(&item, table::SK).is_some_and(|sk| sk.starts_with(table::DELIVERY_PREFIX)) {
            deliveries.push(records::read::<DeliveryItem>(item)?.into());
        } else {
            notification = Some(records::read::<NotificationItem>(item)?.into_notification()?);
        }
    }
    Ok(notification.map(|notification| (notification, deliveries)))
}
