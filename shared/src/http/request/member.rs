//! Whether a field is required, and what the handler gets if the field is missing.

use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    decode::RequestBody,
    fault::Reason,
    fields::Fields,
    kind::Kind,
    shape::{self, Shape},
};
use crate::domain::Field;

/// One field of a body. (A member may also take several fields, as [`flat`] does.)
pub trait Member {
    /// The type of the field in the body's type.
    type Value;

    /// Takes the field and reads it. `None`: a fault was noted.
    fn read(&self, key: &'static str, fields: &mut Fields<'_>) -> Option<Self::Value>;

    /// Adds the field to the schema, with the lines of its documentation.
    fn describe(&self, key: &'static str, docs: &[&str], shape: &mut Shape<'_>);

    /// Whether the field is read from the body's text: see [`Kind::READS_TEXT`].
    fn reads_text(&self) -> bool {
        false
    }
}

/// A field that must be there.
pub const fn required<K: Kind>(kind: K) -> Required<K> {
    Required { kind, missing: Reason::Missing }
}

/// A field that must be there. A missing field is reported like a value of a wrong type.
pub const fn expected<K: Kind>(kind: K) -> Required<K> {
    Required { kind, missing: Reason::Type }
}

/// A field that may be left out, but not be `null`.
pub const fn optional<K: Kind>(kind: K) -> Optional<K> {
    Optional(kind)
}

/// A field that may be left out, but not be `null`. If it is left out, its value is `default`.
pub const fn or<K: Kind>(kind: K, default: K::Value) -> Or<K> {
    Or { kind, default }
}

/// A field that may be left out or be `null`. The two mean different things.
pub const fn nullable<K: Kind>(kind: K) -> Nullable<K> {
    Nullable(kind)
}

/// The fields of another body, as if they stood here. They have a type of their own, since a rule connects them.
pub const fn flat<B: RequestBody<Context = ()>>() -> Flat<B> {
    Flat(PhantomData)
}

/// A required field that is taken but not read: the handler reads it later. The document describes it as `S`.
pub const fn later<S: JsonSchema>() -> Later<S> {
    Later(PhantomData)
}

/// See [`required`].
#[derive(Clone, Copy, Debug)]
pub struct Required<K> {
    kind: K,
    missing: Reason,
}

impl<K: Kind> Member for Required<K> {
    type Value = K::Value;

    fn read(&self, key: &'static str, fields: &mut Fields<'_>) -> Option<K::Value> {
        let Some(given) = fields.take(key) else {
            fields.fault(key, self.missing, self.kind.accepted());
            return None;
        };
        fields.read(key, &self.kind, given)
    }

    fn describe(&self, key: &'static str, docs: &[&str], shape: &mut Shape<'_>) {
        let schema = self.kind.schema(shape.schemas);
        shape.property(key, schema, docs);
        shape.require(key);
    }

    fn reads_text(&self) -> bool {
        K::READS_TEXT
    }
}

/// See [`optional`].
#[derive(Clone, Copy, Debug)]
pub struct Optional<K>(K);

impl<K: Kind> Member for Optional<K> {
    type Value = Option<K::Value>;

    fn read(&self, key: &'static str, fields: &mut Fields<'_>) -> Option<Option<K::Value>> {
        match fields.take(key) {
            None => Some(None),
            Some(given) => fields.read(key, &self.0, given).map(Some),
        }
    }

    fn describe(&self, key: &'static str, docs: &[&str], shape: &mut Shape<'_>) {
        let schema = self.0.schema(shape.schemas);
        shape.property(key, schema, docs);
    }

    fn reads_text(&self) -> bool {
        K::READS_TEXT
    }
}

/// See [`or`].
#[derive(Clone, Copy, Debug)]
pub struct Or<K: Kind> {
    kind: K,
    default: K::Value,
}

impl<K: Kind> Member for Or<K>
where
    K::Value: Clone + Serialize,
{
    type Value = K::Value;

    fn read(&self, key: &'static str, fields: &mut Fields<'_>) -> Option<K::Value> {
        match fields.take(key) {
            None => Some(self.default.clone()),
            Some(given) => fields.read(key, &self.kind, given),
        }
    }

    /// The default stands in the description. Some generators of clients read the member `default` as a promise that the field is
    /// there, and make it required.
    fn describe(&self, key: &'static str, docs: &[&str], shape: &mut Shape<'_>) {
        let schema = self.kind.schema(shape.schemas);
        let default = match json!(self.default) {
            Value::String(word) => word,
            other => other.to_string(),
        };
        let default = format!("If it is left out: `{default}`.");
        shape.property(key, schema, &[docs, &[default.as_str()]].concat());
    }
}

/// See [`nullable`].
#[derive(Clone, Copy, Debug)]
pub struct Nullable<K>(K);

impl<K: Kind> Member for Nullable<K> {
    type Value = Field<K::Value>;

    fn read(&self, key: &'static str, fields: &mut Fields<'_>) -> Option<Field<K::Value>> {
        match fields.take(key) {
            None => Some(Field::Absent),
            Some(Value::Null) => Some(Field::Null),
            Some(given) => fields.read(key, &self.0, given).map(Field::Value),
        }
    }

    fn describe(&self, key: &'static str, docs: &[&str], shape: &mut Shape<'_>) {
        let schema = shape::or_null(self.0.schema(shape.schemas));
        shape.property(key, schema, docs);
    }
}

/// See [`flat`].
#[derive(Clone, Copy, Debug)]
pub struct Flat<B>(PhantomData<fn() -> B>);

impl<B: RequestBody<Context = ()>> Member for Flat<B> {
    type Value = B;

    fn read(&self, _: &'static str, fields: &mut Fields<'_>) -> Option<B> {
        B::read(fields, &())
    }

    fn describe(&self, _: &'static str, _: &[&str], shape: &mut Shape<'_>) {
        B::describe(shape);
    }
}

/// See [`later`].
#[derive(Clone, Copy, Debug)]
pub struct Later<S>(PhantomData<fn() -> S>);

impl<S: JsonSchema> Member for Later<S> {
    type Value = Option<Value>;

    fn read(&self, key: &'static str, fields: &mut Fields<'_>) -> Option<Option<Value>> {
        Some(fields.take(key))
    }

    fn describe(&self, key: &'static str, docs: &[&str], shape: &mut Shape<'_>) {
        let schema = shape.schemas.subschema_for::<S>();
        shape.property(key, schema, docs);
        shape.require(key);
    }
}
