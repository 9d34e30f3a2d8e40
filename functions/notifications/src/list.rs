//! `GET /api/v1/users/{id}/notifications`: the notifications to a user, newest first.

use lambda_http::{Request, http::StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use shared::{
    dialects::native::{
        Access, Problem,
        page::{DEFAULT_LIMIT, LIMIT, PageRequest, PageView},
        refused,
    },
    http::{
        Reply,
        query::Cursor,
        request::member::{optional, or},
    },
    request_query,
    store::is_place,
};

use crate::{
    App, success,
    view::{NotificationView, view},
};

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Notifications")]
pub struct ListView {
    items: Vec<NotificationView>,
    page: PageView,
}

request_query! {
    /// Which notifications are listed.
    pub struct ListQuery {
        /// How many items a page has.
        limit: usize = or(LIMIT, DEFAULT_LIMIT),
        /// Where the page begins: the `after` of the page before. It is left out for the first page. On the last page `after` is `null`, and nothing follows.
        after: Option<String> = optional(Cursor(is_place)),
    }
}

/// A page. A notification that was accepted a moment ago may still be missing.
pub async fn get(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (caller, user, ListQuery { limit, after }) =
        Access::SELF_ADMIN_OR_SERVICE.caller_for(&app.bearer, request, raw_id).await?;
    let id = user.id();
    app.store.check_allowed(&user).await.map_err(|error| refused(error, Some(&caller), id))?;
    let asked = PageRequest { limit, after };
    let now = app.clock.now();
    let walk = app.store.notifications_of(id, asked.after.as_deref(), asked.limit);
    let (items, page) = asked.read(request, walk, |_, tracked| view(tracked, now)).await?;
    Ok(success::reply(StatusCode::OK, ListView { items, page }, "Notifications retrieved successfully"))
}
