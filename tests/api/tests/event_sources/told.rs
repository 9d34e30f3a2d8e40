//! The parts of an answer that reach the client, read from the answer format of any event source.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Number, Value};

/// Status, headers, cookies and body of an answer.
#[derive(Debug)]
pub struct Told {
    pub status: u64,
    pub headers: BTreeMap<String, String>,
    /// Sorted, because their order has no meaning.
    pub cookies: Vec<String>,
    pub body: Vec<u8>,
}

impl Told {
    /// Reads a function's answer. Panics if it has no status, a header twice, or not exactly one of `headers` and
    /// `multiValueHeaders`.
    pub fn by(answer: &Value) -> Self {
        let mut told = Self {
            status: answer["statusCode"].as_u64().unwrap_or_else(|| panic!("no answer: {answer}")),
            headers: BTreeMap::new(),
            cookies: strings(&answer["cookies"]),
            body: match answer["body"].as_str() {
                Some(body) if answer["isBase64Encoded"] == true => STANDARD.decode(body).unwrap(),
                body => body.unwrap_or_default().into(),
            },
        };
        assert!(answer["headers"].is_object() != answer["multiValueHeaders"].is_object(), "one of both: {answer}");
        for headers in [&answer["headers"], &answer["multiValueHeaders"]].into_iter().filter_map(Value::as_object) {
            for (name, values) in headers {
                let values =
                    if values.is_array() { strings(values) } else { vec![values.as_str().unwrap().to_owned()] };
                match name.to_lowercase().as_str() {
                    "set-cookie" => told.cookies.extend(values),
                    name => assert!(told.headers.insert(name.to_owned(), values.join(", ")).is_none(), "{name} twice"),
                }
            }
        }
        told.cookies.sort();
        told
    }

    /// Whether the two answers are the same, apart from values that are new in every answer, such as ids and times.
    pub fn is_like(&self, other: &Self) -> bool {
        let names = |told: &Self| told.headers.keys().cloned().collect::<Vec<_>>();
        let headers = self.headers.iter().all(|(name, value)| alike(value, &other.headers[name]));
        let cookies = self.cookies.iter().zip(&other.cookies).all(|(one, another)| is_like_cookie(one, another));
        let bodies = match (serde_json::from_slice(&self.body), serde_json::from_slice(&other.body)) {
            (Ok(one), Ok(another)) => is_like_json(&one, &another),
            _ => without_tokens(&self.body) == without_tokens(&other.body),
        };
        self.status == other.status
            && names(self) == names(other)
            && headers
            && self.cookies.len() == other.cookies.len()
            && cookies
            && bodies
    }
}

/// The parts of the text around the tokens of its links. A token contains the time at which it expires, so it differs
/// in every answer.
fn without_tokens(text: &[u8]) -> Vec<&[u8]> {
    const TOKEN: &[u8] = b"token=";
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.windows(TOKEN.len()).position(|window| window == TOKEN) {
        let (before, token) = rest.split_at(at + TOKEN.len());
        let end = token.iter().position(|byte| !byte.is_ascii_alphanumeric() && !b"-_.".contains(byte));
        parts.push(before);
        rest = &token[end.unwrap_or(token.len())..];
    }
    parts.push(rest);
    parts
}

fn strings(list: &Value) -> Vec<String> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|value| value.as_str().unwrap().to_owned()).collect()
}

fn is_like_json(one: &Value, another: &Value) -> bool {
    match (one, another) {
        (Value::String(one), Value::String(another)) => alike(one, another),
        (Value::Array(one), Value::Array(another)) => {
            one.len() == another.len() && one.iter().zip(another).all(|(one, another)| is_like_json(one, another))
        }
        (Value::Object(one), Value::Object(another)) => {
            one.len() == another.len()
                && one.iter().all(|(key, one)| another.get(key).is_some_and(|another| is_like_json(one, another)))
        }
        // A time in milliseconds since 1970.
        (Value::Number(one), Value::Number(another)) if is_time(one) && is_time(another) => true,
        _ => one == another,
    }
}

fn is_time(number: &Number) -> bool {
    number.as_u64().is_some_and(|number| number > 1_700_000_000_000)
}

/// Whether both are cookies with the same name and attributes. The values may differ.
fn is_like_cookie(one: &str, another: &str) -> bool {
    let parts = |cookie: &str| {
        let (pair, attributes) = cookie.split_once("; ").unwrap();
        (pair.split('=').next().unwrap().to_owned(), attributes.to_owned())
    };
    parts(one) == parts(another)
}

/// Whether the texts are the same, or both are ids, times, keys or cursors.
fn alike(one: &str, another: &str) -> bool {
    without_tokens(one.as_bytes()) == without_tokens(another.as_bytes())
        || (kind(one).is_some() && kind(one) == kind(another))
}

fn kind(text: &str) -> Option<&str> {
    // Some records have a time as their version.
    let is_version = text.trim_matches('"').parse::<Number>().is_ok_and(|number| is_time(&number));
    let is_time = is_version || text.len() >= 20 && text.as_bytes()[10] == b'T' && text.ends_with('Z');
    // The entity tag of what has no version is a digest, as long as a UUID.
    let id = text.trim_matches('"');
    // A delivery's id is its notification's with its channel.
    let is_id = uuid::Uuid::parse_str(id.split_once('.').map_or(id, |(id, _)| id)).is_ok();
    let prefix =
        ["req_", "pk_", "sk_", "projects/tidings-demo/messages/"].into_iter().find(|prefix| text.starts_with(prefix));
    // A cursor is a time and an id in base64.
    let is_cursor = text.starts_with("MjAy") && text.len() > 40;
    prefix.or(is_cursor.then_some("a cursor")).or(is_time.then_some("a time")).or(is_id.then_some("an id"))
}
