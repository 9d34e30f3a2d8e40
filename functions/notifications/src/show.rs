//! `GET /api/v1/notifications/{id}`: the state of a notification, channel by channel.

use lambda_http::{Request, http::StatusCode};
use shared::{
    dialects::native::Problem,
    domain::NotificationId,
    http::{Reply, auth::Role},
};

use crate::{App, success, view::view};

/// Senders may read any notification, recipients only their own. For other callers, a foreign notification and a
/// missing one look the same.
pub async fn get(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let caller = app.bearer.caller(request.headers()).await?;
    let id = id(raw_id)?;
    let sender = caller.is_any(&[Role::Admin, Role::Service]);
    let now = app.clock.now();
    let found = app.store.notification(id, now).await?;
    let found = match found {
        Some(found) if sender || caller.is_self(found.0.user_id) => found,
        None if sender => return Err(Problem::not_found("Notification not found")),
        _ => return Err(Problem::Forbidden),
    };
    Ok(success::reply(StatusCode::OK, view(found, now), "Notification retrieved successfully"))
}

/// The notification that the path names.
pub fn id(raw_id: &str) -> Result<NotificationId, Problem> {
    NotificationId::parse(raw_id).ok_or_else(|| Problem::invalid("id must be a UUID"))
}
