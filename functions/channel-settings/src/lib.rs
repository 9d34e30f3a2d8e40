//! Per-channel provider settings of users, contract 3.

mod problem;
mod settings;

use std::{sync::Arc, time::Duration};

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use serde::Serialize;
use serde_json::{Map, Value};
use shared::{
    cache::Cached,
    domain::{ConfiguredChannel, Provider, Timestamp, User, UserId, user::UserRecord},
    http::{Reply, RequestId, auth::ApiKeys, body, etag, path},
    store::Store,
};
use uuid::Uuid;

use problem::{Problem, Resource};

/// What the function works with.
#[derive(Debug)]
pub struct App {
    /// The table.
    pub store: Store,
    /// Who calls.
    pub api_keys: ApiKeys,
    /// The configured channels, at most a minute old.
    pub channels: Cached<Vec<ConfiguredChannel>>,
    /// The namespace that external user ids map into.
    pub namespace: Uuid,
}

/// Contract 3's answer.
#[derive(Serialize)]
struct ChannelSettingsView<'a> {
    channel_id: &'a str,
    created_at: Timestamp,
    provider: Provider,
    settings: Map<String, Value>,
    updated_at: Timestamp,
    user_id: UserId,
}

/// Answers one request.
pub async fn handle(app: Arc<App>, request: Request) -> Reply {
    let path = path::segments(&request).unwrap_or_default();
    let answer = match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["admin", "users", user, "channel-settings", channel]
        | ["admin", "v1", "users", user, "channel-settings", channel] => {
            channel_settings(&app, &request, user, channel).await
        }
        _ => Err(Problem::NoSuchPath),
    };
    let id = request.extensions().get::<RequestId>().map_or("", |id| &id.0);
    answer.unwrap_or_else(|problem| problem.reply(id))
}

async fn channel_settings(app: &App, request: &Request, user: &str, channel: &str) -> Result<Reply, Problem> {
    let method = request.method();
    if ![Method::GET, Method::PUT, Method::DELETE].contains(method) {
        return Err(Problem::MethodNotAllowed);
    }
    if !app.api_keys.authenticate(&app.store, request.headers()).await? {
        return Err(Problem::Unauthenticated);
    }
    let id = UserId::from_external(user, app.namespace).ok_or(Problem::InvalidParam("user_id"))?;
    let no_user = || Problem::NotFound(Resource::User, user.to_owned());
    let precondition = etag::precondition(request.headers());
    if *method == Method::PUT {
        let body = body::object(request.body())?;
        let channel = configured(app, channel).await?;
        let settings = settings::decode(body, channel.provider)?;
        let now = Timestamp::now();
        let user = app.store.put_endpoint(id, &channel, &settings, precondition.as_ref(), now).await;
        return shown(&user.map_err(|error| Problem::refused(error, no_user))?, &channel.id);
    }
    let channel = configured(app, channel).await?;
    let Some(UserRecord::Present(user)) = app.store.user(id).await? else { return Err(no_user()) };
    let answer = shown(&user, &channel.id)?;
    if *method == Method::GET {
        return Ok(answer);
    }
    let deleted = app.store.delete_endpoint(id, &channel.id, precondition.as_ref(), Timestamp::now()).await;
    deleted.map_err(|error| Problem::refused(error, no_user))?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// The channel of that id. One that the process does not know is looked for again: it may be new.
async fn configured(app: &App, id: &str) -> Result<ConfiguredChannel, Problem> {
    let find = |channels: &[ConfiguredChannel]| channels.iter().find(|channel| channel.id == id).cloned();
    let known = app.channels.get(|| app.store.channels()).await?;
    if let Some(channel) = find(&known) {
        return Ok(channel);
    }
    let fresh = app.channels.get_within(Duration::ZERO, || app.store.channels()).await?;
    find(&fresh).ok_or_else(|| Problem::NotFound(Resource::Channel, id.to_owned()))
}

fn shown(user: &User, channel_id: &str) -> Result<Reply, Problem> {
    let endpoint = user.endpoints.get(channel_id);
    let endpoint = endpoint.ok_or_else(|| Problem::NotFound(Resource::ChannelSettings, channel_id.to_owned()))?;
    let view = ChannelSettingsView {
        channel_id,
        created_at: endpoint.created_at,
        provider: endpoint.provider,
        settings: settings::encode(&endpoint.settings),
        updated_at: endpoint.updated_at,
        user_id: user.id,
    };
    Ok(Reply::json(StatusCode::OK, &view).etag(user.version))
}
