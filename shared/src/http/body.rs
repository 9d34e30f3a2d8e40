//! Request bodies: at most 256 KiB of UTF-8, one JSON object, no key twice in an object, no more than 30 levels.

use std::collections::HashMap;

use lambda_http::Body;
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
    let bytes: &[u8] = body;
    if bytes.len() > MAX_BYTES {
        return Err(BodyError::TooLarge);
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(BodyError::Empty);
    }
    std::str::from_utf8(bytes).map_err(|error| BodyError::Invalid(error.to_string()))
}

/// One member of a body that [`object`] has taken, as it was written; `None` where it has no such member.
pub fn member<'a>(body: &'a [u8], name: &str) -> Option<&'a str> {
    let mut members: HashMap<String, &RawValue> = serde_json::from_slice(body).ok()?;
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
