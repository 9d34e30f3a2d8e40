//! The OpenAPI document of all dialects, and a page that shows it.

mod page;

use std::sync::{Arc, LazyLock};

use lambda_http::{
    Request,
    http::{HeaderMap, Method, StatusCode, header},
};
use shared::{
    dialects::native::Problem,
    hash::sha256_hex,
    http::{
        Reply,
        openapi::{Document, OpenApi},
        path,
    },
};

/// The document as JSON, and its entity tag; made once a process.
static DOCUMENT: LazyLock<(String, String)> = LazyLock::new(|| {
    let text = serde_json::to_string(&document()).unwrap_or_default();
    let tag = tag(text.as_bytes());
    (text, tag)
});

/// Every operation of every function.
pub fn document() -> OpenApi {
    let mut doc = Document::default();
    preferences::document(&mut doc);
    users::document(&mut doc);
    channel_settings::document(&mut doc);
    notifications::document(&mut doc);
    page::document(&mut doc);
    doc.finish()
}

/// Answers one request.
pub async fn handle(_: Arc<()>, request: Request) -> Reply {
    let path = path::segments(&request).unwrap_or_default();
    let path: Vec<_> = path.iter().map(String::as_str).collect();
    let reads = *request.method() == Method::GET;
    match path.as_slice() {
        ["openapi.json" | "docs"] | ["docs", _] if !reads => Problem::MethodNotAllowed("GET").reply(),
        ["openapi.json"] => {
            let (text, tag) = &*DOCUMENT;
            unless_known(request.headers(), tag, || Reply::text(StatusCode::OK, "application/json", text))
        }
        ["docs"] => page::page(),
        ["docs", file] => page::part(file, request.headers()),
        _ => Problem::not_found("There is nothing at this path").reply(),
    }
}

/// The answer under its entity tag, or 304 where the client has it already.
fn unless_known(headers: &HeaderMap, tag: &str, answer: impl FnOnce() -> Reply) -> Reply {
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut known = known.flat_map(|value| value.split(',')).map(|known| known.trim().trim_start_matches("W/"));
    let reply =
        if known.any(|known| known == tag || known == "*") { Reply::empty(StatusCode::NOT_MODIFIED) } else { answer() };
    // A new deployment may answer otherwise at once: whoever has it asks whether it still is.
    reply.header(header::ETAG, tag).header(header::CACHE_CONTROL, "no-cache")
}

fn tag(bytes: &[u8]) -> String {
    format!("\"{}\"", &sha256_hex(bytes)[..32])
}

#[cfg(test)]
mod tests;
