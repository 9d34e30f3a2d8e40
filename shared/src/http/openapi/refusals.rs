//! Refusals: each dialect's own code makes one of each kind, so that status, headers and body are those that a client
//! gets.

#![expect(
    clippy::indexing_slicing,
    reason = "the document is made of what is written here, and no request has a part in it"
)]

use lambda_http::{
    Body,
    http::{HeaderName, StatusCode, header},
};
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::http::Reply;

/// How a dialect refuses.
pub trait Dialect {
    /// What the names of its responses begin with.
    const NAME: &'static str;

    /// The shape of its errors.
    fn schema(schemas: &mut SchemaGenerator) -> Schema;

    /// One refusal of each kind, with a sentence that says when it comes.
    fn samples() -> Vec<(&'static str, Reply)>;
}

/// The response of that status, with one example a kind. Pages have no example, since clients do not parse them.
pub(super) fn response(samples: &[(&'static str, Reply)], status: u16, schema: &Schema) -> Value {
    let mut said = Vec::new();
    let mut headers = Map::from_iter([("x-request-id".to_owned(), reference("RequestId"))]);
    let mut contents = Map::new();
    for (when, reply) in samples.iter().filter(|(_, reply)| reply.status().as_u16() == status) {
        if !said.contains(when) {
            said.push(*when);
        }
        let response = reply.clone().into_response();
        for (name, component) in [
            (header::LINK, "Help"),
            (header::RETRY_AFTER, "RetryAfter"),
            (header::WWW_AUTHENTICATE, "WwwAuthenticate"),
            (header::ACCEPT_ENCODING, "AcceptEncoding"),
            (HeaderName::from_static("x-should-retry"), "ShouldRetry"),
        ] {
            if response.headers().contains_key(&name) {
                headers.insert(canonical(name.as_str()), reference(component));
            }
        }
        let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
        if essence == "text/html" {
            contents.insert(essence.to_owned(), json!({"schema": {"type": "string"}}));
            continue;
        }
        let content = contents.entry(essence).or_insert_with(|| json!({"schema": schema, "examples": {}}));
        content["examples"][slug(when)] = json!({"summary": when, "value": body(response.body())});
    }
    let title = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default();
    let description = format!("{title}: {}.", said.join("; "));
    json!({"description": description, "headers": headers, "content": contents})
}

fn reference(component: &str) -> Value {
    json!({"$ref": format!("#/components/headers/{component}")})
}

fn body(body: &Body) -> Value {
    match body {
        Body::Text(text) => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
        _ => Value::Null,
    }
}

/// `retry-after` as people write it.
fn canonical(name: &str) -> String {
    let capital = |part: &str| match part {
        "www" => "WWW".to_owned(),
        part => {
            let mut part = part.to_owned();
            part.get_mut(..1).into_iter().for_each(str::make_ascii_uppercase);
            part
        }
    };
    name.split('-').map(capital).collect::<Vec<_>>().join("-")
}

/// A sentence as the key of an example.
fn slug(sentence: &str) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    sentence
        .chars()
        .map(kept)
        .collect::<String>()
        .split('-')
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("-")
}
