//! Tests with items that the code of November 2026 has written (`shared/testdata/stored`, taken from a running stack).
//! Later code must still read them, because such items may still be stored, whatever names the code uses by now.

mod others;
mod sent;
mod users;

use std::{collections::BTreeSet, fmt::Debug};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Serialize;
use serde_json::Value;

use super::{Item, records};

/// A stored item by the name of its file.
pub(in crate::store) fn item(name: &str) -> Item {
    match value(&serde_json::json!({"M": json(name)})) {
        AttributeValue::M(item) => item,
        other => panic!("{name} holds {other:?}"),
    }
}

/// A stored item in DynamoDB's JSON.
pub(in crate::store) fn json(name: &str) -> Value {
    let path = format!("{}/testdata/stored/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap()
}

/// Reads a value from DynamoDB's JSON.
fn value(json: &Value) -> AttributeValue {
    let (kind, inner) = json.as_object().and_then(|fields| fields.iter().next()).unwrap();
    let text = || inner.as_str().unwrap().to_owned();
    match kind.as_str() {
        "S" => AttributeValue::S(text()),
        "N" => AttributeValue::N(text()),
        "B" => AttributeValue::B(Blob::new(BASE64_STANDARD.decode(text()).unwrap())),
        "BOOL" => AttributeValue::Bool(inner.as_bool().unwrap()),
        "NULL" => AttributeValue::Null(true),
        "L" => AttributeValue::L(inner.as_array().unwrap().iter().map(value).collect()),
        "M" => {
            AttributeValue::M(inner.as_object().unwrap().iter().map(|(name, one)| (name.clone(), value(one))).collect())
        }
        other => panic!("a value of the type {other}"),
    }
}

/// Asserts that `written` becomes the item in the file.
#[track_caller]
pub(in crate::store) fn is_written(name: &str, written: &impl Serialize) {
    assert_eq!(records::write(written).unwrap(), item(name), "{name}");
}

/// Asserts that `read` uses each attribute of a stored item, but for those in `unread`: without a used attribute, the
/// result is another one.
#[track_caller]
pub(in crate::store) fn is_read_but_for<T: Debug, E: Debug>(
    name: &str,
    read: impl Fn(Item) -> Result<T, E>,
    unread: &[&str],
) {
    let whole = item(name);
    let seen = |item: Item| read(item).map(|read| format!("{read:?}")).ok();
    let before = seen(whole.clone());
    assert!(before.is_some(), "{name} cannot be read");
    let changes_nothing = |attribute: &&String| {
        let mut without = whole.clone();
        without.remove(*attribute);
        seen(without) == before
    };
    let found: BTreeSet<_> = whole.keys().filter(changes_nothing).map(String::as_str).collect();
    assert_eq!(found, unread.iter().copied().collect(), "{name}: attributes that nobody reads");
}
