//! Paths, decoded once: a path that the gateway has decoded is not decoded again.

use std::borrow::Cow;

use lambda_http::{Request, RequestExt};
use percent_encoding::percent_decode_str;

use super::event_source::PathForm;

/// The path's segments as the client meant them. An HTTP API (payload 2.0) hands over a decoded path, a Function URL (the
/// same payload), a REST API and a load balancer do not. `None` where an escape is no UTF-8.
pub fn segments(request: &Request) -> Option<Vec<String>> {
    let raw = without_stage(request).trim_start_matches('/');
    raw.split('/').map(|segment| if is_decoded(request) { Some(segment.to_owned()) } else { decode(segment) }).collect()
}

/// An HTTP API puts the name of its stage before the path, unless the name is `$default`. No other source does so.
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
    percent_decode_str(segment).decode_utf8().ok().map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::event_source::Event;

    #[test]
    fn escapes_are_decoded_once() {
        for (segment, decoded) in [
            ("user%2042", "user 42"),
            ("%252F", "%2F"),
            ("100%", "100%"),
            ("%4", "%4"),
            ("%+1", "%+1"),
            ("% 1", "% 1"),
            ("%zz%4", "%zz%4"),
            ("%%41", "%A"),
            ("a+b", "a+b"),
            ("%2B%2b", "++"),
            ("%00", "\0"),
            ("%C3%A9é", "éé"),
            ("%f0%9f%98%80", "\u{1f600}"),
            ("%EF%BB%BFa", "\u{feff}a"),
            ("", ""),
        ] {
            assert_eq!(decode(segment).as_deref(), Some(decoded), "{segment}");
        }
    }

    #[test]
    fn what_is_no_utf_8_is_refused() {
        for segment in ["%ff", "%C3", "a%C3b", "%C0%AF", "%ED%A0%80", "%F4%90%80%80"] {
            assert_eq!(decode(segment), None, "{segment}");
        }
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
