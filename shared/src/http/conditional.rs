//! Reads under `If-Match` and `If-None-Match` (RFC 9110 §13.1.1, §13.1.2).

use lambda_http::{
    Request,
    http::{HeaderMap, Method, StatusCode, header},
};

use super::{Reply, etag, path};

/// The answer to a request as the native API gives it: a read carries an entity tag, which is the digest of the body if the handler
/// has set no version. It is `stale` if `If-Match` names other tags, and 304 if the client has that body already (in this order:
/// §13.2.2). This is the one place that does so, hence no read can forget it.
pub fn of_native(request: &Request, reply: Reply, stale: impl FnOnce() -> Reply) -> Reply {
    let is_native = || path::segments(request).is_some_and(|path| is_native(path.iter().map(String::as_str)));
    if *request.method() != Method::GET || reply.status() != StatusCode::OK || !is_native() {
        return reply;
    }
    let reply = reply.tagged();
    if is_wanted(request.headers(), &reply) { unless_known(request.headers(), reply) } else { stale() }
}

/// Whether `If-Match` is absent or met. Tags are compared strongly: a weak one equals none of ours, which are all strong. What
/// cannot be read is met by nothing, as for a write.
fn is_wanted(headers: &HeaderMap, reply: &Reply) -> bool {
    let tags = etag::tags(headers, header::IF_MATCH);
    tags.is_none_or(|tags| tags.iter().any(|tag| *tag == "*" || Some(*tag) == reply.tag()))
}

/// Whether a path is of the native API, by its first segments. One path has a method of contract 4, too.
pub fn is_native<'a>(mut path: impl Iterator<Item = &'a str>) -> bool {
    path.next() == Some("api") && path.next() == Some("v1")
}

/// The answer, or 304 if `If-None-Match` names its entity tag. Tags are compared weakly (§13.1.2). The 304 keeps all headers but
/// those of the body (§15.4.5).
pub fn unless_known(headers: &HeaderMap, reply: Reply) -> Reply {
    let known = etag::tags(headers, header::IF_NONE_MATCH).unwrap_or_default();
    let opaque = |tag: &str| tag.trim_start_matches("W/").to_owned();
    let is_known =
        reply.tag().is_some_and(|tag| known.iter().any(|known| *known == "*" || opaque(known) == opaque(tag)));
    if is_known { reply.not_modified() } else { reply }
}

#[cfg(test)]
mod tests {
    use lambda_http::{Body, RequestExt, http::HeaderName};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_client_that_has_the_body_is_told_so_with_the_headers_that_a_cache_needs() {
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("if-none-match", value.parse().unwrap());
            }
            let reply = Reply::json(StatusCode::OK, &json!({"a": 1})).header(header::CACHE_CONTROL, "no-cache");
            let (parts, body) = unless_known(&headers, reply.etag(7)).into_response().into_parts();
            let names: Vec<_> = parts.headers.keys().map(HeaderName::as_str).collect();
            assert!(names.contains(&"etag") && names.contains(&"cache-control"), "{names:?}");
            assert_eq!(parts.status == StatusCode::NOT_MODIFIED, matches!(body, Body::Empty));
            assert_eq!(names.contains(&"content-type"), parts.status == StatusCode::OK);
            parts.status.as_u16()
        };
        for known in [vec!["\"7\""], vec!["W/\"7\""], vec!["*"], vec!["\"x\", W/\"7\""], vec!["\"x\"", "\"7\""]] {
            assert_eq!(of(&known), 304, "{known:?}");
        }
        for other in [vec![], vec!["\"8\""], vec!["7"], vec![""], vec!["\"07\""], vec!["w/\"7\""]] {
            assert_eq!(of(&other), 200, "{other:?}");
        }
    }

    #[test]
    fn a_native_read_is_stale_if_it_has_none_of_the_tags_that_the_client_wants() {
        let of = |path: &str, status: StatusCode, headers: &[(&'static str, &str)]| {
            let mut request = Request::new(Body::Empty).with_raw_http_path(path);
            for (name, value) in headers {
                request.headers_mut().append(*name, value.parse().unwrap());
            }
            let stale = || Reply::empty(StatusCode::PRECONDITION_FAILED);
            of_native(&request, Reply::json(status, &json!({"a": 1})).etag(7), stale).status().as_u16()
        };
        let read = |headers: &[(&'static str, &str)]| of("/api/v1/users/a", StatusCode::OK, headers);
        for wanted in ["\"7\"", "*", "\"x\", \"7\""] {
            assert_eq!(read(&[("if-match", wanted)]), 200, "{wanted}");
            assert_eq!(read(&[("if-match", wanted), ("if-none-match", "\"7\"")]), 304, "{wanted}");
        }
        assert_eq!(read(&[("if-match", "\"8\""), ("if-match", "\"7\"")]), 200);
        for other in ["\"8\"", "W/\"7\"", "7", "", "\"07\"", "\"x,7\""] {
            let wanted = [("if-match", other)];
            assert_eq!(read(&wanted), 412, "{other}");
            assert_eq!(read(&[("if-match", other), ("if-none-match", "\"7\"")]), 412, "{other}");
            assert_eq!(of("/api/v1/users/a", StatusCode::NOT_FOUND, &wanted), 404, "{other}");
            assert_eq!(of("/settings/user", StatusCode::OK, &wanted), 200, "{other}");
        }
    }

    #[test]
    fn a_body_without_a_version_is_tagged_by_its_digest() {
        let tag = |body: &str| Reply::text(StatusCode::OK, "application/json", body).tagged().tag().unwrap().to_owned();
        assert_eq!(tag("{}"), tag("{}"));
        assert!(tag("{}") != tag("[]") && tag("{}").len() == 34);
        assert_eq!(Reply::text(StatusCode::OK, "text/plain", "a").etag(7).tagged().tag(), Some("\"7\""));
    }
}
