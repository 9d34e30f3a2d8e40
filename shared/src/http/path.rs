//! Paths, decoded once: a path that the gateway has decoded is not decoded again.

use std::borrow::Cow;

use lambda_http::{Request, RequestExt};
use percent_encoding::percent_decode_str;

use super::event_source::{PathForm, Route};

/// The path's segments as the client meant them. An HTTP API (payload 2.0) hands over a decoded path, a Function URL (the
/// same payload), a REST API and a load balancer do not. `None` where an escape is no UTF-8.
pub fn segments(request: &Request) -> Option<Vec<String>> {
    let raw = without_stage(request).trim_start_matches('/');
    let is_decoded = is_decoded(request);
    let segments = raw.split('/').map(|one| if is_decoded { Some(one.to_owned()) } else { decode(one) });
    Some(without_mapping(segments.collect::<Option<_>>()?, request.extensions().get()))
}

/// From the requested path back to where all paths begin, such as `../../../` from `/api/v1/users/x`. A link that begins with it
/// holds also where a custom domain maps the API to a path of its own.
pub fn to_root(request: &Request) -> String {
    "../".repeat(segments(request).map_or(0, |segments| segments.len().saturating_sub(1)))
}

/// A custom domain may map the API to a path: `https://a.example/notify`. AWS says that this path is not handed over
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>: `rawPath`;
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-mappings.html>), and events were seen that have it.
/// So both are understood: where a path does not begin as its route does, but goes on as it, what stands before is left out.
fn without_mapping(mut segments: Vec<String>, route: Option<&Route>) -> Vec<String> {
    let Some(Route(route)) = route else { return segments };
    let route: Vec<_> = route.trim_start_matches('/').split('/').collect();
    let is_route = |path: &[String]| route.iter().zip(path).all(|(part, is)| part.starts_with('{') || part == is);
    if let Some(before) = segments.windows(route.len()).position(is_route) {
        segments.drain(..before);
    }
    segments
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

    #[test]
    fn what_a_custom_domain_puts_before_the_path_is_no_part_of_it() {
        let of = |route: &str, path: &str| {
            let segments = path.split('/').map(str::to_owned).collect();
            without_mapping(segments, Some(&Route(route.to_owned()))).join("/")
        };
        let user = "/api/v1/users/{id}";
        for (route, path, own) in [
            (user, "api/v1/users/a", "api/v1/users/a"),
            (user, "notify/api/v1/users/a", "api/v1/users/a"),
            (user, "api/api/v1/users/a", "api/v1/users/a"),
            (user, "notify/v2/api/v1/users/a", "api/v1/users/a"),
            ("/unsubscribe", "unsubscribe", "unsubscribe"),
            ("/unsubscribe", "notify/unsubscribe", "unsubscribe"),
            // A decoded slash in an id makes a longer path, which is no user's.
            (user, "api/v1/users/a/b", "api/v1/users/a/b"),
            (user, "api/v1/users/a/api/v1/users/b", "api/v1/users/a/api/v1/users/b"),
            (user, "notify/api/v1/users/a/api/v1/users/b", "api/v1/users/a/api/v1/users/b"),
            // Nothing is known of another path.
            (user, "elsewhere", "elsewhere"),
            (user, "notify/v1/users/a", "notify/v1/users/a"),
        ] {
            assert_eq!(of(route, path), own, "{path}");
        }
        assert_eq!(without_mapping(vec!["notify".to_owned(), "a".to_owned()], None), ["notify", "a"]);
    }

    #[test]
    fn a_path_is_the_same_with_and_without_a_custom_domain_s_part() {
        for path in ["/a/1", "/notify/a/1"] {
            let http_api = serde_json::json!({
                "version": "2.0", "rawPath": path, "rawQueryString": "", "headers": {},
                "requestContext": {"domainName": "a.example", "stage": "$default", "routeKey": "ANY /a/{id}",
                    "http": {"method": "GET", "path": path}},
            });
            let rest_api = serde_json::json!({
                "httpMethod": "GET", "path": path, "resource": "/a/{id}", "headers": {},
                "requestContext": {"stage": "prod", "resourcePath": "/a/{id}", "httpMethod": "GET"},
            });
            for event in [http_api, rest_api] {
                let request = serde_json::from_value::<Event>(event).unwrap().request;
                assert_eq!(segments(&request).unwrap(), ["a", "1"], "{path}");
            }
        }
    }
}
