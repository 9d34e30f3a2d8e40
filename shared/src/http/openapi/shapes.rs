//! Shapes that derived schemas use.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use crate::domain::{
    Channel,
    category::{HANDLE_PATTERN, MAX_HANDLE},
    display::Preference,
    topic,
};

/// Any JSON object.
#[derive(Debug)]
pub struct Open;

impl JsonSchema for Open {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Object".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object"})
    }
}

/// Some of the channels, each on or off.
#[derive(Debug)]
pub struct Channels;

impl JsonSchema for Channels {
    fn schema_name() -> Cow<'static, str> {
        "Channels".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let properties = Channel::ALL.map(|channel| (channel.as_str().to_owned(), json!({"type": "boolean"})));
        let properties: Map<_, _> = properties.into_iter().collect();
        json_schema!({"type": "object", "properties": properties, "additionalProperties": false})
    }
}

/// A field that may be left out but must not be `null`: for fields that are an `Option`.
pub fn not_null(schema: &mut Schema) {
    let null = Value::from("null");
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|one| *one != null);
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(options)) = schema.get_mut("anyOf") {
        options.retain(|option| option.get("type") != Some(&null));
        if let [Value::Object(only)] = options.as_slice() {
            let only = only.clone();
            schema.remove("anyOf");
            only.into_iter().for_each(|(key, value)| drop(schema.insert(key, value)));
        }
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
}

/// A text with bounds of its own. The document shows it in place, without a reference.
macro_rules! text {
    ($($(#[$doc:meta])* $name:ident = $schema:tt;)*) => { $(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )* };
}

text! {
    /// `domain::text::is_line`, of 200 characters.
    Line = {
        "type": "string", "minLength": 1, "maxLength": 200,
        "pattern": r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$",
    };
    /// `domain::EmailAddress`.
    Email = {"type": "string", "format": "email", "maxLength": 254};
    /// `domain::phone::is_e164`.
    Phone = {"type": "string", "pattern": r"^\+[1-9][0-9]{6,14}$", "examples": ["+14155552671"]};
    /// `domain::device_token`.
    PushToken = {"type": "string", "minLength": 1, "maxLength": 4096, "pattern": "^[!-~]+$"};
    /// Contract 3's ids of users.
    ExternalId = {
        "type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[^/?#%\u0000-\u001f\u007f-\u009f]+$",
    };
    /// `domain::topic::TopicName`, without `.` and `..`.
    TopicName = {"type": "string", "minLength": 1, "maxLength": 128, "pattern": topic::PATTERN};
    /// Ids of configured channels.
    ChannelId = {"type": "string", "minLength": 1, "maxLength": 128, "pattern": r#"^[!"$&'()*+,\-.0-9:;<=>@A-Z\[\\\]^_`a-z{|}~]+$"#};
    /// `domain::category::is_handle`.
    CategoryHandle = {"type": "string", "minLength": 1, "maxLength": MAX_HANDLE, "pattern": HANDLE_PATTERN};
    /// `domain::display`'s time zones.
    Zone = {"type": "string", "examples": ["Europe/Berlin"]};
    /// `domain::display`'s languages.
    Language = {"type": "string", "maxLength": 255, "examples": ["en-US"]};
}

/// A display preference with a short list of values.
macro_rules! choice {
    ($($name:ident = $what:literal;)*) => { $(
        #[doc = $what]
        #[derive(Debug)]
        pub struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let (choices, default) = (Preference::$name.choices(), Preference::$name.default());
                let description = format!("{} Of a user who never set it: `{default}`.", $what);
                json_schema!({"type": "string", "enum": choices, "description": description})
            }
        }
    )* };
}

choice! {
    DateTimeFormat = "How dates and times are written.";
    MeasurementUnit = "The units of measures.";
    Theme = "The colours of a screen.";
}
