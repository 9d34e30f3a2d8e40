//! Reads the fields of a body and gathers what is wrong with them, one sentence a fault.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Problem;
use crate::domain::{Channel, EmailAddress, Field, text};

/// A body's fields, taken one by one; what is left at the end was not expected.
#[derive(Debug)]
pub struct Fields {
    left: Map<String, Value>,
    faults: Vec<String>,
}

impl Fields {
    /// Starts with all fields of `body`.
    pub fn new(body: Map<String, Value>) -> Self {
        Self { left: body, faults: Vec::new() }
    }

    /// Notes a fault.
    pub fn fault(&mut self, sentence: impl Into<String>) {
        self.faults.push(sentence.into());
    }

    /// The result, if nothing was wrong and nothing is left.
    pub fn finish<T>(mut self, result: Option<T>) -> Result<T, Problem> {
        let left: Vec<_> = self.left.keys().map(|key| format!("{key} is not a known field")).collect();
        self.faults.extend(left);
        match result {
            Some(result) if self.faults.is_empty() => Ok(result),
            _ => Err(Problem::validation(self.faults)),
        }
    }

    /// A raw field.
    pub fn take(&mut self, key: &str) -> Field<Value> {
        match self.left.remove(key) {
            None => Field::Absent,
            Some(Value::Null) => Field::Null,
            Some(value) => Field::Value(value),
        }
    }

    /// A field that `read` understands, or a fault that says what would be.
    pub fn read<T>(&mut self, key: &str, accepted: &str, read: impl FnOnce(Value) -> Option<T>) -> Field<T> {
        match self.take(key) {
            Field::Absent => Field::Absent,
            Field::Null => Field::Null,
            Field::Value(value) => match read(value) {
                Some(value) => Field::Value(value),
                None => {
                    self.fault(format!("{key} must be {accepted}"));
                    Field::Absent
                }
            },
        }
    }

    /// A field that may be left out, but not `null`.
    pub fn optional<T>(&mut self, key: &str, accepted: &str, read: impl FnOnce(Value) -> Option<T>) -> Option<T> {
        match self.read(key, accepted, read) {
            Field::Value(value) => Some(value),
            Field::Absent => None,
            Field::Null => {
                self.fault(format!("{key} must be {accepted}"));
                None
            }
        }
    }

    /// A field that must be there.
    pub fn required<T>(&mut self, key: &str, accepted: &str, read: impl FnOnce(Value) -> Option<T>) -> Option<T> {
        if !self.left.contains_key(key) {
            self.fault(format!("{key} is required: it must be {accepted}"));
            return None;
        }
        self.optional(key, accepted, read)
    }

    /// `preferences` and its like: an object of channels, each `true` or `false`; a sentence a fault.
    pub fn channels(&mut self, key: &str) -> Option<BTreeMap<Channel, bool>> {
        let Some(Value::Object(entries)) = self.left.remove(key) else {
            self.fault(format!("{key} must be an object"));
            return None;
        };
        let mut channels = BTreeMap::new();
        for (name, value) in entries {
            match (Channel::parse(&name), value) {
                (Some(channel), Value::Bool(on)) => {
                    channels.insert(channel, on);
                }
                (Some(_), _) => self.fault(format!("{key}.{name} must be true or false")),
                (None, _) => {
                    self.fault(format!("{key}.{name} is not a channel: it must be one of {}", Channel::names()))
                }
            }
        }
        Some(channels)
    }

    /// Whether the field was given.
    pub fn has(&self, key: &str) -> bool {
        self.left.contains_key(key)
    }
}

/// What a name must be.
pub const A_NAME: &str = "a line of 1 to 200 characters";
/// What an address must be.
pub const AN_EMAIL: &str = "an email address";
/// What a push token must be.
pub const A_PUSH_TOKEN: &str = "a device token of 1 to 4096 bytes without spaces, or null";

/// A name.
pub fn name(value: Value) -> Option<String> {
    line(value, 200)
}

/// A visible line of at most `most` characters.
pub fn line(value: Value, most: usize) -> Option<String> {
    string(value).filter(|text| text::is_line(text, most))
}

/// Any string.
pub fn string(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// An email address.
pub fn email(value: Value) -> Option<EmailAddress> {
    EmailAddress::parse(value.as_str()?)
}

/// A push token.
pub fn push_token(value: Value) -> Option<String> {
    let good = |token: &String| token.len() <= 4096 && !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
    string(value).filter(good)
}

/// An object.
pub fn object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(map) => Some(map),
        _ => None,
    }
}
