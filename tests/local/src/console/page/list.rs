//! `GET /_local/ui/data/notifications`: the notifications that a filter takes, newest first.

use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Json;
use futures::TryStreamExt;
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::domain::{Content, NotificationId};
use shared::store::{ListNotifications, ListedNotification, PageStart, StoreError, is_notification_place};

use super::captured::Captured;
use super::filter::Filter;
use super::{Shared, view};
use crate::control::Refused;

/// The notifications of an answer.
const PAGE: usize = 50;
/// The smallest difference of two times.
const A_MOMENT: Duration = Duration::from_millis(1);
/// The most notifications that one answer looks at. If the filter takes few of them, the answer is short, and the next one goes on.
const LOOKED_AT: usize = 2000;

/// `{items, after, looked_at}`. `after` is where the next page begins; `null` at the end of the list.
pub(super) async fn list(State(page): Shared, Query(filter): Query<Filter>) -> Result<Json<Value>, Refused> {
    let start = Some(filter.after.clone()).filter(|after| !after.is_empty());
    if start.as_deref().is_some_and(|after| !is_notification_place(after)) {
        return Err(Refused(StatusCode::BAD_REQUEST, "after must be the `after` of the page before".to_owned()));
    }
    // All notifications of a run have the time of its acceptance.
    let at = match filter.run_id() {
        Some(id) => page.control.runs.get(&page.control.store, id).await.map_err(|error| unread(&error))?,
        None => None,
    };
    let at = at.map(|run| run.spec.created_at);
    let wanted = ListNotifications {
        of: filter.user_id(),
        limit: PAGE,
        start: start.map(PageStart::After),
        is_inclusive: false,
        created_after: at.map(|at| at.minus(A_MOMENT)),
        created_before: at.map(|at| at.plus(A_MOMENT)),
    };
    let captured = Captured::read(&page.control.providers, &filter.text());
    let mut walk = page.control.store.list_notifications(&wanted, None);
    let (mut items, mut looked_at, mut last) = (Vec::new(), 0, None);
    let after = loop {
        let Some(mut found) = walk.try_next().await.map_err(|error| unread(&error))? else { break None };
        if items.len() == PAGE || looked_at == LOOKED_AT {
            break last;
        }
        looked_at += 1;
        last = Some(found.place);
        if let Some(listed) = &mut found.item {
            let (store, notification) = (&page.control.store, &mut listed.notification);
            page.control.runs.fill(store, notification).await.map_err(|error| unread(&error))?;
        }
        items.extend(found.item.filter(|listed| filter.takes(listed, &captured)).map(|listed| row(listed, &captured)));
    };
    Ok(Json(json!({"items": items, "after": after, "looked_at": looked_at})))
}

/// `GET /_local/ui/data/notifications/{id}`: one notification, as the stream of events has it.
pub(super) async fn one(State(page): Shared, Path(id): Path<String>) -> Result<Json<Value>, Refused> {
    let missing =
        || Refused(StatusCode::NOT_FOUND, "there is no such notification, or it is not kept any more".to_owned());
    let id = NotificationId::parse(&id).ok_or_else(missing)?;
    let found = view::notification(&page.control, id).await.map_err(|error| unread(&error))?;
    found.map(Json).ok_or_else(missing)
}

pub(super) fn unread(error: &StoreError) -> Refused {
    Refused(StatusCode::BAD_GATEWAY, format!("the table cannot be read: {error}"))
}

fn row(listed: ListedNotification, captured: &Captured) -> Value {
    let ListedNotification { notification, deliveries, recipient, inbox_entry, actor: _ } = listed;
    let id = notification.id.to_string();
    let own = match &notification.content {
        Content::Inline { subject, title, body } => subject.clone().or(title.clone()).or(Some(body.clone())),
        Content::Template { .. } | Content::OfRun(_) => None,
    };
    let template = match &notification.content {
        Content::Inline { .. } | Content::OfRun(_) => None,
        Content::Template { template_code, .. } => Some(template_code.clone()),
    };
    let title = own.or_else(|| captured.title(&id).map(str::to_owned));
    let title = title.or_else(|| inbox_entry.and_then(|entry| entry.title)).or_else(|| template.clone());
    let (name, critical) = (recipient.and_then(|user| user.name.or(user.email)), notification.critical);
    let run = notification.run;
    let mut row = json!(notifications::view::view((notification, deliveries), Clock::system().now()));
    for delivery in row["deliveries"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        for long in ["addresses", "trace"] {
            delivery.remove(long);
        }
    }
    row["title"] = json!(title);
    row["template"] = json!(template);
    row["user_name"] = json!(name);
    row["critical"] = json!(critical);
    row["run_id"] = json!(run);
    row
}
