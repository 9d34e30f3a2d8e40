//! Records of providers' requests, as `GET /_local/deliveries` shows them.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::Answer;
use crate::net::loopback::Request;

/// The record of a request and of its answer.
pub(super) fn record(provider: &str, channel: &str, to: Option<&str>, request: &Request, answer: &Answer) -> Value {
    let mut headers = BTreeMap::<&str, String>::new();
    for (name, value) in &request.headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        // Credentials are not shown, even those of the demo.
        let value = if name == "authorization" { "[redacted]".into() } else { value };
        headers.entry(name.as_str()).and_modify(|all| *all = format!("{all}, {value}")).or_insert(value.into_owned());
    }
    let mut response = json!({"status": answer.status});
    if let Some(then) = answer.then {
        response["then"] = json!(then.name());
    }
    json!({
        "provider": provider,
        "channel": channel,
        "to": to,
        "request": {
            "method": request.method.as_str(),
            "path": request.uri.path_and_query().map_or("/", |path| path.as_str()),
            "headers": headers,
            "body": body(&request.body),
        },
        "response": response,
        "at": format!("{:.3}", jiff::Timestamp::now()),
    })
}

/// The body as JSON, or else as text, or else as base64.
fn body(bytes: &[u8]) -> Value {
    if let Ok(body) = serde_json::from_slice(bytes) {
        return body;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => json!(text),
        Err(_) => json!(BASE64_STANDARD.encode(bytes)),
    }
}
