//! Texts in several languages, as a body has them.

use std::collections::{BTreeMap, btree_map::Entry};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::Value;
use shared::{
    domain::{
        category::{DEFAULT, Texts},
        text::TAG_PATTERN,
    },
    http::request::{
        Reason,
        fault::Text,
        kind::{Kind, Place, Refused},
        kinds::Line,
    },
    render::{MAX_LOCALES, canonical},
};

/// A text in several languages: `default`, and others by their canonical BCP 47 tags.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
#[schemars(inline)]
#[serde(transparent)]
pub struct Translations(pub Texts);

/// A text for users of any language, each of at most that many characters.
#[derive(Clone, Copy, Debug)]
pub struct InLanguages(pub usize);

impl Kind for InLanguages {
    type Value = Translations;

    fn accepted(&self) -> Text {
        let line = Line(self.0).accepted();
        format!("an object with a text for {DEFAULT}, and optionally for further languages: each {line}").into()
    }

    fn read(&self, given: Value, place: &mut Place<'_>) -> Result<Translations, Refused> {
        let Value::Object(given) = given else { return Err(Refused::Type) };
        if given.len() > MAX_LOCALES || !given.contains_key(DEFAULT) {
            return Err(Refused::Value);
        }
        let (mut texts, expected) = (BTreeMap::new(), given.len());
        for (name, text) in given {
            let Some(tag) = canonical(&name) else {
                let fault =
                    "is not a language: it must be default, or a valid BCP 47 language tag, such as fr or pt-BR";
                place.fault_of(&name, Reason::Unknown, fault);
                continue;
            };
            let Some(text) = place.member(&name, &Line(self.0), text) else { continue };
            if let Entry::Vacant(free) = texts.entry(tag.clone()) {
                free.insert(text);
            } else {
                place.fault_of(&name, Reason::Rule, format!("is given twice, as {tag}"));
            }
        }
        if texts.len() == expected { Ok(Translations(texts)) } else { Err(Refused::Noted) }
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object", "required": [DEFAULT], "maxProperties": MAX_LOCALES,
            "propertyNames": {"maxLength": 255, "pattern": TAG_PATTERN},
            "additionalProperties": Line(self.0).schema(schemas),
        })
    }
}
