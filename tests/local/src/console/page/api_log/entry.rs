//! What is kept of a request and its answer. Nothing of its headers and of its body is kept, because they can hold secrets: only
//! which kind of credential there was.

use axum::http::{HeaderMap, header};
use serde_json::{Value, json};
use shared::clock::Clock;

use super::secrets;
use crate::lambda::gateway::heard::Exchange;

/// The page's own requests have this header.
const OWN: &str = "x-tidings-page";
/// The most characters of a reason.
const MAX_REASON: usize = 500;

/// A request of the log.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// As the page shows it.
    pub(super) view: Value,
    /// The status of the answer.
    pub(super) status: u16,
    /// Whether the page has sent it.
    pub(super) is_own: bool,
}

impl Entry {
    /// `{place, at, method, path, query?, status, ms, function?, request_id?, credential, reason?, errors?, code?, notification_id?,
    /// replayed?, own}`. `None` for a file of the page at `/docs`, and for an icon.
    pub(super) fn of(exchange: &Exchange<'_>, place: u64) -> Option<Self> {
        let asked = exchange.asked;
        let path = asked.uri.path();
        if ["/docs", "/favicon.ico", "/openapi.json"].iter().any(|file| path.starts_with(file)) {
            return None;
        }
        let (status, body) = (exchange.status.as_u16(), serde_json::from_slice::<Value>(exchange.body).ok());
        let is_own = asked.headers.contains_key(OWN);
        let mut view = json!({
            "place": place,
            "at": Clock::system().now(),
            "method": asked.method.as_str(),
            "path": secrets::without(path),
            "status": status,
            "ms": u64::try_from(exchange.took.as_millis()).unwrap_or(u64::MAX),
            "credential": credential(&asked.headers),
            "own": is_own,
        });
        let failed = status >= 400;
        let text = || std::str::from_utf8(exchange.body).ok().filter(|text| !text.trim().is_empty());
        let reason = match &body {
            _ if !failed => None,
            Some(body) => first_text(body, &["/error/message", "/message", "/detail", "/title", "/error"]),
            None => text(),
        };
        let id = body.as_ref().and_then(|body| first_text(body, &["/data/notification_id"]));
        let code = body.as_ref().filter(|_| failed).and_then(|body| first_text(body, &["/error/code", "/code"]));
        let faults = body.as_ref().filter(|_| failed).map(faults).filter(|faults| !faults.is_empty());
        let optional = [
            ("query", asked.uri.query().map(|query| json!(secrets::query(query)))),
            ("function", exchange.function.map(|name| json!(name))),
            ("request_id", value(exchange.headers, "x-request-id").map(|id| json!(secrets::without(id)))),
            ("reason", reason.map(|reason| json!(shown(reason)))),
            ("errors", faults.map(|faults| json!(faults))),
            ("code", help(exchange.headers).or(code).map(|code| json!(secrets::without(code)))),
            ("notification_id", id.map(|id| json!(id))),
            ("replayed", value(exchange.headers, "x-idempotency-replayed").map(|_| json!(true))),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                view[name] = value;
            }
        }
        Some(Self { view, status, is_own })
    }

    /// Whether its path, method, reason or code has this text, in lower case.
    pub(super) fn has(&self, text: &str) -> bool {
        let named = ["method", "path", "query", "reason", "code", "request_id", "function", "errors", "credential"];
        named.iter().any(|name| match &self.view[*name] {
            Value::String(value) => value.to_lowercase().contains(text),
            Value::Null => false,
            other => other.to_string().to_lowercase().contains(text),
        })
    }
}

/// The kind of the credential.
fn credential(headers: &HeaderMap) -> &'static str {
    if headers.contains_key(header::AUTHORIZATION) {
        "bearer token"
    } else if headers.contains_key("x-notiflows-user-key") {
        "user key"
    } else if headers.contains_key("x-notiflows-api-key") || headers.contains_key("x-notiflows-secret-key") {
        "key pair"
    } else if headers.contains_key(header::COOKIE) {
        "cookie"
    } else {
        "none"
    }
}

/// The faults of the fields, a sentence each.
fn faults(body: &Value) -> Vec<String> {
    let plain = body["errors"].as_array().into_iter().flatten();
    let fields = body.pointer("/error/details/fields").and_then(Value::as_array).into_iter().flatten();
    let sentence = |fault: &Value| match fault {
        Value::String(fault) => Some(shown(fault)),
        fault => {
            let (field, message) = (fault["field"].as_str(), fault["message"].as_str()?);
            Some(shown(&field.map_or_else(|| message.to_owned(), |field| format!("{field}: {message}"))))
        }
    };
    plain.chain(fields).filter_map(sentence).collect()
}

fn first_text<'b>(body: &'b Value, pointers: &[&str]) -> Option<&'b str> {
    pointers.iter().find_map(|pointer| body.pointer(pointer)?.as_str())
}

/// The code of the error, from the link to its page: `</docs/errors/CODE>; rel="help"`.
fn help(headers: &HeaderMap) -> Option<&str> {
    let (_, link) = value(headers, "link")?.split_once("/docs/errors/")?;
    link.split_once('>').map(|(code, _)| code)
}

fn value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn shown(text: &str) -> String {
    secrets::without(&text.chars().take(MAX_REASON).collect::<String>())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::{Request, StatusCode};
    use bytes::Bytes;

    use super::*;

    fn entry(asked: &Request<()>, status: u16, headers: &[(&'static str, &str)], body: &str) -> Option<Entry> {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let (parts, ()) = asked.clone().into_parts();
        let (status, body) = (StatusCode::from_u16(status).unwrap(), Bytes::from(body.to_owned()));
        let (function, took) = (Some("users"), Duration::from_millis(7));
        Entry::of(&Exchange { asked: &parts, function, status, headers: &headers, body: &body, took }, 3)
    }

    fn get(uri: &str) -> Request<()> {
        Request::get(uri).body(()).unwrap()
    }

    #[test]
    fn no_header_and_no_body_is_kept() {
        let secret = "sk_live_1 and Bearer x";
        let asked = Request::post("/api/v1/api-keys?token=hidden-1&x=1")
            .header("authorization", "Bearer hidden-2")
            .header("cookie", "AtmoAuthToken_acme=hidden-3")
            .header("x-notiflows-secret-key", "hidden-4")
            .header("idempotency-key", "hidden-5")
            .body(())
            .unwrap();
        let body = json!({"secret_key": "hidden-6", "message": "hidden-7"}).to_string();
        let made = entry(&asked, 201, &[("set-cookie", "hidden-8"), ("x-request-id", "r-1")], &body).unwrap();
        let mut view = made.view.clone();
        view["at"] = json!("now");
        let expected = json!({
            "place": 3, "at": "now", "method": "POST", "path": "/api/v1/api-keys", "query": "token=[hidden]&x=1", "status": 201,
            "ms": 7, "function": "users", "request_id": "r-1", "credential": "bearer token", "own": false,
        });
        assert_eq!(view, expected);
        let refused = entry(&asked, 400, &[], &json!({"message": secret, "errors": [secret]}).to_string()).unwrap();
        assert!(!refused.view.to_string().contains("sk_live") && !refused.view.to_string().contains("Bearer x"));
    }

    #[test]
    fn a_refusal_of_each_dialect_has_its_reason() {
        let link = [("link", "</docs/errors/validation_failed>; rel=\"help\"")];
        let native = json!({"statusCode": 400, "message": "Validation failed", "errors": ["name must be a text"]});
        let native = entry(&get("/api/v1/users"), 400, &link, &native.to_string()).unwrap().view;
        assert_eq!(
            [&native["reason"], &native["errors"], &native["code"]],
            [&json!("Validation failed"), &json!(["name must be a text"]), &json!("validation_failed")]
        );
        let fields = json!([{"field": "settings.phone", "message": "is no number", "reason": "invalid"}]);
        let error = json!({"code": "validation_failed", "message": "It is not valid", "details": {"fields": fields}});
        let notiflows = entry(&get("/admin/v1/users/1"), 422, &[], &json!({"error": error}).to_string()).unwrap().view;
        assert_eq!(
            [&notiflows["reason"], &notiflows["errors"], &notiflows["code"]],
            [&json!("It is not valid"), &json!(["settings.phone: is no number"]), &json!("validation_failed")]
        );
        let plain = entry(&get("/api/users/1/settings"), 401, &[], "No session").unwrap().view;
        assert_eq!((&plain["reason"], &plain["code"]), (&json!("No session"), &Value::Null));
        let accepted = json!({"message": "Notification queued", "data": {"notification_id": "n-1"}}).to_string();
        let accepted = entry(&get("/api/v1/notifications"), 202, &[], &accepted).unwrap().view;
        assert_eq!((&accepted["reason"], &accepted["notification_id"]), (&Value::Null, &json!("n-1")));
    }

    #[test]
    fn files_are_left_out_and_the_page_s_own_requests_are_marked() {
        assert!(entry(&get("/docs/swagger-ui.js"), 200, &[], "").is_none());
        let own = Request::get("/api/v1/users").header(OWN, "1").body(()).unwrap();
        assert!(entry(&own, 200, &[], "").unwrap().is_own);
        let other = entry(&get("/api/v1/users?email=a"), 200, &[], "").unwrap();
        assert!(!other.is_own && other.has("users") && other.has("email=a") && other.has("none") && !other.has("x"));
    }
}
