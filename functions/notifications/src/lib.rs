//! Accepts notifications and answers for what became of them.

mod accept;
mod decode;
mod show;
mod success;
mod templates;

use std::{sync::Arc, time::Duration};

use lambda_http::{Request, http::Method};
use shared::{
    cache::Cached,
    domain::ConfiguredChannel,
    http::{Reply, auth::Bearer, contract1::Problem, path},
    queue::Queue,
    store::Store,
};
use uuid::Uuid;

/// What the function works with.
#[derive(Debug)]
pub struct App {
    /// The table.
    pub store: Store,
    /// Where deliveries are queued.
    pub queue: Queue,
    /// Who calls.
    pub bearer: Bearer,
    /// The configured channels, at most a minute old.
    pub channels: Cached<Vec<ConfiguredChannel>>,
    /// The namespace that ids are derived in.
    pub namespace: Uuid,
    /// How long a notification and its deliveries are kept.
    pub retention: Duration,
}

/// Answers one request.
pub async fn handle(app: Arc<App>, request: Request) -> Reply {
    let path = path::segments(&request).unwrap_or_default();
    let answer = match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["api", "v1", "notifications"] => match *request.method() {
            Method::POST => accept::post(&app, &request).await,
            _ => Err(Problem::MethodNotAllowed("POST")),
        },
        ["api", "v1", "notifications", id] => match *request.method() {
            Method::GET => show::get(&app, &request, id).await,
            _ => Err(Problem::MethodNotAllowed("GET")),
        },
        ["api", "v1", "templates", below @ ..] => templates::handle(&app, &request, below).await,
        _ => Err(Problem::NotFound("There is nothing at this path")),
    };
    answer.unwrap_or_else(|problem| problem.reply())
}
