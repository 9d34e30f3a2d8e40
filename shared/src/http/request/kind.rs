//! The kinds of values: how a value is read, the words of its fault, and its JSON schema.

use schemars::{Schema, SchemaGenerator};
use serde_json::Value;

use super::{
    super::body,
    fault::{Faults, Reason, Text},
    shape,
};

/// Why a kind did not take a value.
#[derive(Debug)]
pub enum Refused {
    /// It is of another JSON type.
    Type,
    /// It is not valid.
    Value,
    /// It is not valid. The text says what would be accepted, more exactly than [`Kind::accepted`].
    Better(Text),
    /// The kind has noted each fault itself, with its path.
    Noted,
}

/// A kind of value. The reader, the sentence and the schema are in one place, so that they agree.
pub trait Kind {
    /// The type that the value is read as.
    type Value;

    /// Whether it reads the value from the body's text. The body's own reader then leaves its numbers alone; in all other
    /// fields it refuses a number that cannot be kept exactly.
    const READS_TEXT: bool = false;

    /// What would be accepted, in words that follow `must be`.
    fn accepted(&self) -> Text;

    /// Reads a value that is there and not `null`.
    fn read(&self, given: Value, place: &mut Place<'_>) -> Result<Self::Value, Refused>;

    /// Its JSON schema.
    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema;

    /// The same kind, with other words for what would be accepted.
    fn saying(self, accepted: impl Into<Text>) -> Saying<Self>
    where
        Self: Sized,
    {
        Saying { kind: self, accepted: accepted.into() }
    }

    /// The same kind, with additional members in its schema.
    fn shown(self, members: fn() -> Value) -> Shown<Self>
    where
        Self: Sized,
    {
        Shown { kind: self, members }
    }

    /// Reads a value, or notes its fault.
    fn noted(&self, given: Value, place: &mut Place<'_>) -> Option<Self::Value>
    where
        Self: Sized,
    {
        let read = match given {
            Value::Null => Err(Refused::Type),
            given => self.read(given, place),
        };
        read.map_err(|refused| place.refused(refused, || self.accepted())).ok()
    }
}

/// The place of a value in the body, for its faults.
#[derive(Debug)]
pub struct Place<'a> {
    pub(super) prefix: &'a str,
    pub(super) key: &'a str,
    /// The faults so far.
    pub faults: &'a mut Faults,
    pub(super) written: Option<&'a [u8]>,
}

impl Place<'_> {
    /// The path of the value.
    pub fn path(&self) -> String {
        format!("{}{}", self.prefix, self.key)
    }

    /// The value as it was written, if it is a field of the body itself.
    pub fn written(&self) -> Option<&str> {
        body::member(self.written?, self.key)
    }

    /// Notes a fault of the value itself.
    pub fn fault(&mut self, reason: Reason, text: impl Into<Text>) {
        self.faults.add(self.path(), reason, text);
    }

    /// Notes a fault of a member of the value.
    pub fn fault_of(&mut self, member: &str, reason: Reason, text: impl Into<Text>) {
        self.faults.add(format!("{}.{member}", self.path()), reason, text);
    }

    /// Reads the value at `index` of a list.
    pub fn element<K: Kind>(&mut self, index: usize, kind: &K, given: Value) -> Option<K::Value> {
        let (prefix, key) = (self.path(), format!("[{index}]"));
        kind.noted(given, &mut Place { prefix: &prefix, key: &key, faults: self.faults, written: None })
    }

    /// Reads a member of an object. The client chooses the member's name.
    pub fn member<K: Kind>(&mut self, name: &str, kind: &K, given: Value) -> Option<K::Value> {
        let prefix = self.path() + ".";
        kind.noted(given, &mut Place { prefix: &prefix, key: name, faults: self.faults, written: None })
    }

    /// Notes a kind's refusal, unless the kind has noted its faults itself.
    fn refused(&mut self, refused: Refused, accepted: impl FnOnce() -> Text) {
        match refused {
            Refused::Type => self.fault(Reason::Type, accepted()),
            Refused::Value => self.fault(Reason::Value, accepted()),
            Refused::Better(accepted) => self.fault(Reason::Value, accepted),
            Refused::Noted => {}
        }
    }
}

/// See [`Kind::saying`].
#[derive(Clone, Debug)]
pub struct Saying<K> {
    kind: K,
    accepted: Text,
}

impl<K: Kind> Kind for Saying<K> {
    type Value = K::Value;

    fn accepted(&self) -> Text {
        self.accepted.clone()
    }

    fn read(&self, given: Value, place: &mut Place<'_>) -> Result<K::Value, Refused> {
        self.kind.read(given, place)
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        self.kind.schema(schemas)
    }
}

/// See [`Kind::shown`].
#[derive(Clone, Copy, Debug)]
pub struct Shown<K> {
    kind: K,
    members: fn() -> Value,
}

impl<K: Kind> Kind for Shown<K> {
    type Value = K::Value;

    fn accepted(&self) -> Text {
        self.kind.accepted()
    }

    fn read(&self, given: Value, place: &mut Place<'_>) -> Result<K::Value, Refused> {
        self.kind.read(given, place)
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        let mut schema = self.kind.schema(schemas);
        shape::extend(&mut schema, (self.members)());
        schema
    }
}
