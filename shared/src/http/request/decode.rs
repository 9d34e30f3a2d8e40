//! From a body to its type, or to all of its faults.

use lambda_http::Body;
use serde_json::{Map, Value};

use super::{
    super::body::{self, BodyError},
    fault::Faults,
    fields::{Fields, NOT_KNOWN},
    shape::Shape,
};

/// A body that decodes and describes itself. [`request_body!`](crate::request_body) makes one.
pub trait RequestBody: Sized {
    /// What the reader needs besides the body.
    type Context: ?Sized;
    /// The names of its fields on the wire.
    const FIELDS: &'static [&'static str];

    /// Takes its fields. `None` if at least one fault was noted.
    fn read(fields: &mut Fields<'_>, context: &Self::Context) -> Option<Self>;

    /// The names of its fields that are read from the body's text, for [`body::object_beside`].
    fn from_text() -> Vec<&'static str> {
        Vec::new()
    }

    /// Adds its fields to a schema.
    fn describe(shape: &mut Shape<'_>);

    /// Decodes a body.
    fn decode(body: &Body) -> Result<Self, Undecodable>
    where
        Self: RequestBody<Context = ()>,
    {
        Self::decode_with(body, &())
    }

    /// Decodes a body with the context that it needs.
    fn decode_with(body: &Body, context: &Self::Context) -> Result<Self, Undecodable> {
        let object = body::object_beside(body, &Self::from_text())?;
        Ok(Self::of(object, Some(body), context)?)
    }

    /// Decodes the members of a body that has been taken apart already. Fields that are read from the text need the body
    /// itself.
    fn of(object: Map<String, Value>, body: Option<&[u8]>, context: &Self::Context) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let mut fields = Fields::new(object, body, &mut faults);
        let read = Self::read(&mut fields, context);
        fields.nothing_left(NOT_KNOWN);
        faults.finish(read)
    }
}

/// Why a body was not decoded.
#[derive(Debug, PartialEq, Eq)]
pub enum Undecodable {
    /// The body is not a JSON object.
    Body(BodyError),
    /// The faults of its fields.
    Faults(Faults),
}

impl From<BodyError> for Undecodable {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
    }
}

impl From<Faults> for Undecodable {
    fn from(faults: Faults) -> Self {
        Self::Faults(faults)
    }
}
