//! Users. This is also the function behind `$default`: it answers requests that no route takes.

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

mod app;
mod erasure;
mod health;
mod native;
mod notiflows;

use std::sync::Arc;

use lambda_http::Request;
use shared::{
    dialects::{
        native::Problem,
        notiflows::{Own, reply},
    },
    http::{Reply, Unserved, openapi::Document, path},
};

pub use app::App;
pub use health::{Health, HealthSettings, Sources};

/// Answers one request.
pub async fn handle(app: Arc<App>, request: Arc<Request>) -> Reply {
    let path = path::segments(&request).unwrap_or_default();
    match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["api", "v1", "users"] => native::users::users(&app, &request).await,
        ["api", "v1", "users", id] if !id.is_empty() => native::users::user(&app, &request, id).await,
        ["api", "v1", "users", id, "export"] => native::export::handle(&app, &request, id).await,
        ["api", "v1", "users", id, "subscriptions"] => native::subscriptions::all(&app, &request, id).await,
        ["api", "v1", "users", id, "subscriptions", topic] => {
            native::subscriptions::one(&app, &request, id, topic).await
        }
        ["api", "v1", "users", id, "suppressions"] => native::suppressions::all(&app, &request, id).await,
        // An address may have slashes. An HTTP API hands over a decoded path and finds no route for it, so that such a request
        // arrives through `$default`.
        ["api", "v1", "users", id, "suppressions", address @ ..] => {
            native::suppressions::one(&app, &request, id, &address.join("/")).await
        }
        ["api", "v1", "api-keys"] => native::api_keys::all(&app, &request).await,
        ["api", "v1", "api-keys", key] => native::api_keys::one(&app, &request, key).await,
        ["api", "v1", "health"] => native::health::handle(&app, &request).await,
        ["api", "v1", "channels"] => native::channels::all(&app, &request).await,
        ["api", "v1", "channels", id] => native::channels::one(&app, &request, id).await,
        ["admin", "v1", "users"] => notiflows::users(&app, &request).await,
        ["admin", "v1", "users", id] => notiflows::user(&app, &request, id).await,
        ["admin", "v1", "users", id, "preferences"] => notiflows::preferences(&app, &request, id).await,
        ["admin", "v1", "users", id, "subscriptions"] => notiflows::subscriptions::all(&app, &request, id).await,
        ["admin", "v1", "users", id, "subscriptions", name] => {
            notiflows::subscriptions::one(&app, &request, id, name).await
        }
        ["admin", "v1", "topics"] => notiflows::topics::all(&app, &request).await,
        ["admin", "v1", "topics", name] => notiflows::topics::one(&app, &request, name).await,
        ["admin", "v1", "topics", name, "subscriptions"] => notiflows::subscribers::handle(&app, &request, name).await,
        // A path below contract 3's root gets that contract's shape.
        ["admin" | "user", ..] => reply(Err(Own::NoSuchPath.into()), &request),
        _ => Problem::not_found("There is nothing at this path").reply(),
    }
}

/// The refusal of a request that no handler answers.
pub fn unserved(_: &App, request: &Request, why: Unserved) -> Reply {
    let path = path::segments(request).unwrap_or_default();
    match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["admin" | "user", ..] => reply(Err(why.into()), request),
        _ => Problem::unserved(why).reply(),
    }
}

/// The function's part of the OpenAPI document.
pub fn document(doc: &mut Document) {
    native::users::document(doc);
    native::export::document(doc);
    native::subscriptions::document(doc);
    native::suppressions::document(doc);
    notiflows::document(doc);
    native::channels::document(doc);
    native::api_keys::document(doc);
    native::health::document(doc);
}
