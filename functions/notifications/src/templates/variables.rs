//! The variables that a sender gives for a template.

use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};
use shared::{
    http::request::{
        Reason,
        fault::Text,
        kind::{Kind, Place, Refused},
        objects::AnyObject,
    },
    render::LINK_NAMES,
};

/// Any JSON object without the names of the links that Tidings puts into email: a sender must not lead recipients elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct Variables;

impl Kind for Variables {
    type Value = Map<String, Value>;

    fn accepted(&self) -> Text {
        AnyObject.accepted()
    }

    fn read(&self, given: Value, place: &mut Place<'_>) -> Result<Self::Value, Refused> {
        let variables = AnyObject.read(given, place)?;
        let taken: Vec<_> = LINK_NAMES.into_iter().filter(|name| variables.contains_key(*name)).collect();
        for name in &taken {
            place.fault_of(name, Reason::Rule, "is set by Tidings in email: give your variable another name");
        }
        if taken.is_empty() { Ok(variables) } else { Err(Refused::Noted) }
    }

    fn schema(&self, _: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({"type": "object", "propertyNames": {"not": {"enum": json!(LINK_NAMES)}}})
    }
}
