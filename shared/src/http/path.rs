//! Paths, decoded once: what has been decoded by the gateway already is not decoded again.

use lambda_http::{Request, RequestExt};

use super::front_door::PathForm;

/// The path's segments as the client meant them. An HTTP API (payload 2.0) hands over a decoded path, a Function URL (the
/// same payload), a REST API and a load balancer do not. `None` where an escape is no UTF-8.
pub fn segments(request: &Request) -> Option<Vec<String>> {
    let raw = without_stage(request).trim_start_matches('/');
    raw.split('/').map(|segment| if is_decoded(request) { Some(segment.to_owned()) } else { decode(segment) }).collect()
}

/// An HTTP API puts the name of its stage before the path, unless that is `$default`; nobody else does.
fn without_stage(request: &Request) -> &str {
    let raw = request.raw_http_path();
    let Some(stage) = form(request).and_then(|form| form.stage.as_deref()) else { return raw };
    let rest = raw.strip_prefix('/').and_then(|path| path.strip_prefix(stage));
    rest.filter(|rest| !stage.is_empty() && (rest.is_empty() || rest.starts_with('/'))).unwrap_or(raw)
}

fn is_decoded(request: &Request) -> bool {
    form(request).is_some_and(|form| form.is_decoded)
}

fn form(request: &Request) -> Option<&PathForm> {
    request.extensions().get()
}

/// Percent-decoding of one segment (RFC 3986 §2.1). A `%` that begins no escape stands for itself, as gateways read it.
fn decode(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let escape = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let escape = escape.filter(|d| *first == b'%' && d.bytes().all(|b| b.is_ascii_hexdigit()));
        match escape.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::front_door::Event;

    #[test]
    fn escapes_are_decoded_once() {
        assert_eq!(decode("user%2042").as_deref(), Some("user 42"));
        assert_eq!(decode("%252F").as_deref(), Some("%2F"));
        assert_eq!(decode("100%").as_deref(), Some("100%"));
        assert_eq!(decode("%+1").as_deref(), Some("%+1"));
        assert_eq!(decode("%ff"), None);
    }

    #[test]
    fn an_http_api_has_decoded_the_path_and_a_function_url_has_not() {
        let event = |domain: &str| {
            let event = serde_json::json!({
                "version": "2.0", "rawPath": "/a/%2F", "rawQueryString": "", "headers": {},
                "requestContext": {"domainName": domain, "stage": "$default", "http": {"method": "GET", "path": "/a/%2F"}},
                "isBase64Encoded": false
            });
            segments(&serde_json::from_value::<Event>(event).unwrap().request).unwrap()
        };
        assert_eq!(event("x.execute-api.eu-west-1.amazonaws.com"), ["a", "%2F"]);
        assert_eq!(event("x.lambda-url.eu-west-1.on.aws"), ["a", "/"]);
    }
}
