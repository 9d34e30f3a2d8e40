//! Bodies, and what each asks for.

use lambda_http::Body;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::Value;
use shared::{
    domain::{
        Json, SettingsChange,
        json::{MAX_KEY_BYTES, Object},
    },
    http::{
        body,
        request::{
            Reason, RequestBody,
            fault::Text,
            kind::{Kind, Place, Refused},
            member::{expected, required},
            objects::ExactObject,
        },
    },
    request_body,
};

use super::problem::{Own, Problem};

/// `PUT`: any object, unwrapped.
pub fn merge(body: &Body) -> Result<SettingsChange, Problem> {
    let patch = Json::object(body::text(body)?, "settings").map_err(Own::from)?;
    Ok(SettingsChange::Merge(patch))
}

request_body! {
    /// The complete settings.
    pub struct SettingsReplacement as "SettingsReplacement" {
        /// The new settings.
        settings: Object = expected(ExactObject("body.settings")),
    }
}

/// `POST`: `{"settings": {…}}`, the new whole.
pub fn replace(body: &Body) -> Result<SettingsChange, Problem> {
    let SettingsReplacement { settings } = SettingsReplacement::decode(body)?;
    Ok(SettingsChange::Replace(settings))
}

request_body! {
    /// The keys to remove.
    pub struct SettingsKeys as "SettingsKeys" {
        /// The keys to remove. A dot separates the keys of nested objects.
        keys: Vec<Vec<String>> = required(Paths),
    }
}

/// `DELETE`: `{"keys": ["theme", "notifications.push"]}`, dots walking into objects. A key that has a dot in itself is
/// removed by `PUT`, with `null`.
pub fn remove(body: &Body) -> Result<SettingsChange, Problem> {
    let SettingsKeys { keys } = SettingsKeys::decode(body)?;
    Ok(SettingsChange::removing(keys.iter().map(|path| path.iter().map(String::as_str).collect::<Vec<_>>())))
}

/// Paths of keys, at least one. Reading stops at the first invalid one.
struct Paths;

impl Kind for Paths {
    type Value = Vec<Vec<String>>;

    fn accepted(&self) -> Text {
        "a list of keys".into()
    }

    fn read(&self, given: Value, place: &mut Place<'_>) -> Result<Self::Value, Refused> {
        let Value::Array(keys) = given else { return Err(Refused::Type) };
        if keys.is_empty() {
            return Err(Refused::Value);
        }
        let paths = keys.into_iter().enumerate().map(|(index, key)| place.element(index, &Path, key));
        paths.collect::<Option<_>>().ok_or(Refused::Noted)
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "array", "minItems": 1, "items": Path.schema(schemas)})
    }
}

/// Keys joined by dots.
struct Path;

impl Kind for Path {
    type Value = Vec<String>;

    fn accepted(&self) -> Text {
        "a string, such as \"notifications.push\"".into()
    }

    fn read(&self, given: Value, place: &mut Place<'_>) -> Result<Vec<String>, Refused> {
        let path: Vec<_> = given.as_str().ok_or(Refused::Type)?.split('.').map(str::to_owned).collect();
        if path.iter().any(String::is_empty) {
            return Err(Refused::Better("one or more keys joined by dots, none of them empty".into()));
        }
        if path.iter().any(|key| key.len() > MAX_KEY_BYTES) {
            place.fault(Reason::Length, format!("must not have a key of more than {MAX_KEY_BYTES} bytes"));
            return Err(Refused::Noted);
        }
        // Settings are never stored deeper, and a path in an expression must not be longer.
        if path.len() > body::MAX_LEVELS {
            place.fault(Reason::Length, format!("must not be more than {} keys deep", body::MAX_LEVELS));
            return Err(Refused::Noted);
        }
        Ok(path)
    }

    fn schema(&self, _: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": r"^[^.]+(\.[^.]+){0,29}$"})
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            problem::{NO_KEYS, reply},
            subject::{Subject, Verb},
        },
        *,
    };

    fn fault(verb: Verb, body: &str) -> String {
        let decode = if verb == Verb::Remove { remove } else { replace };
        let problem = decode(&Body::from(body)).unwrap_err();
        let Body::Text(text) = reply(&problem, Subject::User, Some(verb)).into_response().into_body() else { panic!() };
        let answer: Value = serde_json::from_str(&text).unwrap();
        answer.get("error").unwrap_or(&answer["message"]).as_str().unwrap().to_owned()
    }

    #[test]
    fn a_put_is_unwrapped_and_a_post_is_wrapped() {
        let object = Json::object(r#"{"settings":{"a":1}}"#, "it").unwrap();
        let Json::Object(inner) = object["settings"].clone() else { panic!() };
        let body = Body::from(r#"{"settings":{"a":1}}"#);
        assert_eq!(merge(&body), Ok(SettingsChange::Merge(object)));
        assert_eq!(replace(&body), Ok(SettingsChange::Replace(inner)));
        for body in ["{}", r#"{"settings":null}"#, r#"{"settings":[]}"#] {
            assert_eq!(fault(Verb::Replace, body), "settings must be an object", "{body}");
        }
        let unknown = "theme is not a known field: the body must be {\"settings\": {…}}";
        assert_eq!(fault(Verb::Replace, r#"{"settings":{},"theme":"dark"}"#), unknown);
        assert_eq!(fault(Verb::Replace, r#"{"theme":"dark"}"#), unknown);
        let number = fault(Verb::Replace, r#"{"settings":{"a":[1e126]},"theme":"dark"}"#);
        assert!(number.starts_with("body.settings.a.0 must be 0 or a number between"), "{number}");
    }

    #[test]
    fn dots_walk_into_objects() {
        let change = remove(&Body::from(r#"{"keys":["theme","notifications.push"]}"#));
        assert_eq!(change, Ok(SettingsChange::removing([vec!["theme"], vec!["notifications", "push"]])));
    }

    #[test]
    fn a_list_of_keys_that_is_missing_or_empty_has_its_own_words() {
        for body in ["", "{}", r#"{"keys":[]}"#, r#"{"keys":null}"#, r#"{"keys":"theme"}"#, r#"{"keys":{}}"#] {
            assert_eq!(fault(Verb::Remove, body), NO_KEYS, "{body}");
        }
        assert!(fault(Verb::Remove, r#"{"keys":["a",1]}"#).starts_with("keys[1] must be a string"));
        for key in ["", ".", "a.", ".a", "a..b"] {
            assert!(
                fault(Verb::Remove, &format!("{{\"keys\":[\"{key}\"]}}")).starts_with("keys[0] must be one or more")
            );
        }
        let long = format!("{{\"keys\":[\"a.{}\"]}}", "k".repeat(65_536));
        assert_eq!(fault(Verb::Remove, &long), "keys[0] must not have a key of more than 65535 bytes");
        assert!(remove(&Body::from(format!("{{\"keys\":[\"a{}\"]}}", ".a".repeat(29)))).is_ok());
        let deep = format!("{{\"keys\":[\"a{}\"]}}", ".a".repeat(30));
        assert_eq!(fault(Verb::Remove, &deep), "keys[0] must not be more than 30 keys deep");
    }
}
