//! `GET /api/v1/notifications/{id}`: the state of a notification, channel by channel.

use lambda_http::{Request, http::StatusCode};
use shared::{
    dialects::native::{NoQuery, Own, Problem, openapi::RECIPIENT_ADMIN_OR_SERVICE},
    domain::NotificationId,
    http::{
        Reply,
        auth::{Reach, Role},
        query,
    },
    store::{Tracked, UpdateUserError},
};

use crate::{App, success, view::view};

/// Senders may read the notifications to the users whom their role reaches, recipients only their own. To any other
/// caller, a foreign notification and a missing one look the same.
pub async fn get(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let caller = app.bearer.caller(request.headers()).await?;
    let NoQuery = query::read(request)?;
    let id = id(raw_id)?;
    let reach = caller.reach(&[Role::Admin, Role::Service]);
    let now = app.clock.now();
    let found = app.store.notification(id).await?;
    let found = match (found, reach) {
        (Some(found), _) if caller.is_self(found.0.user_id) => found,
        (found, Some(reach)) => reached(app, &reach, found).await?,
        (_, None) => return Err(Own::NeedsRole(RECIPIENT_ADMIN_OR_SERVICE).into()),
    };
    Ok(success::reply(StatusCode::OK, view(found, now), "Notification retrieved successfully"))
}

/// The notification, if its recipient is among the users whom the caller's role reaches. Otherwise it looks as if it were
/// missing.
pub async fn reached(app: &App, reach: &Reach, found: Option<Tracked>) -> Result<Tracked, Problem> {
    let found = found.ok_or_else(not_found)?;
    match app.store.check_allowed(&reach.user(found.0.user_id)).await {
        Ok(()) => Ok(found),
        Err(UpdateUserError::NotFound | UpdateUserError::Erased | UpdateUserError::Forbidden) => Err(not_found()),
        Err(error) => Err(error.into()),
    }
}

fn not_found() -> Problem {
    Problem::not_found("Notification not found")
}

/// The notification that the path names.
pub fn id(raw_id: &str) -> Result<NotificationId, Problem> {
    NotificationId::parse(raw_id).ok_or_else(|| Problem::invalid("id must be a UUID"))
}
