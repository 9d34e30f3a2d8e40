//! `GET /api/v1/notifications/{id}`: what became of it, channel by channel.

use lambda_http::{Request, http::StatusCode};
use serde::Serialize;
use shared::{
    domain::{
        Channel, Delivery, DeliveryStatus, Notification, NotificationId, Reason, Timestamp, UserId, delivery::overall,
    },
    http::{Reply, auth::Role, contract1::Problem},
};

use crate::{App, success};

#[derive(Serialize)]
struct NotificationView {
    notification_id: NotificationId,
    user_id: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    status: DeliveryStatus,
    created_at: Timestamp,
    deliveries: Vec<DeliveryView>,
}

#[derive(Serialize)]
struct DeliveryView {
    channel: Channel,
    status: DeliveryStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_message_id: Option<String>,
    at: Timestamp,
}

/// Senders may read any, recipients their own. To others what is not theirs and what is not there look the same.
pub async fn get(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let caller = app.bearer.caller(request.headers()).await?;
    let id = NotificationId::parse(raw_id).ok_or_else(|| Problem::invalid("id must be a UUID"))?;
    let sender = caller.is_any(&[Role::Admin, Role::Service]);
    let found = app.store.notification(id, Timestamp::now()).await?;
    let (notification, looked_at) = match found {
        Some(found) if sender || caller.is_self(found.0.user_id) => found,
        None if sender => return Err(Problem::NotFound("Notification not found")),
        _ => return Err(Problem::Forbidden),
    };
    let view = view(notification, &looked_at);
    Ok(success::reply(StatusCode::OK, view, "Notification retrieved successfully"))
}

/// A channel that no worker has looked at yet is queued since the notification was accepted.
fn view(notification: Notification, looked_at: &[Delivery]) -> NotificationView {
    let delivery = |channel: &Channel| {
        looked_at.iter().find(|delivery| delivery.channel == *channel).cloned().unwrap_or(Delivery {
            channel: *channel,
            status: DeliveryStatus::Queued,
            reason: None,
            attempts: 0,
            provider_message_id: None,
            at: notification.created_at,
        })
    };
    let deliveries: Vec<_> = notification.channels.iter().map(delivery).map(shown).collect();
    NotificationView {
        notification_id: notification.id,
        user_id: notification.user_id,
        group: notification.group,
        status: overall(&deliveries),
        created_at: notification.created_at,
        deliveries: deliveries.into_iter().map(Into::into).collect(),
    }
}

/// That a worker is at it this very moment is nothing a sender can act on: it is queued, or between two attempts.
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
        let Delivery { channel, status, reason, attempts, provider_message_id, at } = delivery;
        Self { channel, status, reason, attempts, provider_message_id, at }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};
    use shared::domain::Content;

    use super::*;

    #[test]
    fn a_lease_is_not_shown_and_a_channel_without_a_record_is_queued() {
        let notification = Notification {
            id: NotificationId::random(),
            user_id: UserId::random(),
            channels: vec![Channel::Email, Channel::Push],
            group: None,
            critical: false,
            priority: 3,
            content: Content::Inline { subject: None, title: None, body: "x".into() },
            metadata: Map::new(),
            created_at: Timestamp::from_millis(0),
            kept_until: Timestamp::from_millis(0),
        };
        let sending = Delivery {
            channel: Channel::Push,
            status: DeliveryStatus::Sending,
            reason: None,
            attempts: 2,
            provider_message_id: None,
            at: Timestamp::from_millis(1),
        };
        let view = serde_json::to_value(view(notification, &[sending])).unwrap();
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
