//! Device tokens, as `apns` and `fcm` take them.

use std::collections::HashSet;

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use crate::{
    domain::device_token::is_device_token,
    http::{
        openapi::PushToken,
        request::{
            Reason,
            fault::Text,
            kind::{Kind, Place, Refused},
            kinds::schema_of,
        },
    },
};

/// The most device tokens of one user on one channel.
const MAX_TOKENS: usize = 50;

/// Each token once, in the order given.
#[derive(Debug)]
pub struct DeviceTokens;

impl Kind for DeviceTokens {
    type Value = Vec<String>;

    fn accepted(&self) -> Text {
        "a list of device tokens".into()
    }

    /// Reading stops at the first token over the limit, so that a long list takes no longer than a full one.
    fn read(&self, given: Value, place: &mut Place<'_>) -> Result<Vec<String>, Refused> {
        let Value::Array(tokens) = given else { return Err(Refused::Type) };
        let (mut seen, mut kept, mut good) = (HashSet::new(), Vec::new(), !tokens.is_empty());
        for (index, token) in tokens.into_iter().enumerate() {
            match place.element(index, &Token, token) {
                Some(token) if seen.contains(&token) => {}
                Some(_) if kept.len() == MAX_TOKENS => {
                    good = false;
                    break;
                }
                Some(token) => {
                    seen.insert(token.clone());
                    kept.push(token);
                }
                None => {}
            }
        }
        if !good {
            place.fault(Reason::Length, "must have 1 to 50 device tokens");
        }
        if place.faults.is_empty() { Ok(kept) } else { Err(Refused::Noted) }
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "array", "minItems": 1, "maxItems": MAX_TOKENS, "items": Token.schema(schemas)})
    }
}

/// One of them.
struct Token;

impl Kind for Token {
    type Value = String;

    fn accepted(&self) -> Text {
        "a device token of 1 to 4096 visible ASCII characters".into()
    }

    fn read(&self, given: Value, _: &mut Place<'_>) -> Result<String, Refused> {
        let Value::String(token) = given else { return Err(Refused::Type) };
        if is_device_token(&token) { Ok(token) } else { Err(Refused::Value) }
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        schema_of::<PushToken>(schemas)
    }
}
