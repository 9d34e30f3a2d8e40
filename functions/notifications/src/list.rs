//! `GET /api/v1/users/{id}/notifications`: what was sent to a user, newest first.

use lambda_http::{Request, RequestExt, http::StatusCode};
use serde::Serialize;
use shared::{
    domain::Timestamp,
    http::{
        Reply,
        contract1::{Access, Problem},
        cursor,
    },
    store::is_place,
};

use crate::{
    App, success,
    view::{NotificationView, view},
};

const DEFAULT_LIMIT: usize = 25;
const MOST: usize = 100;

#[derive(Serialize)]
struct ListView {
    items: Vec<NotificationView>,
    page: PageView,
}

#[derive(Serialize)]
struct PageView {
    limit: usize,
    /// Where the next page begins; `null` on the last.
    after: Option<String>,
    has_more_after: bool,
}

/// A page. What was accepted a moment ago may not be in it yet.
pub async fn get(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (_, id) = Access::SELF_ADMIN_OR_SERVICE.caller_for(&app.bearer, request.headers(), raw_id).await?;
    let query = request.query_string_parameters();
    let limit = match query.first("limit") {
        None => DEFAULT_LIMIT,
        Some(limit) => {
            let limit = limit.parse().ok().filter(|limit| (1..=MOST).contains(limit));
            limit.ok_or_else(|| Problem::invalid(format!("limit must be a whole number from 1 to {MOST}")))?
        }
    };
    let after = query.first("after").map(|after| {
        let place = cursor::decode(after, is_place);
        place.ok_or_else(|| Problem::invalid("after must be the cursor of an earlier page"))
    });
    let page = app.store.notifications_of(id, after.transpose()?.as_deref(), limit, Timestamp::now()).await?;
    let after = page.last.filter(|_| page.more).map(|place| cursor::encode(&place));
    let items = page.notifications.into_iter().map(view).collect();
    let page = PageView { limit, has_more_after: after.is_some(), after };
    Ok(success::reply(StatusCode::OK, ListView { items, page }, "Notifications retrieved successfully"))
}
