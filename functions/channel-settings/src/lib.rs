//! Per-channel provider settings of users, contract 3.

mod admin;
mod openapi;
mod own;
mod view;

use std::{sync::Arc, time::Duration};

use lambda_http::Request;
use shared::{
    cache::Cached,
    dialects::notiflows::{Keys, Own, Problem, Resource, reply},
    domain::ConfiguredChannel,
    http::{Reply, auth::Bearer, path},
    store::Store,
};
use uuid::Uuid;

pub use openapi::document;

/// What the function works with.
#[derive(Debug)]
pub struct App {
    /// The table.
    pub store: Store,
    /// Which application calls.
    pub keys: Keys,
    /// Which user calls.
    pub users: Bearer,
    /// The configured channels, at most a minute old.
    pub channels: Cached<Vec<ConfiguredChannel>>,
    /// The namespace that external user ids map into.
    pub namespace: Uuid,
}

/// Answers one request.
pub async fn handle(app: Arc<App>, request: Request) -> Reply {
    let path = path::segments(&request).unwrap_or_default();
    let answer = match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["admin", "users", user, "channel-settings", channel]
        | ["admin", "v1", "users", user, "channel-settings", channel] => {
            admin::handle(&app, &request, user, channel).await
        }
        ["user", "channels", channel, "settings"] => own::handle(&app, &request, channel).await,
        _ => Err(Own::NoSuchPath.into()),
    };
    reply(answer, &request)
}

/// The channel of that id. One that the process does not know is looked for again: it may be new.
async fn configured(app: &App, id: &str) -> Result<ConfiguredChannel, Problem> {
    let find = |channels: &[ConfiguredChannel]| channels.iter().find(|channel| channel.id == id).cloned();
    let known = app.channels.get(|| app.store.channels()).await?;
    if let Some(channel) = find(&known) {
        return Ok(channel);
    }
    let fresh = app.channels.get_within(Duration::ZERO, || app.store.channels()).await?;
    find(&fresh).ok_or_else(|| Problem::not_found(Resource::Channel, id))
}
