//! Notifications and their deliveries as they are stored. Never rename a field here: stored data would be lost.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::value::StringDeserializer};

use super::{StoreError, table};
use crate::domain::{
    AddressOutcome, Channel, Content, Delivery, DeliveryStatus, Notification, NotificationId, NotificationSpec, Reason,
    Timestamp, TopicName, UserId,
    exact::{self, ExactError},
};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct NotificationItem {
    pub pk: String,
    pub sk: String,
    /// The index's keys. An erasure finds a user's notifications by these keys.
    pub owner: String,
    pub at: String,
    /// The key of the index that lists all notifications. One that is older than the index has none, and neither has one of a run,
    /// which is listed by its run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recent: Option<String>,
    pub id: NotificationId,
    pub user_id: UserId,
    /// The run is named in the content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    pub channels: Vec<Channel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub opt_in: bool,
    pub critical: bool,
    pub priority: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send_at: Option<i64>,
    /// After this time the notification is not sent any more. It is not `expires_at`, after which the item is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_at: Option<i64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_most_once: bool,
    /// JSON text, so that the sender's text is kept exactly and no number becomes a number of DynamoDB, which has fewer
    /// digits.
    pub content: String,
    pub metadata: String,
    pub request_hash: String,
    pub created_at: i64,
    pub expires_at: i64,
}

fn known<'de, D: serde::Deserializer<'de>>(reason: D) -> Result<Option<Reason>, D::Error> {
    let text = Option::<String>::deserialize(reason)?;
    Ok(text.and_then(|text| Reason::deserialize(StringDeserializer::<D::Error>::new(text)).ok()))
}

#[derive(Debug, Deserialize)]
pub(super) struct DeliveryItem {
    pub channel: Channel,
    pub status: DeliveryStatus,
    /// A reason that this version does not know is none: a later version may have written it.
    #[serde(default, deserialize_with = "known")]
    pub reason: Option<Reason>,
    /// The number of attempts that were begun, without those that turned out to be none.
    #[serde(default)]
    pub attempts: u32,
    /// The value of `attempts` when the last outcome was recorded. If `attempts` is larger, the outcome of the attempts
    /// since then is not known.
    #[serde(default, rename = "recorded")]
    pub attempts_recorded: u32,
    /// The value of `attempts` when the delivery was last given up or held. The budget counts the attempts since then.
    #[serde(default, rename = "base")]
    pub attempts_at_redrive: u32,
    /// How many claims in a row turned out to be no attempt.
    #[serde(default)]
    pub not_tried: u32,
    #[serde(default)]
    pub ambiguous: bool,
    #[serde(default)]
    pub addresses: BTreeMap<String, AddressOutcome>,
    pub provider_message_id: Option<String>,
    /// JSON text.
    pub trace: Option<String>,
    pub lease_until: Option<i64>,
    /// No attempt is begun before this time, in epoch milliseconds.
    pub not_before: Option<i64>,
    pub held_until: Option<i64>,
    /// The index's key, while the index lists the delivery: it is held, or waits long for its next attempt.
    pub owner: Option<String>,
    /// The dead letter's id, if the delivery was given up.
    #[serde(rename = "letter")]
    pub dead_letter_id: Option<String>,
    pub at_millis: i64,
}

impl NotificationItem {
    pub fn new(notification: &Notification, request_hash: &str) -> Result<Self, StoreError> {
        let json = |_: serde_json::Error| StoreError::Malformed("a notification's JSON".into());
        let key = table::Key::notification(notification.id);
        Ok(Self {
            pk: key.pk,
            sk: key.sk,
            owner: table::user_owner(notification.user_id),
            at: table::notification_at(notification.id, notification.created_at),
            recent: notification.run.is_none().then(|| table::recent_part(notification.id)),
            id: notification.id,
            user_id: notification.user_id,
            topic: notification.topic.as_ref().map(ToString::to_string),
            channels: notification.channels.clone(),
            group: notification.group.clone(),
            opt_in: notification.opt_in,
            critical: notification.critical,
            priority: notification.priority,
            send_at: notification.send_at.map(Timestamp::millis),
            not_after: notification.expires_at.map(Timestamp::millis),
            cancelled_at: notification.cancelled_at.map(Timestamp::millis),
            at_most_once: notification.at_most_once,
            content: serde_json::to_string(&notification.content).map_err(json)?,
            metadata: serde_json::to_string(&notification.metadata).map_err(json)?,
            request_hash: request_hash.to_owned(),
            created_at: notification.created_at.millis(),
            expires_at: notification.kept_until.seconds(),
        })
    }

    pub fn into_notification(self) -> Result<Notification, StoreError> {
        let json = |_: ExactError| StoreError::Malformed("a notification's JSON".into());
        let content: Content = exact::stored(&self.content).map_err(json)?;
        let run = if let Content::OfRun(run) = content { Some(run) } else { None };
        let spec = NotificationSpec {
            channels: self.channels,
            group: self.group,
            opt_in: self.opt_in,
            critical: self.critical,
            priority: self.priority,
            content,
            send_at: self.send_at.map(Timestamp::from_millis),
            expires_at: self.not_after.map(Timestamp::from_millis),
            at_most_once: self.at_most_once,
            metadata: exact::stored(&self.metadata).map_err(json)?,
            created_at: Timestamp::from_millis(self.created_at),
            kept_until: Timestamp::from_seconds(self.expires_at),
        };
        Ok(Notification {
            run,
            topic: self.topic.as_deref().and_then(TopicName::parse),
            cancelled_at: self.cancelled_at.map(Timestamp::from_millis),
            ..spec.to(self.id, self.user_id)
        })
    }
}

impl DeliveryItem {
    /// Whether an attempt was begun whose outcome is not known.
    pub fn is_ambiguous(&self) -> bool {
        self.ambiguous || self.status != DeliveryStatus::Sending && self.attempts > self.attempts_recorded
    }
}

impl From<DeliveryItem> for Delivery {
    fn from(item: DeliveryItem) -> Self {
        Self {
            ambiguous: item.is_ambiguous(),
            channel: item.channel,
            status: item.status,
            reason: item.reason,
            attempts: item.attempts,
            addresses: item.addresses,
            provider_message_id: item.provider_message_id,
            held_until: item.held_until.map(Timestamp::from_millis),
            not_before: item.not_before.map(Timestamp::from_millis),
            trace: item.trace.and_then(|trace| serde_json::from_str(&trace).ok()).unwrap_or_default(),
            at: Timestamp::from_millis(item.at_millis),
        }
    }
}
