//! The OpenAPI document of all dialects, and a page that shows it.

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

mod caching;
mod errors;
mod guides;
mod page;
mod reasons;
mod text;
mod webhooks;

use std::sync::{Arc, LazyLock};

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use shared::{
    dialects::native::Problem,
    http::{
        Reply, Unserved,
        openapi::{Document, OpenApi},
        path,
    },
};

use caching::cached;

/// The document as JSON. Each process makes it once.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| serde_json::to_string(&document()).unwrap_or_default());

/// Every operation of every function.
pub fn document() -> OpenApi {
    let mut doc = Document::default();
    notifications::document(&mut doc);
    users::document(&mut doc);
    preferences::document(&mut doc);
    channel_settings::document(&mut doc);
    webhooks::document(&mut doc);
    page::document(&mut doc);
    errors::document(&mut doc);
    reasons::document(&mut doc);
    guides::document(&mut doc);
    doc.finish()
}

/// Answers one request.
pub async fn handle(_: Arc<()>, request: Arc<Request>) -> Reply {
    let path = path::segments(&request).unwrap_or_default();
    let path: Vec<_> = path.iter().map(String::as_str).collect();
    let reads = *request.method() == Method::GET;
    match path.as_slice() {
        ["openapi.json" | "docs"] | ["docs", _] | ["docs", "errors" | "reasons" | "guides", _] if !reads => {
            Problem::MethodNotAllowed("GET, HEAD").reply()
        }
        ["openapi.json"] => {
            cached(request.headers(), Reply::text(StatusCode::OK, "application/json", DOCUMENT.as_str()))
        }
        ["docs"] => page::page(),
        ["docs", "errors"] => errors::index(request.headers()),
        ["docs", "errors", code] => errors::page(code, request.headers()),
        ["docs", "reasons"] => reasons::index(request.headers()),
        ["docs", "reasons", reason] => reasons::page(reason, request.headers()),
        ["docs", "guides"] => guides::index(request.headers()),
        ["docs", "guides", guide] => guides::page(guide, request.headers()),
        ["docs", file] => page::part(file, request.headers()),
        _ => Problem::not_found("There is nothing at this path").reply(),
    }
}

/// The refusal of a request that no handler answers.
pub fn unserved(_: &(), _: &Request, why: Unserved) -> Reply {
    Problem::unserved(why).reply()
}

#[cfg(test)]
mod tests;
