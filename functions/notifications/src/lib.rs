//! Accepts notifications and answers for what became of them.

mod accept;
mod cancel;
mod dead_letters;
mod decode;
mod explain;
mod inbox;
mod list;
mod openapi;
mod show;
mod success;
mod templates;
pub mod view;

use std::{sync::Arc, time::Duration};

use lambda_http::{Request, http::Method};
use shared::{
    cache::Cached,
    dialects::native::Problem,
    domain::{ConfiguredChannel, Content},
    http::{Reply, auth::Bearer, path},
    metrics::Metrics,
    queue::Queue,
    render::Template,
    store::{Store, StoreError, Templates},
};
use uuid::Uuid;

pub use openapi::document;

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
    /// The templates, each at most a minute old.
    pub templates: Templates,
    /// The namespace that ids are derived in.
    pub namespace: Uuid,
    /// How long a notification and its deliveries are kept.
    pub retention: Duration,
    /// What is counted.
    pub metrics: Metrics,
}

impl App {
    /// The configured channels that the worker can send through.
    async fn channels(&self) -> Result<Arc<Vec<ConfiguredChannel>>, StoreError> {
        self.channels.get(|| self.store.channels()).await
    }

    /// The template that a notification is put into words by, where it has one and that is there.
    async fn template(&self, content: &Content) -> Result<Option<Arc<Template>>, StoreError> {
        self.templates.of(&self.store, content).await
    }
}

/// Answers one request.
pub async fn handle(app: Arc<App>, request: Request) -> Reply {
    let reply = route(&app, &request).await;
    app.metrics.flush();
    reply
}

async fn route(app: &App, request: &Request) -> Reply {
    let path = path::segments(request).unwrap_or_default();
    let path: Vec<_> = path.iter().map(String::as_str).collect();
    let answer = match (path.as_slice(), request.method()) {
        (["api", "v1", "dead-letters", below @ ..], _) => dead_letters::handle(app, request, below).await,
        (["api", "v1", "notifications"], &Method::POST) => accept::post(app, request).await,
        (["api", "v1", "notifications"], _) => Err(Problem::MethodNotAllowed("POST")),
        (["api", "v1", "notifications", "explain"], &Method::POST) => explain::post(app, request).await,
        (["api", "v1", "notifications", "explain"], _) => Err(Problem::MethodNotAllowed("POST")),
        (["api", "v1", "notifications", id], &Method::GET) => show::get(app, request, id).await,
        (["api", "v1", "notifications", id], &Method::DELETE) => cancel::delete(app, request, id).await,
        (["api", "v1", "notifications", _], _) => Err(Problem::MethodNotAllowed("GET, DELETE")),
        (["api", "v1", "users", id, "notifications"], &Method::GET) => list::get(app, request, id).await,
        (["api", "v1", "users", _, "notifications"], _) => Err(Problem::MethodNotAllowed("GET")),
        (["api", "v1", "users", id, "inbox", below @ ..], _) => inbox::handle(app, request, id, below).await,
        (["api", "v1", "templates", below @ ..], _) => templates::handle(app, request, below).await,
        _ => Err(Problem::not_found("There is nothing at this path")),
    };
    answer.unwrap_or_else(|problem| problem.reply())
}
