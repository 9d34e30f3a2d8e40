//! `/user/channels/{channel_id}/settings`, also under `/user/v1`: a user's own settings, by the application's public key and the user's own key.

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use shared::{
    dialects::notiflows::{Credential, Own, Problem, Resource, is_repeated, own_settings::decode_own},
    domain::{User, UserId, user::UserRecord, user_change::AllowedUser},
    http::{IdempotentRequest, Reply, auth::TokenFault, body, etag},
    store::UpdateUserError,
};

use crate::{
    app::{App, configured},
    view::shown,
};

/// Answers a request for the path, whatever its method.
pub async fn handle(app: &App, request: &Request, channel: &str) -> Result<Reply, Problem> {
    let method = request.method();
    if ![Method::GET, Method::PUT, Method::DELETE].contains(method) {
        return Err(Problem::MethodNotAllowed("GET, HEAD, PUT, DELETE"));
    }
    let caller = app.keys.user(&app.store, &app.users, request.headers()).await?;
    let id = caller.user.ok_or(Own::NoCredential(Credential::UserKey))?;
    let work = work(app, request, id, channel);
    if *method == Method::GET {
        return work.await;
    }
    IdempotentRequest::of(request, &caller)?.about(&AllowedUser::without_rule(id)).run(&app.store, work).await
}

/// The operation of the method, for the user.
async fn work(app: &App, request: &Request, id: UserId, channel: &str) -> Result<Reply, Problem> {
    let method = request.method();
    if *method == Method::PUT {
        return put(app, request, id, channel).await;
    }
    let channel = configured(app, channel).await?;
    let user = match app.store.user(id).await? {
        Some(UserRecord::Present(user)) => *user,
        Some(UserRecord::Erased) => return Err(refused(UpdateUserError::Erased, id)),
        None => return Err(refused(UpdateUserError::NotFound, id)),
    };
    let answer = shown(&user, &channel.id);
    if *method == Method::GET {
        return answer;
    }
    if answer.is_err() && is_repeated(request.headers()) {
        return Ok(Reply::empty(StatusCode::NO_CONTENT));
    }
    answer?;
    let precondition = etag::precondition(request.headers());
    let deleted = app.store.delete_endpoint(id, &channel.id, precondition.as_ref(), app.clock.now()).await;
    deleted.map_err(|error| refused(error, id))?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

async fn put(app: &App, request: &Request, id: UserId, channel: &str) -> Result<Reply, Problem> {
    let body = body::object(request.body())?;
    let channel = configured(app, channel).await?;
    let settings = decode_own(body, channel.provider)?;
    let precondition = etag::precondition(request.headers());
    let user = app.store.put_endpoint(id, &channel, &settings, precondition.as_ref(), app.clock.now()).await;
    let user: User = user.map_err(|error| refused(error, id))?;
    shown(&user, &channel.id)
}

/// The refusal as the user sees it. A key of a user who was erased proves nobody's identity.
pub fn refused(error: UpdateUserError, id: UserId) -> Problem {
    match error {
        UpdateUserError::Erased => Problem::from(TokenFault::Erased).of_user_key(),
        error => Problem::refused(error, || Problem::not_found(Resource::User, id.to_string())),
    }
}
