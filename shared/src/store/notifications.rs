//! Notifications: accepted once, read with their deliveries, loaded with their users.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    operation::put_item::PutItemError,
    types::{KeysAndAttributes, ReturnValuesOnConditionCheckFailure},
};

use super::{
    Item, Key, Store, StoreError,
    expression::{Condition, render},
    number,
    records::{self, DeliveryItem, NotificationItem, UserItem},
    table,
};
use crate::domain::{Delivery, Notification, NotificationId, UserId, user::UserRecord};

/// The most keys of one `BatchGetItem`.
pub(super) const BATCH_GET: usize = 100;
/// How often keys that a `BatchGetItem` left unprocessed are asked for again.
const BATCH_ROUNDS: u32 = 5;

/// How a notification was taken.
#[derive(Clone, Debug, PartialEq)]
pub enum Accepted {
    /// It is new.
    New,
    /// The same request was accepted before; this is what was written then.
    Again(Box<Notification>),
    /// The id is taken by a request that said something else.
    Conflict,
}

/// What a batch of messages needs to be decided.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Users by id; who is missing was never there.
    pub users: HashMap<UserId, UserRecord>,
    /// Notifications by id; what is missing is gone.
    pub notifications: HashMap<NotificationId, Notification>,
}

impl Store {
    /// Writes a notification on the condition that it is new.
    pub async fn accept(&self, notification: &Notification, request_hash: &str) -> Result<Accepted, StoreError> {
        let item = records::write(&NotificationItem::new(notification, request_hash)?)?;
        let vacant = Condition::Any(vec![
            Condition::Missing(table::PK.into()),
            Condition::Below(table::EXPIRES_AT.into(), number(notification.created_at.seconds())),
        ]);
        let rendered = render(&[], Some(&vacant));
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .set_condition_expression(rendered.condition)
            .set_expression_attribute_names(rendered.names)
            .set_expression_attribute_values(rendered.values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = put else { return Ok(Accepted::New) };
        let Some(PutItemError::ConditionalCheckFailedException(refusal)) = error.as_service_error() else {
            return Err(StoreError::from_sdk(error));
        };
        let old: NotificationItem = records::read(refusal.item().cloned().unwrap_or_default())?;
        if old.request_hash != request_hash {
            return Ok(Accepted::Conflict);
        }
        Ok(Accepted::Again(Box::new(old.into_notification()?)))
    }

    /// A notification and the deliveries that a worker has looked at, by channel.
    pub async fn notification(&self, id: NotificationId) -> Result<Option<(Notification, Vec<Delivery>)>, StoreError> {
        let (mut notification, mut deliveries) = (None, Vec::new());
        for item in self.partition(&table::notification_pk(id)).await? {
            let sk = item.get(table::SK).and_then(|sk| sk.as_s().ok());
            if sk.is_some_and(|sk| sk.starts_with(table::DELIVERY_PREFIX)) {
                deliveries.push(records::read::<DeliveryItem>(item)?.into());
            } else {
                notification = Some(records::read::<NotificationItem>(item)?.into_notification()?);
            }
        }
        Ok(notification.map(|notification| (notification, deliveries)))
    }

    /// Loads users and notifications together, strongly consistent, one call per 100 keys.
    pub async fn load(
        &self,
        users: impl IntoIterator<Item = UserId>,
        notifications: impl IntoIterator<Item = NotificationId>,
    ) -> Result<Loaded, StoreError> {
        let keys: Vec<_> = users
            .into_iter()
            .map(Key::user)
            .chain(notifications.into_iter().map(Key::notification))
            .map(|key| key.attributes())
            .collect();
        let mut loaded = Loaded::default();
        for keys in keys.chunks(BATCH_GET) {
            for item in self.batch_get(keys.to_vec()).await? {
                loaded.add(item)?;
            }
        }
        Ok(loaded)
    }

    pub(super) async fn batch_get(&self, mut keys: Vec<Item>) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        for round in 0..BATCH_ROUNDS {
            if round > 0 {
                tokio::time::sleep(std::time::Duration::from_millis(20 << round)).await;
            }
            let asked = KeysAndAttributes::builder()
                .set_keys(Some(keys))
                .consistent_read(true)
                .build()
                .map_err(StoreError::build)?;
            let got = self
                .client
                .batch_get_item()
                .request_items(&self.table, asked)
                .send()
                .await
                .map_err(StoreError::from_sdk)?;
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
    fn add(&mut self, item: Item) -> Result<(), StoreError> {
        let pk = item.get(table::PK).and_then(|pk| pk.as_s().ok()).cloned().unwrap_or_default();
        if let Some(id) = pk.strip_prefix("USER#").and_then(UserId::parse) {
            self.users.insert(id, records::read::<UserItem>(item)?.into_record()?);
        } else {
            let notification = records::read::<NotificationItem>(item)?.into_notification()?;
            self.notifications.insert(notification.id, notification);
        }
        Ok(())
    }
}
