//! Finds what a path names.

use shared::{
    dialects::notiflows::{Problem, Resource},
    domain::{NotificationId, UserId, user::UserRecord},
    store::ListedNotification,
};

use crate::App;

/// The user whom the path names.
pub async fn recipient(app: &App, external: &str) -> Result<UserId, Problem> {
    let id = UserId::from_external(external, app.namespace).ok_or(Problem::invalid_id("external_id"))?;
    match app.store.user(id).await? {
        Some(UserRecord::Present(_)) => Ok(id),
        Some(UserRecord::Erased) | None => Err(Problem::not_found(Resource::User, external)),
    }
}

/// The notification, if it is to that user. `missing` is the refusal if there is none.
pub async fn found(
    app: &App,
    id: NotificationId,
    of: Option<UserId>,
    missing: impl Fn() -> Problem,
) -> Result<ListedNotification, Problem> {
    let found = app.store.listed_notification(id).await?.ok_or_else(&missing)?;
    if of.is_some_and(|user| user != found.notification.user_id) { Err(missing()) } else { Ok(found) }
}
