//! Texts, words and numbers that the bodies of several dialects have. A kind of only one dialect is in that dialect's
//! folder.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::{
    fault::Text as Words,
    kind::{Kind, Place, Refused},
};
use crate::{
    domain::{
        Channel, EmailAddress, Rate, Timestamp, TopicName, UserId,
        display::Preference,
        text::{LINE_PATTERN, TAG_PATTERN, is_line},
    },
    http::{
        body,
        openapi::{self, DateTimeFormat, Email, MeasurementUnit, Theme},
    },
    render::{CODE_PATTERN, MAX_CODE, is_code},
};

/// An email address.
pub const EMAIL: Text<EmailAddress> = text("an email address", EmailAddress::parse, schema_of::<Email>);
/// A user's id.
pub const USER_ID: Text<UserId> = text("a UUID", UserId::parse, schema_of::<UserId>);
/// A channel's name.
pub const CHANNEL: OneOf<Channel> = OneOf { names: Channel::names, parse: Channel::parse };
/// The name of a topic that may be new.
pub const TOPIC_NAME: Text<TopicName> = text(
    "a name of 1 to 128 characters, none of / ? # % and no control characters, and neither . nor ..",
    |name| TopicName::parse(name).filter(TopicName::can_stand_in_a_url),
    schema_of::<openapi::TopicName>,
);
/// Any string.
pub const ANY_TEXT: Text<String> = text("a string", |given| Some(given.to_owned()), schema_of::<String>);
/// A moment, of any offset.
pub const TIME: Text<Timestamp> = text(
    "a time with Z or an offset, such as 2026-03-01T10:00:00Z (RFC 3339)",
    Timestamp::parse,
    |_| json_schema!({"type": "string", "format": "date-time"}),
);
/// A template's code.
pub const TEMPLATE_CODE: Text<String> = text(
    "a template's code: 1 to 255 characters, none of / ? # %",
    |code| is_code(code).then(|| code.to_owned()),
    |_| json_schema!({"type": "string", "minLength": 1, "maxLength": MAX_CODE, "pattern": CODE_PATTERN}),
);
/// The schema of a type, or a reference to it.
pub fn schema_of<S: JsonSchema>(schemas: &mut SchemaGenerator) -> Schema {
    schemas.subschema_for::<S>()
}

/// A string that `parse` accepts.
pub const fn text<T>(
    accepted: &'static str,
    parse: fn(&str) -> Option<T>,
    schema: fn(&mut SchemaGenerator) -> Schema,
) -> Text<T> {
    Text { accepted, parse, schema }
}

/// See [`text`].
#[derive(Clone, Copy, Debug)]
pub struct Text<T> {
    accepted: &'static str,
    parse: fn(&str) -> Option<T>,
    schema: fn(&mut SchemaGenerator) -> Schema,
}

impl<T> Kind for Text<T> {
    type Value = T;

    fn accepted(&self) -> Words {
        self.accepted.into()
    }

    fn read(&self, given: Value, _: &mut Place<'_>) -> Result<T, Refused> {
        (self.parse)(given.as_str().ok_or(Refused::Type)?).ok_or(Refused::Value)
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        (self.schema)(schemas)
    }
}

/// One of a few words.
#[derive(Clone, Copy, Debug)]
pub struct OneOf<T> {
    /// All of them, for a sentence.
    pub names: fn() -> String,
    /// The value of a name.
    pub parse: fn(&str) -> Option<T>,
}

impl<T: JsonSchema> Kind for OneOf<T> {
    type Value = T;

    fn accepted(&self) -> Words {
        format!("one of {}", (self.names)()).into()
    }

    fn read(&self, given: Value, _: &mut Place<'_>) -> Result<T, Refused> {
        (self.parse)(given.as_str().ok_or(Refused::Type)?).ok_or(Refused::Value)
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        schemas.subschema_for::<T>()
    }
}

/// One visible line of at most that many characters.
#[derive(Clone, Copy, Debug)]
pub struct Line(pub usize);

impl Kind for Line {
    type Value = String;

    fn accepted(&self) -> Words {
        format!("a line of 1 to {} characters", self.0).into()
    }

    fn read(&self, given: Value, _: &mut Place<'_>) -> Result<String, Refused> {
        let Value::String(text) = given else { return Err(Refused::Type) };
        if is_line(&text, self.0) { Ok(text) } else { Err(Refused::Value) }
    }

    fn schema(&self, _: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "minLength": 1, "maxLength": self.0, "pattern": LINE_PATTERN})
    }
}

/// `true` or `false`.
#[derive(Clone, Copy, Debug)]
pub struct Flag;

impl Kind for Flag {
    type Value = bool;

    fn accepted(&self) -> Words {
        "true or false".into()
    }

    fn read(&self, given: Value, _: &mut Place<'_>) -> Result<bool, Refused> {
        given.as_bool().ok_or(Refused::Type)
    }

    fn schema(&self, _: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "boolean"})
    }
}

/// A whole number from the first to the second, both included. Any JSON spelling is accepted: `3`, `3.0`, `3e0`.
#[derive(Clone, Copy, Debug)]
pub struct Whole<T>(pub T, pub T);

impl<T: Copy + fmt::Display + JsonSchema + PartialOrd + TryFrom<u64> + Into<u64>> Kind for Whole<T> {
    type Value = T;

    fn accepted(&self) -> Words {
        format!("a whole number from {} to {}", self.0, self.1).into()
    }

    fn read(&self, given: Value, _: &mut Place<'_>) -> Result<T, Refused> {
        let number = body::whole(&given).and_then(|number| T::try_from(number).ok());
        number.filter(|number| (self.0..=self.1).contains(number)).ok_or(Refused::Value)
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        let mut schema = schemas.subschema_for::<T>();
        schema.insert("minimum".into(), json!(self.0.into()));
        schema.insert("maximum".into(), json!(self.1.into()));
        schema
    }
}

/// How many messages a second a provider takes.
#[derive(Clone, Copy, Debug)]
pub struct PerSecond;

impl Kind for PerSecond {
    type Value = Rate;

    fn accepted(&self) -> Words {
        format!("a number of messages a second from {} to {}", Rate::MIN, Rate::MAX).into()
    }

    fn read(&self, given: Value, _: &mut Place<'_>) -> Result<Rate, Refused> {
        Rate::new(given.as_f64().ok_or(Refused::Type)?).ok_or(Refused::Value)
    }

    fn schema(&self, _: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "number", "minimum": Rate::MIN, "maximum": Rate::MAX})
    }
}

/// A display preference, read into the form in which it is stored.
impl Kind for Preference {
    type Value = String;

    fn accepted(&self) -> Words {
        (*self).accepted()
    }

    fn read(&self, given: Value, _: &mut Place<'_>) -> Result<String, Refused> {
        self.canonical(given.as_str().ok_or(Refused::Type)?).ok_or(Refused::Value)
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        match self {
            Self::DateTimeFormat => schemas.subschema_for::<DateTimeFormat>(),
            Self::MeasurementUnit => schemas.subschema_for::<MeasurementUnit>(),
            Self::Theme => schemas.subschema_for::<Theme>(),
            Self::Timezone => json_schema!({"type": "string", "examples": ["America/New_York"]}),
            Self::Language => json_schema!({
                "type": "string", "minLength": 1, "maxLength": 255, "pattern": TAG_PATTERN, "examples": ["en-US"],
            }),
        }
    }
}
