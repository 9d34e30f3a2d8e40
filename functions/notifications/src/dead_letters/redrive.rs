//! The body of `POST /api/v1/dead-letters/redrive`.

use std::{borrow::Cow, collections::BTreeSet};

use lambda_http::Body;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};
use shared::{
    domain::{DeadLetter, dead_letter::ID_PATTERN},
    http::{
        body,
        request::{
            Faults, Reason, RequestBody, Undecodable,
            fault::Text,
            fields::{Fields, NOT_KNOWN},
            kind::{Kind, Place, Refused},
            kinds::{self, Flag, schema_of, text},
            member::required,
        },
    },
    request_body,
};

/// The most letters that one request names.
const MAX_IDS: usize = 100;

/// Which letters are to be redriven.
#[derive(Debug, PartialEq, Eq)]
pub enum Redrive {
    /// These, each once.
    These(Vec<String>),
    /// All there are.
    All,
}

request_body! {
    /// The ids of the dead letters. An id that is named twice is redriven once.
    struct These {
        ids: BTreeSet<String> = required(Ids),
    }
}

request_body! {
    /// All dead letters. If `has_more` is `true`, make the same request again.
    struct All {
        all: bool = required(Flag.shown(|| json!({"const": true}))),
    }
}

impl Redrive {
    /// Reads either `ids` or `all`. All that is wrong with them is one fault.
    pub fn decode(body: &Body) -> Result<Self, Undecodable> {
        let object = body::object(body)?;
        match (object.contains_key("ids"), object.contains_key("all")) {
            (true, false) => {
                let These { ids } = These::of(object, None, &())?;
                Ok(Self::These(ids.into_iter().collect()))
            }
            (false, true) if object.get("all") == Some(&Value::Bool(true)) => {
                let All { all: _ } = All::of(object, None, &())?;
                Ok(Self::All)
            }
            _ => {
                let mut faults = Faults::default();
                let mut fields = Fields::new(object, None, &mut faults);
                for known in ["ids", "all"] {
                    fields.take(known);
                }
                fields.fault("ids", Reason::Value, Ids.accepted());
                fields.nothing_left(NOT_KNOWN);
                Ok(faults.finish(None)?)
            }
        }
    }
}

impl JsonSchema for Redrive {
    fn schema_name() -> Cow<'static, str> {
        "RedriveRequest".into()
    }

    fn json_schema(schemas: &mut SchemaGenerator) -> Schema {
        let each = [schema_of::<These>(schemas), schema_of::<All>(schemas)];
        json_schema!({"description": "The dead letters to redrive: some or all.", "anyOf": each})
    }
}

/// The id of a dead letter.
const ID: kinds::Text<String> = text(
    "a dead letter's id, as the list shows it: <time>#<id>, such as 2026-03-01T10:00:00.000Z#5fea7756-0ea4-451a-a703-a558b933e274",
    |id| DeadLetter::is_id(id).then(|| id.to_owned()),
    |_| json_schema!({"type": "string", "pattern": ID_PATTERN}),
);

/// Ids of dead letters.
struct Ids;

impl Kind for Ids {
    type Value = BTreeSet<String>;

    fn accepted(&self) -> Text {
        format!("1 to {MAX_IDS} ids of dead letters; or give all, which must be true").into()
    }

    fn read(&self, given: Value, place: &mut Place<'_>) -> Result<BTreeSet<String>, Refused> {
        let Value::Array(ids) = given else { return Err(Refused::Type) };
        if !(1..=MAX_IDS).contains(&ids.len()) {
            return Err(Refused::Value);
        }
        // Each one that is malformed is told.
        let read: Vec<_> = ids.into_iter().enumerate().map(|(index, id)| place.element(index, &ID, id)).collect();
        read.into_iter().collect::<Option<_>>().ok_or(Refused::Noted)
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        let id = ID.schema(schemas);
        json_schema!({"type": "array", "minItems": 1, "maxItems": MAX_IDS, "items": id})
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::Timestamp;

    use super::*;

    #[test]
    fn these_or_all_and_nothing_between() {
        let read = |body: Value| Redrive::decode(&Body::from(body.to_string()));
        let id = DeadLetter::id_of(Timestamp::EPOCH, "1a2b");
        assert_eq!(read(json!({"ids": [id]})).unwrap(), Redrive::These(vec![id.clone()]));
        assert_eq!(read(json!({"ids": [id, id]})).unwrap(), Redrive::These(vec![id.clone()]), "each once");
        assert_eq!(read(json!({"all": true})).unwrap(), Redrive::All);
        let many: Vec<_> = (0..101).map(|n| DeadLetter::id_of(Timestamp::EPOCH, &n.to_string())).collect();
        let (ids, more) = (format!("ids must be {}", Ids.accepted()), "more is not a known field".to_owned());
        let [first, second] = [0, 1].map(|index| format!("ids[{index}] must be {}", ID.accepted()));
        for (bad, expected) in [
            (json!({}), vec![&ids]),
            (json!({"all": false}), vec![&ids]),
            (json!({"all": null}), vec![&ids]),
            (json!({"ids": null}), vec![&ids]),
            (json!({"ids": []}), vec![&ids]),
            (json!({"ids": ["x"]}), vec![&first]),
            (json!({"ids": [id, "x"]}), vec![&second]),
            (json!({"ids": [1, null]}), vec![&first, &second]),
            (json!({"ids": many}), vec![&ids]),
            (json!({"ids": vec![id.clone(); 101]}), vec![&ids]),
            (json!({"ids": [id], "all": true}), vec![&ids]),
            (json!({"all": true, "more": 1}), vec![&more]),
            (json!({"all": 1, "more": 1}), vec![&ids, &more]),
        ] {
            let Err(Undecodable::Faults(faults)) = read(bad.clone()) else { panic!("{bad}") };
            let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
            assert_eq!(faults.iter().collect::<Vec<_>>(), expected, "{bad}");
        }
    }
}
