//! Makes API Gateway's event for an HTTP request: payload format 2.0.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::http::request::Parts;
use axum::http::{HeaderMap, Version, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::percent;

/// Headers of one connection. API Gateway does not forward them.
const HOP_BY_HOP: [&str; 8] =
    ["connection", "expect", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];

/// The facts about a request that are not in the request itself.
#[derive(Debug)]
pub struct Origin<'a> {
    /// The route that was chosen.
    pub route_key: &'a str,
    /// The route's parameters, decoded.
    pub parameters: BTreeMap<String, String>,
    /// The caller's address.
    pub peer: SocketAddr,
    /// The unique id of the request.
    pub request_id: &'a str,
    /// When the request came.
    pub at: Timestamp,
    /// The AWS account id of the stack.
    pub account: &'a str,
}

/// The event for a request.
pub fn event(parts: &Parts, body: &Bytes, origin: &Origin<'_>) -> Value {
    let path = percent::decode(parts.uri.path());
    let query = parts.uri.query().unwrap_or_default();
    let headers = headers(&parts.headers, origin);
    let (text, is_base64) = body_text(parts.headers.get(header::CONTENT_TYPE), body);
    let host = headers.get("host").cloned().unwrap_or_else(|| "localhost".to_owned());
    let domain = host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name);
    let mut event = json!({
        "version": "2.0",
        "routeKey": origin.route_key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": origin.account,
            "apiId": "local",
            "domainName": domain,
            "domainPrefix": domain.split('.').next().unwrap_or(domain),
            "http": {
                "method": parts.method.as_str(),
                "path": path,
                "protocol": protocol(parts.version),
                "sourceIp": origin.peer.ip().to_string(),
                "userAgent": headers.get("user-agent").cloned().unwrap_or_default(),
            },
            "requestId": origin.request_id,
            "routeKey": origin.route_key,
            "stage": "$default",
            "time": origin.at.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": origin.at.as_millisecond(),
        },
        "isBase64Encoded": is_base64,
    });
    // Empty parts are left out, as on AWS.
    let optional = [
        ("cookies", json!(cookies(&parts.headers))),
        ("queryStringParameters", json!(joined(percent::query_pairs(query)))),
        ("pathParameters", json!(origin.parameters)),
        ("body", json!(text)),
    ];
    if let Value::Object(event) = &mut event {
        event.extend(optional.into_iter().filter(|(_, value)| !is_empty(value)).map(named));
    }
    event
}

fn named((name, value): (&str, Value)) -> (String, Value) {
    (name.to_owned(), value)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => Map::is_empty(fields),
        Value::String(text) => text.is_empty(),
        other => other.is_null(),
    }
}

/// The headers in the event: names in lower case, repeated values joined with commas, without cookies and without
/// headers of the connection.
fn headers(sent: &HeaderMap, origin: &Origin<'_>) -> BTreeMap<String, String> {
    let kept = sent.iter().filter(|(name, _)| !HOP_BY_HOP.contains(&name.as_str()) && **name != header::COOKIE);
    let own = [("x-forwarded-for", origin.peer.ip().to_string())];
    let sent = kept.map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    let all = sent.chain(own).map(|(name, value)| (name.to_owned(), value));
    let mut headers = joined(all.collect());
    headers.insert("x-forwarded-proto".to_owned(), "http".to_owned());
    headers
}

/// Joins the values of repeated names with commas.
fn joined(pairs: Vec<(String, String)>) -> BTreeMap<String, String> {
    let mut joined = BTreeMap::<String, String>::new();
    for (name, value) in pairs {
        joined
            .entry(name)
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert(value);
    }
    joined
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(header::COOKIE).iter();
    let values = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    values
        .flat_map(|value| value.split(';').map(|cookie| cookie.trim().to_owned()).collect::<Vec<_>>())
        .filter(|cookie| !cookie.is_empty())
        .collect()
}

/// The body as text if its content type is text and it is UTF-8, or else as base64. The flag says whether it is base64.
fn body_text(content_type: Option<&header::HeaderValue>, body: &Bytes) -> (String, bool) {
    let is_text = content_type.is_none_or(|value| value.to_str().is_ok_and(is_text_type));
    match std::str::from_utf8(body) {
        Ok(text) if is_text || body.is_empty() => (text.to_owned(), false),
        _ => (STANDARD.encode(body), true),
    }
}

fn is_text_type(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.starts_with("text/")
        || essence.ends_with("+json")
        || essence.ends_with("+xml")
        || matches!(essence.as_str(), "application/json" | "application/xml" | "application/javascript")
}

fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2.0",
        _ => "HTTP/1.1",
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn of(request: axum::http::request::Builder, body: &'static [u8]) -> Value {
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let origin = Origin {
            route_key: "ANY /api/v1/users/{id}",
            parameters: [("id".to_owned(), "é 1".to_owned())].into(),
            peer: "127.0.0.1:4000".parse().unwrap(),
            request_id: "r-1",
            at: "2026-11-21T08:05:09.123Z".parse().unwrap(),
            account: "000000000000",
        };
        event(&parts, &Bytes::from_static(body), &origin)
    }

    #[test]
    fn a_request_becomes_the_whole_event() {
        let request = Request::put("/api/v1/users/%C3%A9%201?a=1&a=2%2C&b=x+y")
            .header("Host", "local.example:8001")
            .header("User-Agent", "test/1")
            .header("Content-Type", "application/json")
            .header("X-Twice", "one")
            .header("X-Twice", "two")
            .header("Connection", "keep-alive")
            .header("Cookie", "a=b; c=d%3D");
        let expected = json!({
            "version": "2.0",
            "routeKey": "ANY /api/v1/users/{id}",
            "rawPath": "/api/v1/users/é 1",
            "rawQueryString": "a=1&a=2%2C&b=x+y",
            "cookies": ["a=b", "c=d%3D"],
            "headers": {
                "content-type": "application/json",
                "host": "local.example:8001",
                "user-agent": "test/1",
                "x-forwarded-for": "127.0.0.1",
                "x-forwarded-proto": "http",
                "x-twice": "one,two",
            },
            "queryStringParameters": {"a": "1,2,", "b": "x y"},
            "pathParameters": {"id": "é 1"},
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "local",
                "domainName": "local.example",
                "domainPrefix": "local",
                "http": {
                    "method": "PUT",
                    "path": "/api/v1/users/é 1",
                    "protocol": "HTTP/1.1",
                    "sourceIp": "127.0.0.1",
                    "userAgent": "test/1",
                },
                "requestId": "r-1",
                "routeKey": "ANY /api/v1/users/{id}",
                "stage": "$default",
                "time": "21/Nov/2026:08:05:09 +0000",
                "timeEpoch": 1_795_248_309_123_i64,
            },
            "body": "{\"a\":1}",
            "isBase64Encoded": false,
        });
        assert_eq!(of(request, b"{\"a\":1}"), expected);
    }

    #[test]
    fn what_is_empty_is_absent() {
        let event = of(Request::get("/x"), b"");
        for name in ["body", "cookies", "queryStringParameters"] {
            assert!(event.get(name).is_none(), "{name}");
        }
        assert_eq!(event["rawQueryString"], "");
        assert_eq!(event["isBase64Encoded"], false);
    }

    #[test]
    fn only_text_goes_as_text() {
        for (content_type, body, is_base64) in [
            (Some("application/json; charset=utf-8"), &b"{}"[..], false),
            (Some("application/vnd.soa.v81+json"), b"{}", false),
            (Some("Text/Plain"), b"x", false),
            (None, b"{}", false),
            (None, b"\xff", true),
            (Some("application/json"), b"\xff", true),
            (Some("application/x-www-form-urlencoded"), b"a=b", true),
            (Some("application/octet-stream"), b"a", true),
        ] {
            let mut request = Request::post("/x");
            if let Some(content_type) = content_type {
                request = request.header("content-type", content_type);
            }
            let event = of(request, body);
            assert_eq!(event["isBase64Encoded"], is_base64, "{content_type:?}");
            let text = event["body"].as_str().unwrap();
            let back = if is_base64 { STANDARD.decode(text).unwrap() } else { text.as_bytes().to_vec() };
            assert_eq!(back, body);
        }
    }

    #[test]
    fn the_event_is_what_the_runtime_reads() {
        let event = of(Request::get("/x").header("host", "h"), b"");
        let read: aws_lambda_events::apigw::ApiGatewayV2httpRequest = serde_json::from_value(event).unwrap();
        assert_eq!(read.request_context.http.method, axum::http::Method::GET);
    }
}
