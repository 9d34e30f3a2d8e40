//! `DELETE /api/v1/notifications/{id}`: cancels the deliveries that have not been sent.

use futures::future::try_join_all;
use lambda_http::{Request, http::StatusCode};
use shared::{
    dialects::native::{Access, NoQuery, Problem, unversioned},
    domain::{Channel, Delivery, DeliveryStatus, Notification, Timestamp},
    http::{IdempotentRequest, Reply, auth::Reach},
    metrics::MetricEvent,
    store::{DeliveryKey, StoreError},
};

use crate::{App, show, success, view::view};

/// The answer gives the result for each channel. A delivery that a worker is sending at this moment may still be sent;
/// if that attempt fails, no other follows. A repeated request gets the same answer.
pub async fn delete(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (caller, reach, NoQuery) = Access::ADMIN_OR_SERVICE.reaching(&app.bearer, request).await?;
    let id = show::id(raw_id)?;
    unversioned(request)?;
    if reach != Reach::Everyone {
        // Whose notification it is stands only in its record.
        show::reached(app, &reach, app.store.notification(id).await?).await?;
    }
    let cancel = async {
        let now = app.clock.now();
        let notification = app.store.cancel_notification(id, now).await?;
        let notification = notification.ok_or(Problem::not_found("Notification not found"))?;
        let recipient = notification.user_id;
        let deliveries = notification.channels.iter().map(|channel| close(app, &notification, *channel, now));
        let deliveries = try_join_all(deliveries).await?;
        let any = deliveries.iter().any(|delivery| delivery.status == DeliveryStatus::Cancelled);
        let message = if any { "Notification cancelled" } else { "Nothing was left to cancel" };
        Ok(success::reply(StatusCode::OK, view((notification, deliveries), now), message).about(recipient))
    };
    IdempotentRequest::of(request, &caller)?.run(&app.store, cancel).await
}

/// Cancels one delivery, and counts it if this request did it. After that no worker finds the delivery open.
async fn close(
    app: &App,
    notification: &Notification,
    channel: Channel,
    now: Timestamp,
) -> Result<Delivery, StoreError> {
    let Notification { id, kept_until, user_id, .. } = *notification;
    let key = DeliveryKey { id, channel, kept_until };
    let (delivery, closed) = app.store.cancel(key, now).await?;
    if closed {
        let (status, reason) = (delivery.status, delivery.reason);
        app.metrics.note(MetricEvent::Delivery { status, reason, provider: None, channel });
    }
    if delivery.ambiguous {
        // A worker may have put it into the inbox without a record of it, and perhaps no worker will look again.
        app.store.take_back(user_id, notification.due(), key, false).await?;
    }
    Ok(delivery)
}
