//! `/admin/users/{user_id}/channel-settings/{channel_id}`, also under `/admin/v1`: by an application's key pair.

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use shared::{
    dialects::notiflows::{
        Problem, Resource, decode, is_repeated,
        settings::{ChannelRules, ChannelSettingsReplacement},
    },
    domain::{Scope, UserId, user::UserRecord, user_change::AllowedUser},
    http::{IdempotentRequest, Reply, auth::Caller, body, etag},
};

use crate::{
    app::{App, configured},
    view::shown_to,
};

/// Answers a request for the path, whatever its method.
pub async fn handle(app: &App, request: &Request, user: &str, channel: &str) -> Result<Reply, Problem> {
    let method = request.method();
    let right = match *method {
        Method::GET => Scope::ChannelSettingsRead,
        Method::PUT | Method::DELETE => Scope::ChannelSettingsWrite,
        _ => return Err(Problem::MethodNotAllowed("GET, HEAD, PUT, DELETE")),
    };
    let caller = app.keys.application(&app.store, request.headers(), right).await?;
    let id = UserId::from_external(user, app.namespace).ok_or(Problem::invalid_id("user_id"))?;
    let work = work(app, request, &caller, id, user, channel);
    if *method == Method::GET {
        return work.await;
    }
    IdempotentRequest::of(request, &caller)?.about(&AllowedUser::without_rule(id)).run(&app.store, work).await
}

/// The operation of the method, for an application that has the right.
async fn work(
    app: &App,
    request: &Request,
    caller: &Caller,
    id: UserId,
    user: &str,
    channel: &str,
) -> Result<Reply, Problem> {
    let method = request.method();
    let no_user = || Problem::not_found(Resource::User, user);
    let precondition = etag::precondition(request.headers());
    if *method == Method::PUT {
        let body = body::object(request.body())?;
        let channel = configured(app, channel).await?;
        let rules = ChannelRules { provider: channel.provider, insecure_hosts: app.insecure_hosts.clone() };
        let ChannelSettingsReplacement { settings } = decode(body, None, &rules)?;
        let now = app.clock.now();
        let user = app.store.put_endpoint(id, &channel, &settings, precondition.as_ref(), now).await;
        return shown_to(caller, &user.map_err(|error| Problem::refused(error, no_user))?, &channel.id);
    }
    let channel = configured(app, channel).await?;
    let Some(UserRecord::Present(user)) = app.store.user(id).await? else { return Err(no_user()) };
    let answer = shown_to(caller, &user, &channel.id);
    if *method == Method::GET {
        return answer;
    }
    if answer.is_err() && is_repeated(request.headers()) {
        return Ok(Reply::empty(StatusCode::NO_CONTENT));
    }
    answer?;
    let deleted = app.store.delete_endpoint(id, &channel.id, precondition.as_ref(), app.clock.now()).await;
    deleted.map_err(|error| Problem::refused(error, no_user))?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}
