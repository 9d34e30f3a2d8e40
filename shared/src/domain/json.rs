//! JSON as it is stored: any document whose keys and numbers DynamoDB can hold. Numbers keep all of their digits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use super::decimal::{Decimal, DecimalError};

/// An object's members.
pub type Object = BTreeMap<String, Json>;

/// The most bytes of a key.
pub const MAX_KEY_BYTES: usize = 65_535;
/// The most levels below the outermost object. DynamoDB allows 32 levels, and the item itself is one of them.
const MAX_LEVELS: usize = 31;

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, with all its digits.
    Number(Decimal),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object.
    Object(Object),
}

/// The part of a document that cannot be stored, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at} {fault}")]
pub struct JsonError {
    /// The place of the part: the document's name and the keys, joined by dots.
    pub at: String,
    /// What is wrong there. Its text continues a sentence that begins with the place.
    pub fault: JsonFault,
}

/// Why a part of a document cannot be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonFault {
    /// A key is empty.
    #[error("has an empty key: keys must have at least one character")]
    EmptyKey,
    /// A key is too long.
    #[error("has a key of more than {MAX_KEY_BYTES} bytes: keys must be shorter")]
    LongKey,
    /// Objects and arrays are nested too deep.
    #[error("is nested too deep: there must be at most {MAX_LEVELS} levels")]
    TooDeep,
    /// A number cannot be stored exactly.
    #[error(transparent)]
    Number(#[from] DecimalError),
    /// The document is not an object, and must be one.
    #[error("must be an object")]
    NoObject,
    /// The text is not JSON.
    #[error("must be valid JSON")]
    Malformed,
}

impl Json {
    /// Reads a document that must be one object. Errors call the document `name`.
    pub fn object(text: &str, name: &str) -> Result<Object, JsonError> {
        match Self::parse(text, name)? {
            Self::Object(object) => Ok(object),
            _ => Err(wrong(&[name.to_owned()], JsonFault::NoObject)),
        }
    }

    /// Reads any document. Errors call it `name`.
    pub fn parse(text: &str, name: &str) -> Result<Self, JsonError> {
        let mut path = vec![name.to_owned()];
        let raw: &RawValue = serde_json::from_str(text).map_err(|_| wrong(&path, JsonFault::Malformed))?;
        read(raw, &mut path)
    }
}

fn wrong(path: &[String], fault: impl Into<JsonFault>) -> JsonError {
    JsonError { at: path.join("."), fault: fault.into() }
}

/// serde_json's own values would give numbers as `f64`. Its raw values are checked text with all digits, so the first
/// character tells the kind of the value.
fn read(raw: &RawValue, path: &mut Vec<String>) -> Result<Json, JsonError> {
    fn parsed<'a, T: Deserialize<'a>>(raw: &'a RawValue, path: &[String]) -> Result<T, JsonError> {
        serde_json::from_str(raw.get()).map_err(|_| wrong(path, JsonFault::Malformed))
    }
    let first = raw.get().as_bytes().first().copied().unwrap_or_default();
    if matches!(first, b'{' | b'[') && path.len() > MAX_LEVELS {
        return Err(wrong(path, JsonFault::TooDeep));
    }
    match first {
        b'{' => {
            let members: BTreeMap<String, &RawValue> = parsed(raw, path)?;
            let mut object = Object::new();
            for (key, value) in members {
                if key.is_empty() {
                    return Err(wrong(path, JsonFault::EmptyKey));
                }
                if key.len() > MAX_KEY_BYTES {
                    return Err(wrong(path, JsonFault::LongKey));
                }
                path.push(key.clone());
                object.insert(key, read(value, path)?);
                path.pop();
            }
            Ok(Json::Object(object))
        }
        b'[' => {
            let elements: Vec<&RawValue> = parsed(raw, path)?;
            let mut array = Vec::with_capacity(elements.len());
            for (index, element) in elements.into_iter().enumerate() {
                path.push(index.to_string());
                array.push(read(element, path)?);
                path.pop();
            }
            Ok(Json::Array(array))
        }
        b'"' => parsed(raw, path).map(Json::String),
        b't' | b'f' => parsed(raw, path).map(Json::Bool),
        b'n' => Ok(Json::Null),
        _ => Decimal::parse(raw.get()).map(Json::Number).map_err(|error| wrong(path, error)),
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            // A number is written as text, so that it keeps all digits: serde_json writes a raw value unchanged.
            Self::Number(number) => {
                RawValue::from_string(number.to_string()).map_err(serde::ser::Error::custom)?.serialize(serializer)
            }
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(array) => array.serialize(serializer),
            Self::Object(object) => object.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        Json::object(text, "settings").unwrap_err().to_string()
    }

    #[test]
    fn a_document_comes_back_as_it_was() {
        for text in [
            "{}",
            r#"{"a":[],"b":{},"c":null,"d":[null,true,false,{"x":[[]]}]}"#,
            r#"{"":"x"}"#.replace(r#""""#, r#""\u0000""#).as_str(),
            r##"{"#n0":":v0","a.b":"é🙂","size":"\"\\","🙂":""}"##,
            r#"{"n":12345678901234567890.123456789012345678}"#,
        ] {
            assert_eq!(serde_json::to_string(&Json::object(text, "settings").unwrap()).unwrap(), text);
        }
        let spaced = Json::object(" { \"a\" : [ 1 , 2.50 ] } ", "settings").unwrap();
        assert_eq!(serde_json::to_string(&spaced).unwrap(), r#"{"a":[1,2.5]}"#);
    }

    #[test]
    fn a_fault_says_where_it_is() {
        assert_eq!(fault(r#"{"a":{"":1}}"#), "settings.a has an empty key: keys must have at least one character");
        assert!(fault(r#"{"a":[{"b":1e126}]}"#).starts_with("settings.a.0.b must be 0 or a number between"));
        assert!(fault(&format!(r#"{{"a":{}}}"#, "1".repeat(39))).starts_with("settings.a must be a number of at most"));
        assert!(fault(&format!(r#"{{"{}":1}}"#, "k".repeat(65_536))).contains("65535 bytes"));
        assert_eq!(fault("[]"), "settings must be an object");
        assert_eq!(fault("{"), "settings must be valid JSON");
    }

    #[test]
    fn what_is_nested_deeper_than_the_table_can_hold_is_refused() {
        let nested = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
        assert!(Json::object(&nested(31), "settings").is_ok());
        assert!(fault(&nested(32)).contains("nested too deep"));
    }
}
