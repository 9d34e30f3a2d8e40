//! Kinds of fields that only this dialect has. Those that other dialects have too are in `http::request`.

use schemars::json_schema;

use crate::{
    domain::{ExternalId, device_token::is_device_token},
    http::{
        openapi::{self, PushToken},
        request::{
            kinds::{Text, schema_of, text},
            member::{Nullable, nullable},
        },
    },
};

/// The most characters of a name.
pub const MAX_NAME: usize = 200;

/// The token under which a device is reached.
pub const PUSH_TOKEN: Text<String> =
    text("a device token of 1 to 4096 visible ASCII characters, or null", push_token, schema_of::<PushToken>);

/// An application's own id of a user.
pub const EXTERNAL_ID: Text<ExternalId> = text(
    "an id of 1 to 255 characters, none of / ? # % and no control characters",
    ExternalId::parse,
    schema_of::<openapi::ExternalId>,
);

/// A secret that is accepted and not stored.
pub fn forgotten() -> Nullable<Text<()>> {
    nullable(text("a string", |_| Some(()), |_| json_schema!({"type": "string", "writeOnly": true})))
}

fn push_token(given: &str) -> Option<String> {
    is_device_token(given).then(|| given.to_owned())
}
