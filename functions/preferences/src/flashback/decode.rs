//! Bodies, and what each asks for.

use lambda_http::Body;
use serde_json::Value;
use shared::{
    domain::{
        Json, SettingsChange,
        json::{JsonError, MOST_KEY_BYTES, Object},
    },
    http::body::{self, BodyError},
};

/// The contract's own words for a list of keys that is not there or has nothing in it.
pub const NO_KEYS: &str = "Keys array is required and must not be empty";

/// What is wrong with a body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No JSON object.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// A part of it cannot be kept.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// Something of a wrong kind, or that has no place there.
    #[error("{0}")]
    Field(String),
    /// No list of keys; the contract has a message for this.
    #[error("{NO_KEYS}")]
    NoKeys,
}

/// `PUT`: any object, unwrapped.
pub fn merge(body: &Body) -> Result<SettingsChange, Fault> {
    Ok(SettingsChange::Merge(Json::object(body::text(body)?, "settings")?))
}

/// `POST`: `{"settings": {…}}`, the new whole.
pub fn replace(body: &Body) -> Result<SettingsChange, Fault> {
    let mut object: Object = Json::object(body::text(body)?, "body")?;
    let settings = object.remove("settings");
    if let Some(unknown) = object.keys().next() {
        return Err(Fault::Field(format!("{unknown} is not a known field: the body must be {{\"settings\": {{…}}}}")));
    }
    match settings {
        Some(Json::Object(settings)) => Ok(SettingsChange::Replace(settings)),
        _ => Err(Fault::Field("settings must be an object".into())),
    }
}

/// `DELETE`: `{"keys": ["theme", "notifications.push"]}`, dots walking into objects. A key that has a dot in itself is
/// removed by `PUT`, with `null`.
pub fn remove(body: &Body) -> Result<SettingsChange, Fault> {
    let object = match body::object(body) {
        // A `DELETE` without a body is one without keys.
        Err(BodyError::Empty) => return Err(Fault::NoKeys),
        object => object?,
    };
    let Some(Value::Array(keys)) =
        object.get("keys").filter(|keys| keys.as_array().is_none_or(|keys| !keys.is_empty()))
    else {
        return Err(Fault::NoKeys);
    };
    if let Some(unknown) = object.keys().find(|key| *key != "keys") {
        return Err(Fault::Field(format!("{unknown} is not a known field: the body must be {{\"keys\": […]}}")));
    }
    let paths: Result<Vec<Vec<&str>>, Fault> = keys.iter().enumerate().map(|(index, key)| path(index, key)).collect();
    Ok(SettingsChange::removing(paths?))
}

fn path(index: usize, key: &Value) -> Result<Vec<&str>, Fault> {
    let fault = |what: String| Err(Fault::Field(format!("keys[{index}] {what}")));
    let Some(key) = key.as_str() else { return fault("must be a string, such as \"notifications.push\"".into()) };
    let path: Vec<_> = key.split('.').collect();
    if path.iter().any(|key| key.is_empty()) {
        return fault("must be one or more keys joined by dots, none of them empty".into());
    }
    if path.iter().any(|key| key.len() > MOST_KEY_BYTES) {
        return fault(format!("must not have a key of more than {MOST_KEY_BYTES} bytes"));
    }
    // Nothing is kept deeper, and a path in an expression must not be longer.
    if path.len() > body::MOST_LEVELS {
        return fault(format!("must not be more than {} keys deep", body::MOST_LEVELS));
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(decode: fn(&Body) -> Result<SettingsChange, Fault>, body: &str) -> String {
        decode(&Body::from(body)).unwrap_err().to_string()
    }

    #[test]
    fn a_put_is_unwrapped_and_a_post_is_wrapped() {
        let object = Json::object(r#"{"settings":{"a":1}}"#, "it").unwrap();
        let Json::Object(inner) = object["settings"].clone() else { panic!() };
        let body = Body::from(r#"{"settings":{"a":1}}"#);
        assert_eq!(merge(&body), Ok(SettingsChange::Merge(object)));
        assert_eq!(replace(&body), Ok(SettingsChange::Replace(inner)));
        for body in ["{}", r#"{"settings":null}"#, r#"{"settings":[]}"#] {
            assert_eq!(fault(replace, body), "settings must be an object", "{body}");
        }
        assert!(fault(replace, r#"{"settings":{},"theme":"dark"}"#).starts_with("theme is not a known field"));
    }

    #[test]
    fn dots_walk_into_objects() {
        let change = remove(&Body::from(r#"{"keys":["theme","notifications.push"]}"#));
        assert_eq!(change, Ok(SettingsChange::removing([vec!["theme"], vec!["notifications", "push"]])));
    }

    #[test]
    fn a_list_of_keys_that_is_missing_or_empty_has_its_own_words() {
        for body in ["", "{}", r#"{"keys":[]}"#, r#"{"keys":null}"#, r#"{"keys":"theme"}"#, r#"{"keys":{}}"#] {
            assert_eq!(fault(remove, body), NO_KEYS, "{body}");
        }
        assert!(fault(remove, r#"{"keys":["a",1]}"#).starts_with("keys[1] must be a string"));
        for key in ["", ".", "a.", ".a", "a..b"] {
            assert!(fault(remove, &format!("{{\"keys\":[\"{key}\"]}}")).starts_with("keys[0] must be one or more"));
        }
        let long = format!("{{\"keys\":[\"a.{}\"]}}", "k".repeat(65_536));
        assert_eq!(fault(remove, &long), "keys[0] must not have a key of more than 65535 bytes");
        assert!(remove(&Body::from(format!("{{\"keys\":[\"a{}\"]}}", ".a".repeat(29)))).is_ok());
        let deep = format!("{{\"keys\":[\"a{}\"]}}", ".a".repeat(30));
        assert_eq!(fault(remove, &deep), "keys[0] must not be more than 30 keys deep");
    }
}
