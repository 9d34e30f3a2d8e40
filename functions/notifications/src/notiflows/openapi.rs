//! Contract 3's notifications and deliveries in the OpenAPI document.

use serde_json::{Value, json};
use shared::{
    dialects::notiflows::{
        openapi::{LISTS, READS, Refusals},
        page::{PageOf, last_page},
    },
    domain::NotificationId,
    http::openapi::{Document, ExternalId},
};

use super::{
    deliveries::{DeliveriesQuery, OfNotificationQuery},
    notifications::NotificationsQuery,
    run::RunView,
    run_body::NotiflowRunRequest,
    view::{DeliveryView, NotificationView},
};
const RIGHT: &str = "notifications:read";
const NOTIFICATION: &str = "9b2f5c1e-7d84-4a0b-8f3e-2c6d1a5e0b97";
const RUN: &str = "0d6b5f5e-3c0b-4b0c-9a57-0f6f2a1f6c3d";
const USER: &str = "user_12345";
/// The refusals of a run.
const RUNS: &[u16] = &[400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503];
const PAGES: &str = "A page may have fewer items than its limit although there are more; it is empty only if there are none. If a filter \
    finds nothing for too long, the answer is 400 `nothing_found`, with the cursor to continue from.";

/// The operations.
pub fn document(doc: &mut Document) {
    doc.compatibility_tag("Notiflows: notifications", "What was sent, to whom, and the result for each channel.");
    doc.post("/admin/v1/notiflows/{handle}/run", "runNotiflow", "Send a category's notification to many recipients")
        .says(
            "The category says which template is sent, and on which channels. Recipients who do not exist are created; \
             existing ones are not changed. A run to a topic reaches those who were subscribed before it. A request that \
             a client of the product \
             repeats within 15 minutes, which it says in `x-stainless-retry-count`, is the same run.",
        )
        .key_pair("notiflows:run")
        .path::<String>("handle", "The category's handle", "news")
        .once()
        .body::<NotiflowRunRequest>(json!({"recipients": [{"external_id": USER}], "data": {"name": "John"}}))
        .answers::<RunView>(202, "It is queued", json!({"notiflow_run_id": RUN}))
        .refuses::<Refusals>(RUNS);
    doc.get("/admin/v1/notifications", "listAllNotifications", "All notifications, newest first")
        .says(&format!("A notification that was accepted a moment ago may be missing. {PAGES}"))
        .key_pair(RIGHT)
        .query::<NotificationsQuery>()
        .answers::<PageOf<NotificationView>>(200, "A page", page(notification()))
        .refuses::<Refusals>(LISTS);
    doc.get("/admin/v1/notifications/{notification_id}", "readAnyNotification", "A notification with its deliveries")
        .key_pair(RIGHT)
        .path::<NotificationId>("notification_id", "The notification's id", NOTIFICATION)
        .answers::<NotificationView>(200, "The notification", whole())
        .refuses::<Refusals>(READS);
    doc.get(
        "/admin/v1/notifications/{notification_id}/deliveries",
        "listDeliveriesOfNotification",
        "The deliveries of a notification",
    )
    .key_pair(RIGHT)
    .path::<NotificationId>("notification_id", "The notification's id", NOTIFICATION)
    .query::<OfNotificationQuery>()
    .answers::<PageOf<DeliveryView>>(200, "A page", page(delivery()))
    .refuses::<Refusals>(READS);
    doc.get("/admin/v1/deliveries", "listAllDeliveries", "All deliveries, those of the newest notification first")
        .says(PAGES)
        .key_pair(RIGHT)
        .query::<DeliveriesQuery>()
        .answers::<PageOf<DeliveryView>>(200, "A page", page(delivery()))
        .refuses::<Refusals>(LISTS);
    doc.get("/admin/v1/deliveries/{delivery_id}", "readDelivery", "A delivery")
        .key_pair(RIGHT)
        .path::<String>("delivery_id", "The delivery's id", &delivery_id())
        .answers::<DeliveryView>(200, "The delivery", delivery())
        .refuses::<Refusals>(READS);
    of_a_user(doc);
}

fn of_a_user(doc: &mut Document) {
    const PATH: &str = "/admin/v1/users/{external_id}/notifications";
    const DELIVERIES: &str = "/admin/v1/users/{external_id}/deliveries";
    doc.get(PATH, "listNotificationsOfUser", "The notifications to a user, newest first")
        .says(&format!("A notification that was accepted a moment ago may be missing. {PAGES}"))
        .key_pair(RIGHT)
        .path::<ExternalId>("external_id", "The user's external id", USER)
        .query::<NotificationsQuery>()
        .answers::<PageOf<NotificationView>>(200, "A page", page(notification()))
        .refuses::<Refusals>(READS);
    doc.get(
        &format!("{PATH}/{{notification_id}}"),
        "readNotificationOfUser",
        "A notification to a user, with its deliveries",
    )
    .key_pair(RIGHT)
    .path::<ExternalId>("external_id", "The user's external id", USER)
    .path::<NotificationId>("notification_id", "The notification's id", NOTIFICATION)
    .answers::<NotificationView>(200, "The notification", whole())
    .refuses::<Refusals>(READS);
    doc.get(DELIVERIES, "listDeliveriesOfUser", "The deliveries to a user, those of the newest notification first")
        .says(PAGES)
        .key_pair(RIGHT)
        .path::<ExternalId>("external_id", "The user's external id", USER)
        .query::<DeliveriesQuery>()
        .answers::<PageOf<DeliveryView>>(200, "A page", page(delivery()))
        .refuses::<Refusals>(READS);
    doc.get(&format!("{DELIVERIES}/{{delivery_id}}"), "readDeliveryOfUser", "A delivery to a user")
        .key_pair(RIGHT)
        .path::<ExternalId>("external_id", "The user's external id", USER)
        .path::<String>("delivery_id", "The delivery's id", &delivery_id())
        .answers::<DeliveryView>(200, "The delivery", delivery())
        .refuses::<Refusals>(READS);
}

fn page(item: Value) -> Value {
    json!({"items": [item], "page": last_page()})
}

fn delivery_id() -> String {
    format!("{NOTIFICATION}.email")
}

/// A recipient as a key without `users:read` sees one.
fn recipient() -> Value {
    json!({
        "id": "a169451c-8525-4352-b8ca-070dd449a1a5", "external_id": USER, "created_at": "2024-03-01T09:00:00.000Z",
        "updated_at": "2024-03-01T09:00:00.000Z",
    })
}

fn notification() -> Value {
    json!({
        "id": NOTIFICATION, "notiflow_id": "4d0a6f5e-3a57-5b0e-9b8e-1f0a6b1f7c55", "notiflow_handle": "news",
        "notiflow_run_id": NOTIFICATION, "recipient": recipient(), "data": {"name": "John"}, "status": "processed",
        "processed_at": "2024-03-01T10:00:01.000Z", "created_at": "2024-03-01T10:00:00.000Z",
        "updated_at": "2024-03-01T10:00:01.000Z",
    })
}

fn whole() -> Value {
    let mut whole = notification();
    if let Value::Object(whole) = &mut whole {
        whole.insert("deliveries".to_owned(), json!([delivery()]));
    }
    whole
}

fn delivery() -> Value {
    json!({
        "id": delivery_id(), "notification_id": NOTIFICATION, "notiflow_id": "4d0a6f5e-3a57-5b0e-9b8e-1f0a6b1f7c55",
        "notiflow_handle": "news", "channel_id": "3e9a4f10-7a51-4a44-9f6a-51f8d1c2b001", "channel_type": "email",
        "recipient": recipient(), "status": "sent", "sent_at": "2024-03-01T10:00:01.000Z",
        "created_at": "2024-03-01T10:00:00.000Z", "updated_at": "2024-03-01T10:00:01.000Z",
    })
}
