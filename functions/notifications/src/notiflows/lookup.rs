//! Finds what a path names.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use shared::{
    cache::{A_MINUTE, CachedMap},
    dialects::notiflows::{Problem, Resource},
    domain::{NotificationId, User, UserId, user::UserRecord},
    store::{ListedNotification, StoreError, Walk},
    telemetry::chain,
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
    let mut found = app.store.listed_notification(id).await?.ok_or_else(&missing)?;
    if of.is_some_and(|user| user != found.notification.user_id) {
        return Err(missing());
    }
    describe(app, &mut found, &actors(app)).await?;
    Ok(found)
}

/// The actors that one request has read. No other request gets them.
type Actors = CachedMap<UserId, Box<User>>;

fn actors(app: &App) -> Actors {
    CachedMap::new(A_MINUTE, app.clock.clone())
}

/// The notifications with what their runs say, and with their actors. Costs a call for each run that the process has not read lately,
/// and one for each actor. One whose run or actor cannot be read is not shown: the others are listed anyway.
pub fn described<'a>(app: &'a App, notifications: Walk<'a, ListedNotification>) -> Walk<'a, ListedNotification> {
    let actors = Arc::new(actors(app));
    let described = notifications.and_then(move |mut found| {
        let actors = actors.clone();
        async move {
            let Some(listed) = &mut found.item else { return Ok(found) };
            match describe(app, listed, &actors).await {
                Ok(()) => {}
                Err(error @ StoreError::Malformed(_)) => {
                    let id = listed.notification.id;
                    tracing::error!(notification_id = %id, error = chain(&error), "what a notification refers to cannot be read");
                    found.item = None;
                }
                Err(error) => return Err(error),
            }
            Ok(found)
        }
    });
    described.boxed()
}

async fn describe(app: &App, listed: &mut ListedNotification, actors: &Actors) -> Result<(), StoreError> {
    app.runs.fill(&app.store, &mut listed.notification).await?;
    let Some(id) = listed.notification.actor else { return Ok(()) };
    let present = async || match app.store.user(id).await? {
        Some(UserRecord::Present(user)) => Ok::<_, StoreError>(Some(user)),
        Some(UserRecord::Erased) | None => Ok(None),
    };
    listed.actor = actors.get(&id, present).await?.map(|actor| actor.as_ref().as_ref().clone());
    Ok(())
}
