//! Request bodies: at most 256 KiB of UTF-8, one JSON object, no key twice in an object, no more than 30 levels.

use std::collections::HashMap;

use lambda_http::{
    Body, Request,
    http::{HeaderValue, Method, header},
};
use serde_json::{Map, Value, value::RawValue};

use crate::domain::exact::{self, ExactError, FromText, Rules};

/// The most bytes of a body.
pub const MAX_BYTES: usize = 256 * 1024;
/// The most levels of objects and arrays, the outermost one counted.
pub const MAX_LEVELS: usize = 30;

/// Why a body was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// More than [`MAX_BYTES`].
    #[error("the body must not be larger than 256 KiB")]
    TooLarge,
    /// The body is empty.
    #[error("the body must be a JSON object, and it is empty")]
    Empty,
    /// Not JSON, or JSON that this service refuses.
    #[error("the body must be valid JSON: {0}")]
    Invalid(String),
    /// JSON, but not an object.
    #[error("the body must be a JSON object")]
    NotAnObject,
    /// The body has a content coding, such as `gzip`.
    #[error("the body must be sent without a Content-Encoding, as plain bytes")]
    Encoded,
    /// A number cannot be kept exactly. The text names its field.
    #[error("{0}")]
    Number(String),
}

impl From<ExactError> for BodyError {
    fn from(error: ExactError) -> Self {
        match error {
            ExactError::Inexact(_) => Self::Number(error.to_string()),
            ExactError::Malformed(_) | ExactError::KeyTwice(_) | ExactError::TooDeep(_) => {
                Self::Invalid(error.to_string())
            }
        }
    }
}

/// Whether the body of a request has a content coding (RFC 9110 §8.4), which nothing here undoes: as JSON it would be said to be
/// malformed, and as a form to lack its fields. A body of `GET` has no meaning (§9.3.1).
pub(super) fn is_encoded(request: &Request) -> bool {
    let identity = |coding: &str| coding.is_empty() || coding.eq_ignore_ascii_case("identity");
    let plain =
        |value: &HeaderValue| value.to_str().is_ok_and(|list| list.split(',').all(|coding| identity(coding.trim())));
    let read = *request.method() != Method::GET && !request.body().is_empty();
    read && !request.headers().get_all(header::CONTENT_ENCODING).iter().all(plain)
}

/// Reads a body as one JSON object. A number that cannot be kept exactly is refused, wherever it stands.
pub fn object(body: &Body) -> Result<Map<String, Value>, BodyError> {
    object_beside(body, &[])
}

/// Reads a body as one JSON object. The numbers of the members in `from_text` may be rounded: their reader takes them from
/// the body's text.
pub fn object_beside(body: &Body, from_text: &[&str]) -> Result<Map<String, Value>, BodyError> {
    checked(plain(body)?, FromText::Members(from_text))
}

/// The text of a body that is one JSON object, for callers that need every digit of its numbers. Its numbers are not yet
/// checked.
pub fn text(body: &Body) -> Result<&str, BodyError> {
    let text = plain(body)?;
    checked(text, FromText::All)?;
    Ok(text)
}

fn checked(text: &str, read_from_text: FromText<'_>) -> Result<Map<String, Value>, BodyError> {
    match exact::value(text, Rules { max_levels: MAX_LEVELS, read_from_text })? {
        Value::Object(object) => Ok(object),
        _ => Err(BodyError::NotAnObject),
    }
}

/// The text of a body that is neither too large nor empty.
fn plain(body: &Body) -> Result<&str, BodyError> {
    if body.len() > MAX_BYTES {
        return Err(BodyError::TooLarge);
    }
    let bytes = unmarked(body);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(BodyError::Empty);
    }
    std::str::from_utf8(bytes).map_err(|error| BodyError::Invalid(error.to_string()))
}

/// A body without the byte order mark at its begin, if it has one: some editors and shells write it, and a reader may ignore it
/// (RFC 8259 §8.1).
fn unmarked(body: &[u8]) -> &[u8] {
    body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body)
}

/// One member of a body that [`object`] has taken, as it was written; `None` where it has no such member.
pub fn member<'a>(body: &'a [u8], name: &str) -> Option<&'a str> {
    let mut members: HashMap<String, &RawValue> = serde_json::from_slice(unmarked(body)).ok()?;
    members.remove(name).map(RawValue::get)
}

/// A whole number that is not negative. `3.0` is accepted too: JSON does not tell it from `3`.
pub fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        let number = value.as_f64().filter(|number| number.fract() == 0.0 && (0.0..9e15).contains(number))?;
        // Below 2^53 every whole number prints as its own text; -0.0 prints with a sign.
        format!("{:.0}", number.abs()).parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Map<String, Value>, BodyError> {
        object(&Body::from(text.as_bytes().to_vec()))
    }

    #[test]
    fn one_object_is_taken_as_it_is() {
        assert_eq!(Value::Object(of(r#" {"a":[1,{"b":null}],"é":"\u0000"} "#).unwrap())["a"][1]["b"], Value::Null);
    }

    #[test]
    fn a_member_is_there_to_the_letter() {
        let body = Body::from(r#"{"a":{"n": 12345678901234567890123456789012345678},"\u0062":null}"#);
        assert_eq!(member(&body, "a"), Some(r#"{"n": 12345678901234567890123456789012345678}"#));
        assert_eq!((member(&body, "b"), member(&body, "c")), (Some("null"), None));
        assert_eq!(member(b"[]", "a"), None);
    }

    #[test]
    fn a_byte_order_mark_is_ignored_at_the_begin_and_nowhere_else() {
        assert_eq!(of("\u{feff}{\"a\":7}").unwrap()["a"], 7);
        let body = Body::from("\u{feff} {\"a\":7.50}");
        assert_eq!((member(&body, "a"), text(&body)), (Some("7.50"), Ok(" {\"a\":7.50}")));
        assert_eq!(of("\u{feff}"), Err(BodyError::Empty));
        for twice in ["\u{feff}\u{feff}{}", "{}\u{feff}", " \u{feff}{}"] {
            assert!(matches!(of(twice), Err(BodyError::Invalid(_))), "{twice:?}");
        }
    }

    #[test]
    fn a_body_with_a_content_coding_is_told_apart() {
        let of = |method: Method, body: &str, codings: &[&str]| {
            let mut request = Request::new(Body::from(body.to_owned()));
            *request.method_mut() = method;
            for coding in codings {
                let coding = HeaderValue::from_bytes(coding.as_bytes()).unwrap();
                request.headers_mut().append(header::CONTENT_ENCODING, coding);
            }
            is_encoded(&request)
        };
        for plain in [&[][..], &[""], &["identity"], &["Identity, ,identity", ""]] {
            assert!(!of(Method::POST, "{}", plain), "{plain:?}");
        }
        for encoded in [&["gzip"][..], &["identity, br"], &["identity", "GZIP"], &["é"], &["identity;q=1"]] {
            assert!(of(Method::POST, "{}", encoded) && of(Method::DELETE, "{}", encoded), "{encoded:?}");
            assert!(!of(Method::POST, "", encoded) && !of(Method::GET, "{}", encoded), "{encoded:?}");
        }
    }

    #[test]
    fn what_is_no_object_is_told_apart() {
        assert_eq!(of(" \n"), Err(BodyError::Empty));
        for text in ["[]", "\"x\"", "1", "null"] {
            assert_eq!(of(text), Err(BodyError::NotAnObject), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in [
            "{",
            "{} {}",
            "{'a':1}",
            r#"{"a":NaN}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":1,}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"a":{"b":1,"\u0062":2}}"#,
        ] {
            assert!(matches!(of(text), Err(BodyError::Invalid(_))), "{text}");
        }
        assert!(matches!(object(&Body::from(b"{\"a\":\"\xff\"}".to_vec())), Err(BodyError::Invalid(_))));
    }

    #[test]
    fn a_number_that_cannot_be_kept_is_refused_by_its_name() {
        for number in ["1e999", "1234567890123456789012", "3.00000000000000000001"] {
            let body = Body::from(format!(r#"{{"a":{{"b":[0,{number}]}}}}"#));
            let fault = object(&body).unwrap_err();
            assert!(matches!(fault, BodyError::Number(_)), "{number}");
            assert!(fault.to_string().starts_with("a.b[1] must be a number that can be kept exactly"), "{fault}");
            assert!(object_beside(&body, &["a"]).is_ok() && object_beside(&body, &["b"]).is_err(), "{number}");
            assert!(text(&body).is_ok(), "{number}");
        }
    }

    #[test]
    fn thirty_levels_and_no_more() {
        let nested = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
        assert!(of(&nested(30)).is_ok());
        assert!(matches!(of(&nested(31)), Err(BodyError::Invalid(_))));
        assert!(matches!(of(&nested(100_000)), Err(BodyError::Invalid(_))));
    }

    #[test]
    fn a_body_of_256_kib_and_no_more() {
        let sized = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
        assert!(of(&sized(MAX_BYTES)).is_ok());
        assert_eq!(of(&sized(MAX_BYTES + 1)), Err(BodyError::TooLarge));
    }

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        let of = |text: &str| whole(&serde_json::from_str(text).unwrap());
        assert_eq!(["3", "3.0", "0", "-0.0", "3e2"].map(of), [Some(3), Some(3), Some(0), Some(0), Some(300)]);
        assert_eq!(["3.5", "-1", "-1.0", "1e300", "\"3\"", "null"].map(of), [None; 6]);
    }
}
