//! Notifications: they are accepted once, read with their deliveries, and loaded with their users.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
};

use aws_sdk_dynamodb::types::KeysAndAttributes;
use futures::FutureExt;

use super::{
    Action, Item, Key, Refused, Store, StoreError,
    calls::KeyRange,
    expression::Condition,
    number, records, retry,
    sent::{DeliveryItem, NotificationItem},
    string, table,
    user_item::UserItem,
};
use crate::{
    domain::{Channel, Content, Delivery, Notification, NotificationId, Timestamp, UserId, user::UserRecord},
    telemetry,
};

/// The most keys of one `BatchGetItem`.
pub(super) const BATCH_GET: usize = 100;
/// The most calls for one batch of keys, if `BatchGetItem` leaves keys unprocessed.
const BATCH_ROUNDS: u32 = 5;

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

/// A page of a user's notifications, newest first.
#[derive(Debug, Default)]
pub struct NotificationPage {
    /// The notifications of the page that still exist.
    pub notifications: Vec<Tracked>,
    /// The place of the last notification that was looked at, also if it does not exist any more.
    pub last: Option<String>,
    /// Whether there are older notifications.
    pub more: bool,
}

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
        let item = records::write(&NotificationItem::new(notification, request_hash)?)?;
        let vacant = Condition::Any(vec![
            Condition::Missing(table::PK.into()),
            Condition::Below(table::EXPIRES_AT.into(), number(notification.created_at.seconds())),
        ]);
        let old: NotificationItem = match self.put_on(item, &vacant).await {
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
    pub async fn notification(&self, id: NotificationId, now: Timestamp) -> Result<Option<Tracked>, StoreError> {
        whole(self.partition(&table::notification_pk(id)).await?, now)
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

    /// A page of a user's notifications, newest first, each with its deliveries. If `after` is given, only
    /// notifications older than that place. Costs one read of the index, and one call per 100 items.
    pub async fn notifications_of(
        &self,
        id: UserId,
        after: Option<&str>,
        limit: usize,
        now: Timestamp,
    ) -> Result<NotificationPage, StoreError> {
        let owner = table::user_owner(id);
        // A notification's place begins with a digit. All other places of the user in the index begin with a letter.
        let (low, high) = ("0", after.unwrap_or("A"));
        let hash = (table::OWNER, owner.as_str());
        let wanted = KeyRange { index: Some(table::TIMELINE), hash, sort: table::AT, low, high };
        let text = |item: &Item, name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        let mut places: Vec<_> = self
            .query_range(wanted, false, limit.saturating_add(2))
            .await?
            .iter()
            .filter_map(|item| Some((text(item, table::AT)?, text(item, table::PK)?)))
            .filter(|(at, _)| Some(at.as_str()) != after)
            .collect();
        let more = places.len() > limit;
        places.truncate(limit);
        let ids: Vec<_> = places.iter().filter_map(|(_, pk)| notification_of(pk)).collect();
        let keys = ids.iter().flat_map(|id| {
            let deliveries = Channel::ALL.into_iter().map(|channel| Key::delivery(*id, channel));
            std::iter::once(Key::notification(*id)).chain(deliveries)
        });
        let mut items: HashMap<_, Vec<_>> = HashMap::new();
        for keys in keys.map(|key| key.attributes()).collect::<Vec<_>>().chunks(BATCH_GET) {
            for item in self.batch_get(keys.to_vec()).await? {
                items.entry(text(&item, table::PK).unwrap_or_default()).or_default().push(item);
            }
        }
        let read = |id: &NotificationId| whole(items.remove(&table::notification_pk(*id)).unwrap_or_default(), now);
        let found = ids.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let last = places.pop().map(|(at, _)| at);
        Ok(NotificationPage { notifications: found.into_iter().flatten().collect(), last, more })
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
        now: Timestamp,
    ) -> Result<Loaded, StoreError> {
        let keys: Vec<_> = users
            .into_iter()
            .map(Key::user)
            .chain(notifications.into_iter().map(Key::notification))
            .map(|key| key.attributes())
            .collect();
        let mut loaded = Loaded::default();
        for keys in keys.chunks(BATCH_GET) {
            let items = self.batch_get(keys.to_vec()).await?;
            items.into_iter().filter(|item| !is_expired(item, now)).for_each(|item| loaded.add(item));
        }
        Ok(loaded)
    }

    pub(super) async fn batch_get(&self, mut keys: Vec<Item>) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        for round in 0..BATCH_ROUNDS {
            if round > 0 {
                retry::pause(round, &self.random).await;
            }
            let asked = KeysAndAttributes::builder()
                .set_keys(Some(keys))
                .consistent_read(true)
                .build()
                .map_err(StoreError::build)?;
            let call = self.client.batch_get_item().request_items(&self.table, asked);
            let got = call.send().boxed().await.map_err(StoreError::from_sdk)?;
            items.extend(got.responses.unwrap_or_default().into_values().flatten());
            keys =
                got.unprocessed_keys.unwrap_or_default().remove(&self.table).map(|left| left.keys).unwrap_or_default();
            if keys.is_empty() {
                return Ok(items);
            }
        }
        Err(StoreError::Unavailable("the table keeps leaving keys unprocessed".into()))
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

/// The notification and its deliveries, from the items of its partition.
fn whole(items: Vec<Item>, now: Timestamp) -> Result<Option<Tracked>, StoreError> {
    let (mut notification, mut deliveries) = (None, Vec::new());
    for item in items {
        if is_expired(&item, now) {
            continue;
        }
        let sk = item.get(table::SK).and_then(|sk| sk.as_s().ok());
        if sk.is_some_and(|sk| sk.starts_with(table::DELIVERY_PREFIX)) {
            deliveries.push(records::read::<DeliveryItem>(item)?.into());
        } else {
            notification = Some(records::read::<NotificationItem>(item)?.into_notification()?);
        }
    }
    Ok(notification.map(|notification| (notification, deliveries)))
}

fn notification_of(pk: &str) -> Option<NotificationId> {
    pk.strip_prefix("NOTIFICATION#").and_then(NotificationId::parse)
}

/// Whether an item has expired. DynamoDB may remove it days later.
pub(super) fn is_expired(item: &Item, now: Timestamp) -> bool {
    let expires_at = item.get(table::EXPIRES_AT).and_then(|at| at.as_n().ok()).and_then(|at| at.parse::<i64>().ok());
    expires_at.is_some_and(|expires_at| expires_at < now.seconds())
}
