//! Contract 3's states of notifications and deliveries. It has fewer than we have: a delivery that was skipped, cancelled or given up
//! has failed, and its reason says why.

use schemars::JsonSchema;
use serde::Serialize;
use shared::{
    domain::{Delivery, DeliveryStatus as Ours, Notification},
    http::request::kinds::OneOf,
};

/// The state of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "NotiflowsDeliveryStatus")]
pub enum DeliveryStatus {
    /// It waits, or is being sent.
    Pending,
    /// The provider accepted it.
    Sent,
    /// It was not sent, and will not be.
    Failed,
}

/// The state of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "NotiflowsNotificationStatus")]
pub enum NotificationStatus {
    /// Nothing is decided yet.
    Pending,
    /// A delivery is not finished.
    Processing,
    /// All deliveries are finished. One has failed, and none was sent.
    Failed,
    /// All deliveries are finished otherwise: one was sent, or all were skipped.
    Processed,
}

/// A delivery's state, in a query.
pub const DELIVERY_STATUS: OneOf<DeliveryStatus> =
    OneOf { names: || "pending, sent, failed".to_owned(), parse: DeliveryStatus::parse };
/// A notification's state, in a query.
pub const NOTIFICATION_STATUS: OneOf<NotificationStatus> =
    OneOf { names: || "pending, processing, processed, failed".to_owned(), parse: NotificationStatus::parse };

impl DeliveryStatus {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "pending" => Some(Self::Pending),
            "sent" => Some(Self::Sent),
            "failed" => Some(Self::Failed),
            _ => None,
        }
    }
}

impl From<Ours> for DeliveryStatus {
    fn from(status: Ours) -> Self {
        match status {
            Ours::Queued | Ours::Held | Ours::Sending | Ours::Retrying => Self::Pending,
            Ours::Sent => Self::Sent,
            Ours::Skipped | Ours::Failed | Ours::Cancelled | Ours::DeadLettered => Self::Failed,
        }
    }
}

impl NotificationStatus {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "pending" => Some(Self::Pending),
            "processing" => Some(Self::Processing),
            "failed" => Some(Self::Failed),
            "processed" => Some(Self::Processed),
            _ => None,
        }
    }

    /// The state of a notification with the deliveries that a worker has looked at.
    pub fn of(notification: &Notification, deliveries: &[Delivery]) -> Self {
        let on = |channel| deliveries.iter().find(|delivery| delivery.channel == channel);
        let all: Vec<_> = notification.channels.iter().map(|channel| on(*channel)).collect();
        // A redrive queues a delivery again; it was decided before.
        let is_undecided = |delivery: &Option<&Delivery>| {
            delivery.is_none_or(|delivery| delivery.status == Ours::Queued && delivery.attempts == 0)
        };
        if all.iter().all(is_undecided) {
            return Self::Pending;
        }
        if !all.iter().all(|delivery| delivery.is_some_and(|delivery| delivery.status.is_final())) {
            return Self::Processing;
        }
        let any = |statuses: &[Ours]| all.iter().flatten().any(|delivery| statuses.contains(&delivery.status));
        if any(&[Ours::Failed, Ours::DeadLettered]) && !any(&[Ours::Sent]) { Self::Failed } else { Self::Processed }
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::{Channel, Content, Timestamp};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_notification_has_failed_only_if_a_delivery_has_and_none_was_sent() {
        use NotificationStatus::{Failed, Pending, Processed, Processing};
        let (email, push) = (Channel::Email, Channel::Push);
        let id = Uuid::from_u128(1);
        let notification =
            Notification::new(id.into(), id.into(), vec![email, push], Content::emptied(), Timestamp::EPOCH);
        for (statuses, expected) in [
            (vec![], Pending),
            (vec![Ours::Queued], Pending),
            (vec![Ours::Sending], Processing),
            (vec![Ours::Held], Processing),
            (vec![Ours::Sent], Processing),
            (vec![Ours::Skipped, Ours::Retrying], Processing),
            (vec![Ours::DeadLettered, Ours::Queued], Processing),
            (vec![Ours::Sent, Ours::Sent], Processed),
            (vec![Ours::Failed, Ours::Sent], Processed),
            (vec![Ours::Sent, Ours::DeadLettered], Processed),
            (vec![Ours::Skipped, Ours::Skipped], Processed),
            (vec![Ours::Cancelled, Ours::Skipped], Processed),
            (vec![Ours::Failed, Ours::Skipped], Failed),
            (vec![Ours::DeadLettered, Ours::Cancelled], Failed),
        ] {
            let deliveries = statuses.iter().zip([email, push]);
            let deliveries: Vec<_> = deliveries
                .map(|(status, channel)| Delivery { status: *status, ..Delivery::queued(channel, Timestamp::EPOCH) })
                .collect();
            assert_eq!(NotificationStatus::of(&notification, &deliveries), expected, "{statuses:?}");
        }
        let again = Delivery { attempts: 5, ..Delivery::queued(email, Timestamp::EPOCH) };
        assert_eq!(NotificationStatus::of(&notification, &[again]), Processing, "it was redriven");
    }

    #[test]
    fn what_a_query_may_ask_for_is_what_is_shown() {
        let all = |names: String| names.split(", ").map(str::to_owned).collect::<Vec<_>>();
        for name in all((DELIVERY_STATUS.names)()) {
            assert_eq!(serde_json::to_value(DeliveryStatus::parse(&name)).unwrap(), name);
        }
        for name in all((NOTIFICATION_STATUS.names)()) {
            assert_eq!(serde_json::to_value(NotificationStatus::parse(&name)).unwrap(), name);
        }
        assert!(DeliveryStatus::parse("skipped").is_none() && NotificationStatus::parse("sent").is_none());
    }
}
