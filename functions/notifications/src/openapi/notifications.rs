//! Notifications in the OpenAPI document: sent, explained, shown, cancelled, listed.

use serde_json::{Value, json};
use shared::{
    dialects::native::{
        openapi::{ADMIN_OR_SERVICE, DELETES, READS, RECIPIENT_ADMIN_OR_SERVICE, Refusals, SELF_ADMIN_OR_SERVICE},
        page::last_page,
    },
    domain::{NotificationId, UserId},
    http::openapi::Document,
};

use super::common::{NOTIFICATION, TEMPLATE, USER, success};
use crate::{
    accept::AcceptedView,
    body::NotificationRequest,
    explain::{ExplainRequest, ExplainView},
    list::{ListQuery, ListView},
    success::Success,
    view::NotificationView,
};

/// The operations.
pub fn document(doc: &mut Document) {
    const PATH: &str = "/api/v1/notifications/{id}";
    doc.tag("Notifications", "What is sent to users, and the result for each channel.");
    doc.post("/api/v1/notifications", "sendNotification", "Send a notification")
        .says(
            "The notification is queued. A worker decides whether and where to send it at the moment of sending; \
             `readNotification` tells the result. The same `request_id` with another body is 409.\n\n\
             Whether the user exists is not checked: a notification to an unknown user is accepted, too, and ends as \
             `skipped`, with the \
             reason `user_not_found`, or `user_erased` if the user was erased. Only a caller whose token names an \
             organisation gets 404, for every id that is not a user's of that organisation.",
        )
        .bearer(ADMIN_OR_SERVICE)
        .once()
        .body::<NotificationRequest>(by_template())
        .answers::<Success<AcceptedView>>(
            202,
            "It is queued",
            success(json!({"notification_id": NOTIFICATION, "status": "queued"}), "Notification queued successfully"),
        )
        .refuses::<Refusals>(&[400, 401, 403, 404, 409, 413, 415, 500, 503]);
    doc.post(
        "/api/v1/notifications/explain",
        "explainNotification",
        "Explain what would happen to a notification now, and why",
    )
    .says(
        "The answer comes from the function that the worker decides with. Nothing is sent and nothing is stored. The user and the pauses \
         are read now; channels and templates may be up to a minute old, here and in a worker. A user who is not there is 404 only for \
         a caller whose token names an organisation.\n\n\
         With a `run_id` it explains what the run means for that user, as if the user were one of its recipients.",
    )
    .bearer(ADMIN_OR_SERVICE)
    .body::<ExplainRequest>(json!({
        "user_id": USER, "content": {"subject": "Hello", "title": "Hello", "body": "It works"},
    }))
    .answers::<Success<ExplainView>>(200, "Channel by channel", success(explanation(), "Nothing was sent"))
    .refuses::<Refusals>(&[400, 401, 403, 404, 413, 415, 500, 503]);
    doc.get(PATH, "readNotification", "Read a notification and the state of its deliveries")
        .says("A caller who may not read the notification gets 403 whether or not the notification exists.")
        .bearer(RECIPIENT_ADMIN_OR_SERVICE)
        .path::<NotificationId>("id", "The notification's id", NOTIFICATION)
        .answers::<Success<NotificationView>>(
            200,
            "Channel by channel",
            success(notification(), "Notification retrieved successfully"),
        )
        .refuses::<Refusals>(READS);
    doc.delete(PATH, "cancelNotification", "Cancel the deliveries that have not been sent")
        .says(
            "A delivery that a worker is sending at this moment may still be sent; the answer shows it as not cancelled. A \
             second request gets the same answer.",
        )
        .bearer(ADMIN_OR_SERVICE)
        .path::<NotificationId>("id", "The notification's id", NOTIFICATION)
        .once()
        .answers::<Success<NotificationView>>(
            200,
            "The result for each channel",
            success(cancelled(), "Notification cancelled"),
        )
        .refuses::<Refusals>(DELETES);
    doc.get(
        "/api/v1/users/{id}/notifications",
        "listNotifications",
        "The notifications that were sent to a user, newest first",
    )
    .says("A notification that was accepted a moment ago may be missing.")
    .bearer(SELF_ADMIN_OR_SERVICE)
    .path::<UserId>("id", "The user's id", USER)
    .query::<ListQuery>()
    .answers::<Success<ListView>>(
        200,
        "A page",
        success(json!({"items": [notification()], "page": last_page()}), "Notifications retrieved successfully"),
    )
    .refuses::<Refusals>(READS);
}

/// Contract 1's own form of it.
fn by_template() -> Value {
    json!({
        "notification_type": "email", "user_id": USER, "template_code": TEMPLATE, "variables": {"name": "John"},
        "request_id": "order-4711", "priority": 3, "metadata": {},
    })
}

/// A step of the trace: a rule that was asked.
fn step(rule: &str, saw: &str, said: &str) -> Value {
    json!({"rule": rule, "saw": saw, "said": said})
}

/// The trace of a channel that is switched off.
fn switched_off() -> Value {
    json!([
        step("not_expired", "never expires", "pass"),
        step("not_cancelled", "not cancelled", "pass"),
        step("due", "at once", "pass"),
        step("user_exists", "present", "pass"),
        step("channel_on", "email off", "stop"),
    ])
}

fn explanation() -> Value {
    let through = json!([{"channel_id": "3e9a4f10-7a51-4a44-9f6a-51f8d1c2b002", "provider": "fcm", "addresses": 1}]);
    let passed = json!([
        step("not_expired", "never expires", "pass"),
        step("not_cancelled", "not cancelled", "pass"),
        step("due", "at once", "pass"),
        step("user_exists", "present", "pass"),
        step("channel_on", "push on", "pass"),
        step("group_in", "no group", "pass"),
        step("provider", "fcm", "pass"),
        step("address", "1 by fcm", "pass"),
        step("not_quiet", "not quiet", "pass"),
        step("rendered", "inline", "pass"),
    ]);
    json!({"user_id": USER, "channels": [
        {"channel": "email", "decision": "skip", "reason": "channel_off", "trace": switched_off()},
        {"channel": "push", "decision": "send", "through": through, "trace": passed},
    ]})
}

fn notification() -> Value {
    json!({
        "notification_id": NOTIFICATION, "user_id": USER, "status": "skipped", "created_at": "2024-03-01T10:00:00.000Z",
        "deliveries": [{
            "channel": "email", "status": "skipped", "reason": "channel_off", "attempts": 0,
            "at": "2024-03-01T10:00:01.000Z", "trace": switched_off(),
        }],
    })
}

fn cancelled() -> Value {
    let at = "2024-03-01T10:00:01.000Z";
    json!({
        "notification_id": NOTIFICATION, "user_id": USER, "status": "cancelled", "created_at": "2024-03-01T10:00:00.000Z",
        "send_at": "2024-03-01T11:00:00.000Z", "cancelled_at": at,
        "deliveries": [{"channel": "email", "status": "cancelled", "reason": "cancelled", "attempts": 0, "at": at}],
    })
}
