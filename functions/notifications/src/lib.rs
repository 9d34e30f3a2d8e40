//! Accepts notifications, and shows what happened to them.

#![cfg_attr(
    not(test),
    warn(
        clippy::indexing_slicing,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::string_slice,
        clippy::todo,
        clippy::unimplemented,
        clippy::unreachable
    )
)]

mod accept;
mod app;
mod body;
mod cancel;
mod dead_letters;
mod explain;
mod inbox;
mod list;
mod notiflows;
mod openapi;
mod pauses;
mod run_accept;
mod run_body;
mod runs;
mod show;
mod success;
mod templates;
pub mod view;

use std::sync::Arc;

use lambda_http::{Request, http::Method};
use shared::{
    dialects::{
        native::Problem,
        notiflows::{Own, reply},
    },
    http::{Reply, Unserved, path},
};

pub use app::App;
pub use openapi::document;
pub use runs::at as run_view;

/// Answers one request.
pub async fn handle(app: Arc<App>, request: Arc<Request>) -> Reply {
    let reply = route(&app, &request).await;
    app.metrics.flush();
    reply
}

/// The refusal of a request that no handler answers.
pub fn unserved(_: &App, request: &Request, why: Unserved) -> Reply {
    match path::segments(request).unwrap_or_default().first().map(String::as_str) {
        Some("admin") => reply(Err(why.into()), request),
        _ => Problem::unserved(why).reply(),
    }
}

async fn route(app: &App, request: &Request) -> Reply {
    let path = path::segments(request).unwrap_or_default();
    let path: Vec<_> = path.iter().map(String::as_str).collect();
    // A path below contract 3's root gets that contract's shape.
    match path.as_slice() {
        ["admin", "v1", below @ ..] => return notiflows::handle(app, request, below).await,
        ["admin", ..] => return reply(Err(Own::NoSuchPath.into()), request),
        _ => {}
    }
    let answer = match (path.as_slice(), request.method()) {
        (["api", "v1", "dead-letters", below @ ..], _) => dead_letters::handle(app, request, below).await,
        (["api", "v1", "pauses", below @ ..], _) => pauses::handle(app, request, below).await,
        (["api", "v1", "notifications"], &Method::POST) => accept::post(app, request).await,
        (["api", "v1", "notifications"], _) => Err(Problem::MethodNotAllowed("POST")),
        (["api", "v1", "notifications", "explain"], &Method::POST) => explain::post(app, request).await,
        (["api", "v1", "notifications", "explain"], _) => Err(Problem::MethodNotAllowed("POST")),
        (["api", "v1", "notifications", id], &Method::GET) => show::get(app, request, id).await,
        (["api", "v1", "notifications", id], &Method::DELETE) => cancel::delete(app, request, id).await,
        (["api", "v1", "notifications", _], _) => Err(Problem::MethodNotAllowed("GET, HEAD, DELETE")),
        (["api", "v1", "users", id, "notifications"], &Method::GET) => list::get(app, request, id).await,
        (["api", "v1", "users", _, "notifications"], _) => Err(Problem::MethodNotAllowed("GET, HEAD")),
        (["api", "v1", "runs", below @ ..], _) => runs::handle(app, request, below).await,
        (["api", "v1", "users", id, "inbox", below @ ..], _) => inbox::handle(app, request, id, below).await,
        (["api", "v1", "templates", below @ ..], _) => templates::handle(app, request, below).await,
        _ => Err(Problem::not_found("There is nothing at this path")),
    };
    answer.unwrap_or_else(|problem| problem.reply())
}
