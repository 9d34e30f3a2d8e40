//! Lists.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::{
    fault::Text,
    kind::{Kind, Place, Refused},
    kinds::CHANNEL,
};
use crate::domain::Channel;

/// At least one channel, each once, in the order in which they were given.
#[derive(Clone, Copy, Debug)]
pub struct SeveralChannels;

impl Kind for SeveralChannels {
    type Value = Vec<Channel>;

    fn accepted(&self) -> Text {
        format!("a list of 1 to {} channels, each one of {}", Channel::ALL.len(), Channel::names()).into()
    }

    fn read(&self, given: Value, place: &mut Place<'_>) -> Result<Vec<Channel>, Refused> {
        let Value::Array(given) = given else { return Err(Refused::Type) };
        if given.is_empty() || given.len() > Channel::ALL.len() {
            return Err(Refused::Value);
        }
        let read = given.into_iter().enumerate().map(|(index, name)| place.element(index, &CHANNEL, name));
        let read: Vec<_> = read.collect();
        let mut channels = Vec::new();
        for channel in read {
            let channel = channel.ok_or(Refused::Noted)?;
            if !channels.contains(&channel) {
                channels.push(channel);
            }
        }
        Ok(channels)
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        let items = CHANNEL.schema(schemas);
        json_schema!({"type": "array", "minItems": 1, "maxItems": Channel::ALL.len(), "items": items})
    }
}
