//! `/admin/v1/notifications` and `/admin/v1/users/{external_id}/notifications`: pages of notifications, the newest first, and one of
//! them.

use futures::{StreamExt, TryStreamExt};
use lambda_http::{Request, http::StatusCode};
use shared::{
    dialects::notiflows::{
        Problem, Resource,
        page::{A_TIME, DEFAULT_LIMIT, LIMIT, PageRequest, read_query},
    },
    domain::{NotificationId, Timestamp, UserId},
    http::{
        Reply,
        auth::Caller,
        query::Cursor,
        request::{
            Reason,
            kind::Kind,
            kinds::{Line, TIME},
            member::{optional, or},
        },
    },
    request_query,
    store::{ListNotifications, is_notification_place},
};

use super::{
    filter::NotificationFilter,
    lookup::{described, found},
    reader::Reader,
    status::{NOTIFICATION_STATUS, NotificationStatus},
};
use crate::App;

request_query! {
    /// Which notifications are listed.
    pub struct NotificationsQuery {
        /// How many notifications a page has.
        limit: usize = or(LIMIT, DEFAULT_LIMIT),
        /// Where the page begins: the `after` of the page before. It is left out for the first page. On the last page `after` is `null`, and nothing follows.
        after: Option<String> = optional(Cursor(is_notification_place)),
        /// Where the page ends: the `before` of the page after it. Not together with `after`.
        before: Option<String> = optional(Cursor(is_notification_place)),
        /// Only notifications in this state.
        status: Option<NotificationStatus> = optional(NOTIFICATION_STATUS),
        /// Only notifications to the subscribers of this topic.
        topic: Option<String> = optional(Line(128)),
        /// Only notifications that were accepted after this time.
        created_after: Option<Timestamp> = optional(TIME.saying(A_TIME)),
        /// Only notifications that were accepted before this time.
        created_before: Option<Timestamp> = optional(TIME.saying(A_TIME)),
    }
    rule {
        let both = matches!((&after, &before), (Some(Some(_)), Some(Some(_))));
        both.then_some(("before", Reason::Rule, "must not be given together with after"))
    }
}

/// A page. A notification that was accepted a moment ago may still be missing.
pub async fn list(app: &App, request: &Request, caller: &Caller, of: Option<UserId>) -> Result<Reply, Problem> {
    let query = read_query(request)?;
    let NotificationsQuery { limit, after, before, status, topic, created_after, created_before } = query;
    let filter = NotificationFilter { status, topic };
    let asked = PageRequest::new(limit, after, before);
    let wanted = |asked: &PageRequest| ListNotifications {
        of,
        limit,
        start: asked.start.clone(),
        is_inclusive: false,
        created_after,
        created_before,
    };
    let walk = |asked: &PageRequest| {
        let takes_all = filter.is_empty();
        let listed = app.store.list_notifications(&wanted(asked), filter.clone().for_store());
        let listed = listed.map_ok(move |mut found| {
            // What follows may not be wanted.
            found.is_followed &= takes_all;
            found
        });
        described(app, listed.boxed())
    };
    let reader = Reader::new(app, caller);
    let found = asked.read(request, walk, |_, listed| reader.notification(&listed)).await?;
    let behind = app.store.notifications_behind(&wanted(&asked)).await?;
    Ok(Reply::json(StatusCode::OK, &asked.answer(found, behind)))
}

/// One of them, with its deliveries.
pub async fn one(app: &App, caller: &Caller, of: Option<UserId>, raw_id: &str) -> Result<Reply, Problem> {
    let found = found(app, id(raw_id)?, of, || Problem::not_found(Resource::Notification, raw_id)).await?;
    Ok(Reply::json(StatusCode::OK, &Reader::new(app, caller).whole(&found)))
}

/// The notification that the path names.
pub fn id(raw_id: &str) -> Result<NotificationId, Problem> {
    NotificationId::parse(raw_id).ok_or(Problem::invalid_param("notification_id", "must be a UUID"))
}
