//! `/admin/v1/deliveries`, `/admin/v1/users/{external_id}/deliveries` and `/admin/v1/notifications/{notification_id}/deliveries`: pages
//! of deliveries, those of the newest notification first, and one of them.

use futures::{StreamExt, stream};
use lambda_http::{Request, http::StatusCode};
use shared::{
    dialects::notiflows::{
        Problem, Resource,
        page::{A_TIME, DEFAULT_LIMIT, LIMIT, PageRequest, read_query},
    },
    domain::{Timestamp, UserId},
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
    store::{Found, ListNotifications, StoreError},
};

use super::{
    filter::DeliveryFilter,
    flat::{deliveries, is_delivery_place, split, start_of},
    id::DeliveryId,
    lookup::{described, found},
    notifications::id,
    reader::Reader,
    status::{DELIVERY_STATUS, DeliveryStatus},
};
use crate::App;

request_query! {
    /// Which deliveries are listed.
    pub struct DeliveriesQuery {
        /// How many deliveries a page has.
        limit: usize = or(LIMIT, DEFAULT_LIMIT),
        /// Where the page begins: the `after` of the page before. It is left out for the first page. On the last page `after` is `null`, and nothing follows.
        after: Option<String> = optional(Cursor(is_delivery_place)),
        /// Where the page ends: the `before` of the page after it. Not together with `after`.
        before: Option<String> = optional(Cursor(is_delivery_place)),
        /// Only deliveries in this state.
        status: Option<DeliveryStatus> = optional(DELIVERY_STATUS),
        /// Only deliveries to the subscribers of this topic.
        topic: Option<String> = optional(Line(128)),
        /// Only deliveries by this configured channel.
        channel_id: Option<String> = optional(Line(128)),
        /// Only deliveries of notifications that were accepted after this time.
        created_after: Option<Timestamp> = optional(TIME.saying(A_TIME)),
        /// Only deliveries of notifications that were accepted before this time.
        created_before: Option<Timestamp> = optional(TIME.saying(A_TIME)),
    }
    rule {
        let both = matches!((&after, &before), (Some(Some(_)), Some(Some(_))));
        both.then_some(("before", Reason::Rule, "must not be given together with after"))
    }
}

request_query! {
    /// Which of a notification's deliveries are listed.
    pub struct OfNotificationQuery {
        /// How many deliveries a page has.
        limit: usize = or(LIMIT, DEFAULT_LIMIT),
        /// Where the page begins: the `after` of the page before. It is left out for the first page. On the last page `after` is `null`, and nothing follows.
        after: Option<String> = optional(Cursor(is_delivery_place)),
        /// Where the page ends: the `before` of the page after it. Not together with `after`.
        before: Option<String> = optional(Cursor(is_delivery_place)),
    }
    rule {
        let both = matches!((&after, &before), (Some(Some(_)), Some(Some(_))));
        both.then_some(("before", Reason::Rule, "must not be given together with after"))
    }
}

/// A page. The deliveries of a notification that was accepted a moment ago may still be missing.
pub async fn list(app: &App, request: &Request, caller: &Caller, of: Option<UserId>) -> Result<Reply, Problem> {
    let query = read_query(request)?;
    let DeliveriesQuery { limit, after, before, status, topic, channel_id, created_after, created_before } = query;
    let filter = DeliveryFilter { status, topic, channel_id };
    let asked = PageRequest::new(limit, after, before);
    let wanted = |asked: &PageRequest| ListNotifications {
        of,
        limit,
        start: start_of(asked.start.as_ref()),
        is_inclusive: true,
        created_after,
        created_before,
    };
    let walk = |asked: &PageRequest| {
        let filter = filter.clone();
        let listed = described(app, app.store.list_notifications(&wanted(asked), filter.clone().for_store()));
        let listed = deliveries(listed, asked.start.as_ref());
        let taken = listed.map(move |found| {
            let mut found = found?;
            found.item = found.item.filter(|one| filter.takes(&one.listed, one.channel));
            // What follows may not be wanted.
            found.is_followed &= filter.is_empty();
            Ok::<_, StoreError>(found)
        });
        taken.boxed()
    };
    let reader = Reader::new(app, caller);
    let found = asked.read(request, walk, |_, one| reader.delivery(&one.listed, one.channel)).await?;
    let behind = app.store.notifications_behind(&wanted(&asked)).await?;
    Ok(Reply::json(StatusCode::OK, &asked.answer(found, behind)))
}

/// The deliveries of one notification.
pub async fn of_notification(app: &App, request: &Request, caller: &Caller, raw_id: &str) -> Result<Reply, Problem> {
    let query = read_query(request)?;
    let OfNotificationQuery { limit, after, before } = query;
    let id = id(raw_id)?;
    let notification = found(app, id, None, || Problem::not_found(Resource::Notification, raw_id)).await?;
    let place = format!("{}#{id}", notification.notification.created_at);
    for (name, cursor) in [("after", &after), ("before", &before)] {
        if cursor.as_deref().and_then(split).is_some_and(|(other, _)| other != place) {
            return Err(Problem::invalid_param(name, "must be the cursor of an earlier page"));
        }
    }
    let asked = PageRequest::new(limit, after, before);
    let walk = |asked: &PageRequest| {
        let one = Found { place: place.clone(), item: Some(notification.clone()), is_followed: false };
        deliveries(stream::iter([Ok(one)]).boxed(), asked.start.as_ref())
    };
    let reader = Reader::new(app, caller);
    let found = asked.read(request, walk, |_, one| reader.delivery(&one.listed, one.channel)).await?;
    // The delivery of a cursor is behind its page.
    let behind = asked.start.is_some();
    Ok(Reply::json(StatusCode::OK, &asked.answer(found, behind)))
}

/// One of them.
pub async fn one(app: &App, caller: &Caller, of: Option<UserId>, raw_id: &str) -> Result<Reply, Problem> {
    let invalid = || Problem::invalid_param("delivery_id", "must be the id of a delivery");
    let DeliveryId { notification, channel } = DeliveryId::parse(raw_id).ok_or_else(invalid)?;
    let missing = || Problem::not_found(Resource::Delivery, raw_id);
    let found = found(app, notification, of, missing).await?;
    if !found.notification.channels.contains(&channel) {
        return Err(missing());
    }
    Ok(Reply::json(StatusCode::OK, &Reader::new(app, caller).delivery(&found, channel)))
}
