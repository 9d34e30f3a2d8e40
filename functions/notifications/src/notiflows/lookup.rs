//! Finds what a path names.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures::{StreamExt, TryStreamExt};
use shared::{
    dialects::notiflows::{Problem, Resource},
    domain::{NotificationId, User, UserId, user::UserRecord},
    store::{ListedNotification, StoreError, Walk},
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
    describe(app, &mut found, &Actors::default()).await?;
    Ok(found)
}

/// The actors that one request has read.
type Actors = Arc<Mutex<HashMap<UserId, Option<User>>>>;

/// The notifications with what their runs say, and with their actors. Costs a call for each run that the process has not read lately,
/// and one for each actor.
pub fn described<'a>(app: &'a App, notifications: Walk<'a, ListedNotification>) -> Walk<'a, ListedNotification> {
    let actors = Actors::default();
    let described = notifications.and_then(move |mut found| {
        let actors = actors.clone();
        async move {
            if let Some(listed) = &mut found.item {
                describe(app, listed, &actors).await?;
            }
            Ok(found)
        }
    });
    described.boxed()
}

async fn describe(app: &App, listed: &mut ListedNotification, actors: &Actors) -> Result<(), StoreError> {
    app.runs.fill(&app.store, &mut listed.notification).await?;
    let Some(id) = listed.notification.actor else { return Ok(()) };
    let known = actors.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
    listed.actor = match known {
        Some(actor) => actor,
        None => {
            let actor = match app.store.user(id).await? {
                Some(UserRecord::Present(user)) => Some(*user),
                Some(UserRecord::Erased) | None => None,
            };
            actors.lock().unwrap_or_else(PoisonError::into_inner).insert(id, actor.clone());
            actor
        }
    };
    Ok(())
}
