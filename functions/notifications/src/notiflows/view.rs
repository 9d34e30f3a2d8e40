//! Contract 3's notification and its deliveries.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::{Map, Value};
use shared::{
    dialects::notiflows::{
        notiflow_id,
        user::{Readable, UserView},
    },
    domain::{
        AddressState, Channel, ChannelType, Content, Delivery, InboxEntry, NotificationId, Reason, Timestamp, User,
    },
    http::openapi::{Open, not_null},
    store::ListedNotification,
};
use uuid::Uuid;

use super::{
    id::DeliveryId,
    origin::Origin,
    reader::Reader,
    status::{DeliveryStatus, NotificationStatus},
};

/// A notification.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "NotiflowsNotification")]
pub struct NotificationView {
    id: NotificationId,
    /// The id of its kind, which is a UUIDv5 of the handle.
    #[schemars(with = "String", extend("format" = "uuid"))]
    notiflow_id: Uuid,
    /// Its kind; `none` if it has none.
    notiflow_handle: String,
    /// The run that has made it; its own id if no run has.
    #[schemars(with = "String", extend("format" = "uuid"))]
    notiflow_run_id: Uuid,
    /// The recipient, as much as the key may read. `null`: there is no such user.
    recipient: Option<Readable<UserView>>,
    /// The user whose doing it tells of.
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<Readable<UserView>>,
    /// The variables of its template.
    #[schemars(with = "Open")]
    data: Map<String, Value>,
    /// The topic to whose subscribers it was sent.
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
    status: NotificationStatus,
    /// When its last delivery was finished.
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    processed_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// Only when a single notification is read.
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    deliveries: Option<Vec<DeliveryView>>,
}

/// A notification on one channel.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "NotiflowsDelivery")]
pub struct DeliveryView {
    /// The notification's id, a full stop and the channel type.
    id: String,
    notification_id: NotificationId,
    #[schemars(with = "String", extend("format" = "uuid"))]
    notiflow_id: Uuid,
    notiflow_handle: String,
    /// The configured channel by which it was sent, or tried.
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_id: Option<String>,
    #[schemars(with = "TypeName")]
    channel_type: &'static str,
    /// The recipient, as much as the key may read. `null`: there is no such user.
    recipient: Option<Readable<UserView>>,
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<Readable<UserView>>,
    /// What was rendered, as long as the inbox keeps it.
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Rendered>,
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
    status: DeliveryStatus,
    /// Why it was not sent, or what it waits for.
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_at: Option<Timestamp>,
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    read_at: Option<Timestamp>,
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// What an inbox has of a notification.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "NotiflowsRendered")]
struct Rendered {
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    body: String,
    #[schemars(with = "Open")]
    #[serde(skip_serializing_if = "Map::is_empty")]
    data: Map<String, Value>,
}

/// The names of the channel types.
struct TypeName;

impl JsonSchema for TypeName {
    fn schema_name() -> Cow<'static, str> {
        "ChannelType".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "enum": ChannelType::ALL.map(ChannelType::as_str)})
    }
}

impl Reader<'_> {
    /// A notification of a list.
    pub fn notification(&self, listed: &ListedNotification) -> NotificationView {
        let ListedNotification { notification, deliveries, .. } = listed;
        let Origin { handle, run, topic } = notification.into();
        let status = NotificationStatus::of(notification, deliveries);
        let last = deliveries.iter().map(|delivery| delivery.at).max();
        let is_over = matches!(status, NotificationStatus::Failed | NotificationStatus::Processed);
        let updated_at = [last, notification.cancelled_at].into_iter().flatten().max();
        NotificationView {
            id: notification.id,
            notiflow_id: notiflow_id(self.namespace, handle),
            notiflow_handle: handle.to_owned(),
            notiflow_run_id: run,
            recipient: self.user(listed.recipient.as_ref()),
            actor: self.user(listed.actor.as_ref()),
            data: match &notification.content {
                Content::Template { variables, .. } => variables.clone(),
                Content::Inline { .. } | Content::OfRun(_) => Map::new(),
            },
            topic: topic.map(str::to_owned),
            status,
            processed_at: last.filter(|_| is_over),
            created_at: notification.created_at,
            updated_at: updated_at.unwrap_or(notification.created_at).max(notification.created_at),
            deliveries: None,
        }
    }

    /// A notification with its deliveries.
    pub fn whole(&self, listed: &ListedNotification) -> NotificationView {
        let deliveries = channels(listed).map(|channel| self.delivery(listed, channel));
        NotificationView { deliveries: Some(deliveries.collect()), ..self.notification(listed) }
    }

    /// The delivery on a channel of the notification. One without a record waits since the notification was accepted.
    pub fn delivery(&self, listed: &ListedNotification, channel: Channel) -> DeliveryView {
        let ListedNotification { notification, inbox_entry, .. } = listed;
        let delivery = looked_at(listed, channel);
        let Origin { handle, run: _, topic } = notification.into();
        let status = delivery.map_or(DeliveryStatus::Pending, |delivery| delivery.status.into());
        let at = delivery.map(|delivery| delivery.at);
        let entry = inbox_entry.as_ref().filter(|_| channel == Channel::InApp);
        DeliveryView {
            id: DeliveryId { notification: notification.id, channel }.to_string(),
            notification_id: notification.id,
            notiflow_id: notiflow_id(self.namespace, handle),
            notiflow_handle: handle.to_owned(),
            channel_id: delivery.and_then(channel_id).map(str::to_owned),
            channel_type: ChannelType::Of(channel).as_str(),
            recipient: self.user(listed.recipient.as_ref()),
            actor: self.user(listed.actor.as_ref()),
            data: entry.map(Rendered::from),
            topic: topic.map(str::to_owned),
            status,
            reason: delivery.and_then(|delivery| delivery.reason),
            sent_at: at.filter(|_| status == DeliveryStatus::Sent),
            read_at: entry.and_then(|entry| entry.read_at),
            archived_at: entry.and_then(|entry| entry.archived_at),
            created_at: notification.created_at,
            updated_at: at.unwrap_or(notification.created_at).max(notification.created_at),
        }
    }

    fn user(&self, user: Option<&User>) -> Option<Readable<UserView>> {
        user.map(|user| Readable::by(self.caller, user, UserView::from(user)))
    }
}

impl From<&InboxEntry> for Rendered {
    fn from(entry: &InboxEntry) -> Self {
        Self { title: entry.title.clone(), body: entry.body.clone(), data: entry.data.clone() }
    }
}

/// The channels of a notification, in the order in which its deliveries are listed.
pub fn channels(listed: &ListedNotification) -> impl Iterator<Item = Channel> {
    Channel::ALL.into_iter().filter(|channel| listed.notification.channels.contains(channel))
}

/// The delivery on that channel, if a worker has looked at it.
pub fn looked_at(listed: &ListedNotification, channel: Channel) -> Option<&Delivery> {
    listed.deliveries.iter().find(|delivery| delivery.channel == channel)
}

/// The configured channel by which a delivery was sent; if it was not, one by which it was tried.
pub fn channel_id(delivery: &Delivery) -> Option<&str> {
    let all = || delivery.addresses.values();
    let sent = all().find(|address| address.state == AddressState::Sent);
    sent.or_else(|| all().next()).map(|address| address.channel_id.as_str())
}
