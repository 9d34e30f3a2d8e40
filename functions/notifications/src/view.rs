//! A notification as the API shows it: the state of each channel.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use shared::{
    domain::{
        AddressOutcome, Channel, Delivery, DeliveryStatus, Notification, NotificationId, Reason, Timestamp, UserId,
        decide::Step, delivery::overall,
    },
    http::openapi::not_null,
    store::Tracked,
};

/// A notification and the state of its deliveries.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Notification")]
pub struct NotificationView {
    notification_id: NotificationId,
    user_id: UserId,
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    /// The state of a delivery that is still under way, or else the best final state of a delivery.
    status: DeliveryStatus,
    created_at: Timestamp,
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    send_at: Option<Timestamp>,
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    cancelled_at: Option<Timestamp>,
    deliveries: Vec<DeliveryView>,
}

/// The state of a notification on one channel.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Delivery")]
struct DeliveryView {
    channel: Channel,
    status: DeliveryStatus,
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    /// The number of attempts so far. It goes on counting after a redrive.
    attempts: u32,
    /// `true` if an attempt has an unknown outcome.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    ambiguous: bool,
    /// The key is the first 16 hexadecimal digits of SHA-256 over the channel's id, a line feed and the address.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    addresses: BTreeMap<String, AddressOutcome>,
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_message_id: Option<String>,
    /// The version of the template that the content was last rendered with. The template's versions are listed for as long as they
    /// are kept.
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    template_version: Option<u64>,
    /// When the delivery is decided again; if it is paused, at the latest.
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    held_until: Option<Timestamp>,
    /// When a delivery that is `retrying` or `held` is tried next; if it is paused, at the latest. It is decided again at that
    /// time. Missing while an attempt is being made.
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt_at: Option<Timestamp>,
    /// When the delivery entered this state.
    at: Timestamp,
    /// The rules of the last decision, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    trace: Vec<Step>,
}

/// The notification as it stands at `now`. A channel without a record has been queued since the notification was
/// accepted.
pub fn view((notification, looked_at): Tracked, now: Timestamp) -> NotificationView {
    let delivery = |channel: &Channel| {
        looked_at
            .iter()
            .find(|delivery| delivery.channel == *channel)
            .cloned()
            .unwrap_or_else(|| waiting(*channel, &notification, now))
    };
    let deliveries: Vec<_> = notification.channels.iter().map(delivery).map(shown).collect();
    NotificationView {
        notification_id: notification.id,
        user_id: notification.user_id,
        group: notification.group,
        status: overall(&deliveries),
        created_at: notification.created_at,
        send_at: notification.send_at,
        expires_at: notification.expires_at,
        cancelled_at: notification.cancelled_at,
        deliveries: deliveries.into_iter().map(Into::into).collect(),
    }
}

/// A delivery without a record. SQS may delay its message until `send_at`.
fn waiting(channel: Channel, notification: &Notification, now: Timestamp) -> Delivery {
    let queued = Delivery::queued(channel, notification.created_at);
    match notification.send_at.filter(|at| *at > now) {
        None => queued,
        Some(at) => {
            let (status, reason) = (DeliveryStatus::Held, Some(Reason::NotYetDue));
            Delivery { status, reason, held_until: Some(at), ..queued }
        }
    }
}

/// A sender cannot act on the fact that a worker is sending at this moment: the delivery shows as queued, or as between
/// two attempts.
fn shown(delivery: Delivery) -> Delivery {
    let status = match delivery.status {
        DeliveryStatus::Sending if delivery.attempts > 1 => DeliveryStatus::Retrying,
        DeliveryStatus::Sending => DeliveryStatus::Queued,
        status => status,
    };
    Delivery { status, ..delivery }
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        let held_until = delivery.held_until.filter(|_| delivery.status == DeliveryStatus::Held);
        let next_attempt_at = delivery.next_attempt_at();
        let template_version = delivery.template_version();
        let Delivery {
            channel,
            status,
            reason,
            attempts,
            ambiguous,
            addresses,
            provider_message_id,
            held_until: _,
            not_before: _,
            trace,
            at,
        } = delivery;
        Self {
            channel,
            status,
            reason,
            attempts,
            ambiguous,
            addresses,
            provider_message_id,
            template_version,
            held_until,
            next_attempt_at,
            at,
            trace,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::domain::Content;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_lease_is_not_shown_and_a_channel_without_a_record_is_queued() {
        let (channels, at) = (vec![Channel::Email, Channel::Push], Timestamp::EPOCH);
        let content = Content::Inline { subject: None, title: None, body: "x".into() };
        let notification =
            Notification::new(Uuid::from_u128(1).into(), Uuid::from_u128(2).into(), channels, content, at);
        let (status, at) = (DeliveryStatus::Sending, Timestamp::from_millis(1));
        let sending = Delivery { status, attempts: 2, ..Delivery::queued(Channel::Push, at) };
        let view = serde_json::to_value(view((notification, vec![sending]), at)).unwrap();
        assert_eq!(view["status"], "retrying");
        assert_eq!(
            view["deliveries"],
            json!([
                {"channel": "email", "status": "queued", "attempts": 0, "at": "1970-01-01T00:00:00.000Z"},
                {"channel": "push", "status": "retrying", "attempts": 2, "at": "1970-01-01T00:00:00.001Z"},
            ])
        );
    }
}
