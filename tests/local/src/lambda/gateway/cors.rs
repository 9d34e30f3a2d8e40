//! CORS: the gateway itself answers preflights, and every answer says which pages may read it.

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;

use crate::template::Cors;

/// Pages of this machine, at any port: origins that a stack can allow beyond those of the template. API Gateway has nothing like them,
/// and the template's parameter takes no `*`.
pub const PAGES_OF_THIS_MACHINE: [&str; 2] = ["http://localhost:*", "http://127.0.0.1:*"];

/// The answer to a preflight; `None` if the request is not a preflight. No function is invoked, for any path.
pub fn preflight(cors: &Cors, parts: &Parts) -> Option<Response> {
    let asks = parts.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if parts.method != Method::OPTIONS || !asks || !parts.headers.contains_key(header::ORIGIN) {
        return None;
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    if let Some(origin) = allowed(cors, &parts.headers) {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        insert(headers, header::ACCESS_CONTROL_ALLOW_METHODS, &cors.allow_methods.join(","));
        insert(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, &cors.allow_headers.join(","));
        insert(headers, header::ACCESS_CONTROL_MAX_AGE, &cors.max_age.map(|age| age.to_string()).unwrap_or_default());
        credentials(cors, headers);
    }
    Some(response)
}

/// Sets the CORS headers of an answer. They replace the function's own CORS headers.
pub fn mark(cors: &Cors, asked: &HeaderMap, headers: &mut HeaderMap) {
    let own: Vec<_> = headers.keys().filter(|name| name.as_str().starts_with("access-control-")).cloned().collect();
    for name in own {
        headers.remove(name);
    }
    if let Some(origin) = allowed(cors, asked) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        insert(headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, &cors.expose_headers.join(","));
        credentials(cors, headers);
    }
}

/// The value of `Access-Control-Allow-Origin`; `None` if the origin is not allowed, or if the request has no origin.
fn allowed(cors: &Cors, asked: &HeaderMap) -> Option<HeaderValue> {
    let origin = asked.get(header::ORIGIN)?;
    if cors.allow_origins.iter().any(|allowed| allowed == "*") {
        return Some(HeaderValue::from_static("*"));
    }
    cors.allow_origins.iter().any(|allowed| allows(allowed, origin)).then(|| origin.clone())
}

/// Whether this entry of the list means the origin.
fn allows(allowed: &str, origin: &HeaderValue) -> bool {
    let is_at_any_port = || {
        let host = PAGES_OF_THIS_MACHINE.contains(&allowed).then(|| allowed.strip_suffix(":*"))??;
        let rest = origin.to_str().ok()?.strip_prefix(host)?;
        // The port of `http` itself is left out of an origin.
        Some(rest.is_empty() || rest.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok()))
    };
    allowed.as_bytes() == origin.as_bytes() || is_at_any_port() == Some(true)
}

fn credentials(cors: &Cors, headers: &mut HeaderMap) {
    if cors.allow_credentials {
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
}

/// Sets a header, unless its value is empty.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value)
        && !value.is_empty()
    {
        headers.insert(name, value);
    }
}
