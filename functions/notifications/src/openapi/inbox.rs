//! The inbox in the OpenAPI document.

use serde_json::{Value, json};
use shared::{
    dialects::native::{
        openapi::{READS, Refusals, SELF_ADMIN_OR_SERVICE, SELF_OR_ADMIN, WRITES},
        page::last_page,
    },
    domain::UserId,
    http::openapi::Document,
};

use super::common::{NOTIFICATION, USER, success};
use crate::{
    inbox::{InboxItemChange, ItemView, ListQuery, ListView},
    success::Success,
};

const ITEM: &str = "MjAyNC0wMy0wMVQxMDowMDowMC4wMDBaIzliMmY1YzFlLTdkODQtNGEwYi04ZjNlLTJjNmQxYTVlMGI5Nw";

/// The operations.
pub fn document(doc: &mut Document) {
    doc.tag("Inbox", "What users see inside the application.");
    doc.get("/api/v1/users/{id}/inbox", "listInbox", "The entries of a user's inbox, newest first")
        .says("A page may be shorter than its limit although there are more.")
        .bearer(SELF_ADMIN_OR_SERVICE)
        .path::<UserId>("id", "The user's id", USER)
        .query::<ListQuery>()
        .answers::<Success<ListView>>(
            200,
            "A page",
            success(json!({"items": [item()], "page": last_page()}), "Inbox retrieved successfully"),
        )
        .refuses::<Refusals>(READS);
    doc.patch("/api/v1/users/{id}/inbox/{item_id}", "changeInboxItem", "Mark an inbox entry as read or archived")
        .bearer(SELF_OR_ADMIN)
        .path::<UserId>("id", "The user's id", USER)
        .path::<String>("item_id", "The item's id, as the list shows it", ITEM)
        .once()
        .body::<InboxItemChange>(json!({"read": true, "archived": false}))
        .answers::<Success<ItemView>>(200, "The item", success(item(), "Inbox item updated successfully"))
        .refuses::<Refusals>(WRITES);
}

fn item() -> Value {
    json!({
        "id": ITEM, "notification_id": NOTIFICATION, "title": "Welcome", "body": "It is good to have you here.",
        "created_at": "2024-03-01T10:00:00.000Z", "read_at": "2024-03-01T10:05:00.000Z",
    })
}
