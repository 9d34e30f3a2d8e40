//! The fields of one JSON object, taken one by one.

use serde_json::{Map, Value};

use super::{
    fault::{Faults, Reason, Text},
    kind::{Kind, Place},
};

/// The text of the fault of a field that no reader takes.
pub const NOT_KNOWN: &str = "is not a known field";

/// The fields of an object. A field that is left at the end is unknown.
#[derive(Debug)]
pub struct Fields<'a> {
    left: Map<String, Value>,
    /// The text before each field's name in a fault: empty, or a path and a dot.
    prefix: String,
    /// The faults so far, of this object and of the objects around it.
    pub faults: &'a mut Faults,
    /// The whole body as it was written, if these are the fields of a body.
    written: Option<&'a [u8]>,
}

impl<'a> Fields<'a> {
    /// The fields of a body. `written` is the body itself, for kinds that keep every digit of a number.
    pub fn new(object: Map<String, Value>, written: Option<&'a [u8]>, faults: &'a mut Faults) -> Self {
        Self { left: object, prefix: String::new(), faults, written }
    }

    /// The fields of an object inside a body, at the path `at`.
    pub fn inside(object: Map<String, Value>, at: &str, faults: &'a mut Faults) -> Self {
        Self { left: object, prefix: format!("{at}."), faults, written: None }
    }

    /// Whether the field is there.
    pub fn has(&self, key: &str) -> bool {
        self.left.contains_key(key)
    }

    /// The field's raw value, which may be `null`.
    pub fn take(&mut self, key: &str) -> Option<Value> {
        self.left.remove(key)
    }

    /// The value as its kind reads it. If the kind refuses the value, a fault is noted.
    pub fn read<K: Kind>(&mut self, key: &str, kind: &K, given: Value) -> Option<K::Value> {
        kind.noted(given, &mut Place { prefix: &self.prefix, key, faults: self.faults, written: self.written })
    }

    /// Notes a fault of a field of this object. If `key` is empty, the fault is of the object itself.
    pub fn fault(&mut self, key: &str, reason: Reason, text: impl Into<Text>) {
        let prefix = if key.is_empty() { self.prefix.trim_end_matches('.') } else { &self.prefix };
        self.faults.add(format!("{prefix}{key}"), reason, text);
    }

    /// Notes a fault for each field that no reader has taken.
    pub fn nothing_left(&mut self, text: &'static str) {
        for key in self.left.keys() {
            self.faults.add(format!("{}{key}", self.prefix), Reason::Unknown, text);
        }
    }
}
