//! Objects: free ones, typed ones, and sets of names that are switched on and off.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value};

use super::{
    decode::RequestBody,
    fault::{Reason, Text},
    fields::{Fields, NOT_KNOWN},
    kind::{Kind, Place, Refused},
    kinds::schema_of,
};
use crate::{
    domain::{
        Channel, Json,
        json::{JsonFault, Object},
    },
    http::openapi::{Channels, Open},
};

/// Some of the channels, each on or off.
pub const CHANNELS: Switches<Channel> = Switches {
    accepted: "an object",
    parse: Channel::parse,
    unknown: || format!("is not a channel: it must be one of {}", Channel::names()),
    schema: schema_of::<Channels>,
};

/// Any JSON object. Its numbers have 64 bits: the body's reader refuses others.
#[derive(Clone, Copy, Debug)]
pub struct AnyObject;

impl Kind for AnyObject {
    type Value = Map<String, Value>;

    fn accepted(&self) -> Text {
        "an object".into()
    }

    fn read(&self, given: Value, _: &mut Place<'_>) -> Result<Self::Value, Refused> {
        if let Value::Object(object) = given { Ok(object) } else { Err(Refused::Type) }
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        schemas.subschema_for::<Open>()
    }
}

/// Any JSON object that the table can store; its numbers keep all of their digits. It is read from the body's text, so
/// it can only be a field of the body itself. Faults call it by this name.
#[derive(Clone, Copy, Debug)]
pub struct ExactObject(pub &'static str);

impl Kind for ExactObject {
    type Value = Object;

    const READS_TEXT: bool = true;

    fn accepted(&self) -> Text {
        "an object".into()
    }

    fn read(&self, _: Value, place: &mut Place<'_>) -> Result<Object, Refused> {
        let written = place.written().ok_or(Refused::Type)?;
        Json::object(written, self.0).map_err(|error| {
            if error.fault == JsonFault::NoObject && error.at == self.0 {
                return Refused::Type;
            }
            place.faults.add(error.at, Reason::Rule, error.fault.to_string());
            Refused::Noted
        })
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        schemas.subschema_for::<Open>()
    }
}

/// The same within another object or a list: its numbers were checked with the body's.
#[derive(Clone, Copy, Debug)]
pub struct ExactWithin;

impl Kind for ExactWithin {
    type Value = Object;

    fn accepted(&self) -> Text {
        "an object".into()
    }

    fn read(&self, given: Value, place: &mut Place<'_>) -> Result<Object, Refused> {
        let Value::Object(_) = given else { return Err(Refused::Type) };
        let path = place.path();
        Json::object(&given.to_string(), &path).map_err(|error| {
            place.faults.add(error.at, Reason::Rule, error.fault.to_string());
            Refused::Noted
        })
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        schemas.subschema_for::<Open>()
    }
}

/// An object that has a type of its own; its faults are told with their paths.
pub struct Nested<B> {
    accepted: &'static str,
    body: PhantomData<fn() -> B>,
}

/// See [`Nested`].
pub const fn nested<B: RequestBody<Context = ()>>(accepted: &'static str) -> Nested<B> {
    Nested { accepted, body: PhantomData }
}

impl<B> fmt::Debug for Nested<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Nested").field(&self.accepted).finish()
    }
}

impl<B: RequestBody<Context = ()> + JsonSchema> Kind for Nested<B> {
    type Value = B;

    fn accepted(&self) -> Text {
        self.accepted.into()
    }

    fn read(&self, given: Value, place: &mut Place<'_>) -> Result<B, Refused> {
        let Value::Object(object) = given else { return Err(Refused::Type) };
        let path = place.path();
        let mut fields = Fields::inside(object, &path, place.faults);
        let read = B::read(&mut fields, &());
        fields.nothing_left(NOT_KNOWN);
        read.ok_or(Refused::Noted)
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        schemas.subschema_for::<B>()
    }
}

/// An object whose names are known; each value is `true` or `false`.
#[derive(Clone, Copy, Debug)]
pub struct Switches<T> {
    /// The words for what the object must be.
    pub accepted: &'static str,
    /// The value that a name stands for; `None` for an unknown name.
    pub parse: fn(&str) -> Option<T>,
    /// The text of the fault of an unknown name.
    pub unknown: fn() -> String,
    /// Its schema.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

impl<T: Ord> Kind for Switches<T> {
    type Value = BTreeMap<T, bool>;

    fn accepted(&self) -> Text {
        self.accepted.into()
    }

    fn read(&self, given: Value, place: &mut Place<'_>) -> Result<Self::Value, Refused> {
        let Value::Object(given) = given else { return Err(Refused::Type) };
        let (mut switches, expected) = (BTreeMap::new(), given.len());
        for (name, on) in given {
            match ((self.parse)(&name), on) {
                (Some(known), Value::Bool(on)) => drop(switches.insert(known, on)),
                (Some(_), _) => place.fault_of(&name, Reason::Type, "true or false"),
                (None, _) => place.fault_of(&name, Reason::Unknown, (self.unknown)()),
            }
        }
        if switches.len() == expected { Ok(switches) } else { Err(Refused::Noted) }
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        (self.schema)(schemas)
    }
}
