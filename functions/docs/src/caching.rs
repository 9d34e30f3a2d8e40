//! Answers that a client may have in its cache.

use lambda_http::http::{HeaderMap, StatusCode, header};
use shared::{hash::sha256_hex, http::Reply};

/// The answer with its entity tag, or 304 if the client has it already.
pub fn unless_known(headers: &HeaderMap, tag: &str, answer: impl FnOnce() -> Reply) -> Reply {
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut known = known.flat_map(|value| value.split(',')).map(|known| known.trim().trim_start_matches("W/"));
    let reply =
        if known.any(|known| known == tag || known == "*") { Reply::empty(StatusCode::NOT_MODIFIED) } else { answer() };
    // A new deployment may change the answer at any time, so a client asks each time whether its copy is still current.
    reply.header(header::ETAG, tag).header(header::CACHE_CONTROL, "no-cache")
}

pub fn tag(bytes: &[u8]) -> String {
    let mut digest = sha256_hex(bytes);
    digest.truncate(32);
    format!("\"{digest}\"")
}
