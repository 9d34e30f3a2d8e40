//! `/user/preferences`, also under `/user/v1`: a user's own preferences, by the application's public key and the user's own key.

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use shared::{
    dialects::notiflows::{
        Credential, Own, Problem, decode,
        preferences::{PreferencesChange, encode, opting_in, opts_out_of_none_required},
    },
    domain::{Categories, User, UserChange, UserId, user::UserRecord, user_change::AllowedUser},
    http::{IdempotentRequest, Reply, body, etag},
    store::UpdateUserError,
};

use crate::{App, own::refused};

/// Answers a request for the path, whatever its method.
pub async fn handle(app: &App, request: &Request) -> Result<Reply, Problem> {
    let method = request.method();
    if ![Method::GET, Method::PUT].contains(method) {
        return Err(Problem::MethodNotAllowed("GET, HEAD, PUT"));
    }
    let caller = app.keys.user(&app.store, &app.users, request.headers()).await?;
    let id = caller.user.ok_or(Own::NoCredential(Credential::UserKey))?;
    if *method == Method::GET {
        return match app.store.user(id).await? {
            Some(UserRecord::Present(user)) => {
                let categories = app.categories().await?;
                Ok(shown(&user, &categories))
            }
            Some(UserRecord::Erased) => Err(refused(UpdateUserError::Erased, id)),
            None => Err(refused(UpdateUserError::NotFound, id)),
        };
    }
    let idempotent = IdempotentRequest::of(request, &caller)?.about(&AllowedUser::without_rule(id));
    idempotent.run(&app.store, put(app, request, id)).await
}

async fn put(app: &App, request: &Request, id: UserId) -> Result<Reply, Problem> {
    let preferences: PreferencesChange = decode(body::object(request.body())?, None, &())?;
    let mut change = UserChange::default();
    preferences.add_to(&mut change);
    let categories = app.categories().await?;
    opts_out_of_none_required(&change.handles, "", &categories)?;
    let change = opting_in(change, &categories);
    let precondition = etag::precondition(request.headers());
    let user = app.store.update_user(id, &change, precondition.as_ref(), app.clock.now()).await;
    Ok(shown(&user.map_err(|error| refused(error, id))?, &categories))
}

fn shown(user: &User, categories: &Categories) -> Reply {
    Reply::json(StatusCode::OK, &encode(user, categories)).etag(user.version)
}
