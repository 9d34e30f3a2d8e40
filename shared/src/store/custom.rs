//! Contract 3's custom fields, deep-merged. The first try reads nothing: it sets the leaves, on the condition that the
//! parents are maps and that there is room. Where that is refused, the refusal carries the item: the exact result is
//! written instead, on the condition that the fields are still what was seen.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Value};

use super::{Action, Condition, expression::Path, number, string, users::Bounded};
use crate::domain::custom;

pub(super) const CUSTOM: &str = "custom";
/// What the fields take at the most; exact after each exact write, and never too low.
const BYTES: &str = "custom_bytes";
/// More path segments than this are not put into one expression: DynamoDB takes 4 KB and 300 operators.
const MOST_SEGMENTS: usize = 80;

/// A deep merge into a user's custom fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CustomChange {
    patch: Map<String, Value>,
    exact: Option<Exact>,
}

/// What was seen, and what it becomes.
#[derive(Clone, Debug, PartialEq)]
struct Exact {
    seen: Option<AttributeValue>,
    merged: Map<String, Value>,
}

impl CustomChange {
    /// Merges `patch`, whose keys and numbers the table can hold.
    pub fn merge(patch: Map<String, Value>) -> Self {
        Self { patch, exact: None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.patch.is_empty()
    }

    /// Whether the leaves are too many for one expression, or too large to begin with.
    pub(super) fn is_beyond_one_expression(&self) -> bool {
        let mut segments = 0;
        walk(&self.patch, &mut vec![CUSTOM], &mut |path, _| segments += path.len());
        segments > MOST_SEGMENTS || custom::bytes(&self.patch) > custom::MOST_BYTES
    }

    pub(super) fn actions(&self) -> Vec<Action> {
        if self.is_empty() {
            return Vec::new();
        }
        if let Some(Exact { merged, .. }) = &self.exact {
            return vec![
                Action::Set(CUSTOM.into(), attribute_map(merged)),
                Action::Set(BYTES.into(), number(custom::bytes(merged))),
            ];
        }
        let mut actions = Vec::new();
        walk(&self.patch, &mut vec![CUSTOM], &mut |path, value| {
            let path = Path::of(path.iter().copied());
            match value {
                Value::Object(_) => {}
                Value::Null => actions.push(Action::Remove(path)),
                leaf => actions.push(Action::Set(path, attribute(leaf))),
            }
        });
        let bytes = i64::try_from(custom::bytes(&self.patch)).unwrap_or(i64::MAX);
        actions.push(Action::Add(BYTES.into(), bytes));
        actions
    }

    pub(super) fn conditions(&self) -> Vec<Condition> {
        match &self.exact {
            _ if self.is_empty() => Vec::new(),
            Some(Exact { seen: Some(seen), .. }) => vec![Condition::Equals(CUSTOM.into(), seen.clone())],
            Some(Exact { seen: None, .. }) => vec![Condition::Missing(CUSTOM.into())],
            None => {
                let room = custom::MOST_BYTES.saturating_sub(custom::bytes(&self.patch));
                let mut all = vec![Condition::AtMost(BYTES.into(), number(room)), Condition::IsMap(CUSTOM.into())];
                walk(&self.patch, &mut vec![CUSTOM], &mut |path, value| {
                    if value.is_object() {
                        all.push(Condition::IsMap(Path::of(path.iter().copied())));
                    }
                });
                all
            }
        }
    }

    /// Computes the exact result from what was seen.
    pub(super) fn fit(&mut self, old: &Map<String, Value>, seen: Option<AttributeValue>) -> Result<(), Bounded> {
        if self.is_empty() {
            return Ok(());
        }
        let mut merged = old.clone();
        custom::merge(&mut merged, &self.patch);
        if custom::bytes(&merged) > custom::MOST_BYTES {
            return Err(Bounded::Custom);
        }
        self.exact = Some(Exact { seen, merged });
        Ok(())
    }

    pub(super) fn apply(&self, target: &mut Map<String, Value>) {
        custom::merge(target, &self.patch);
    }
}

/// Every value of a patch with its path; objects before what is in them.
fn walk<'a>(patch: &'a Map<String, Value>, path: &mut Vec<&'a str>, visit: &mut impl FnMut(&[&'a str], &'a Value)) {
    for (key, value) in patch {
        path.push(key);
        visit(path, value);
        if let Value::Object(inner) = value {
            walk(inner, path, visit);
        }
        path.pop();
    }
}

/// An object as DynamoDB takes it.
pub(super) fn attribute_map(map: &Map<String, Value>) -> AttributeValue {
    AttributeValue::M(map.iter().map(|(key, value)| (key.clone(), attribute(value))).collect::<HashMap<_, _>>())
}

fn attribute(value: &Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(value) => AttributeValue::Bool(*value),
        Value::Number(value) => number(value),
        Value::String(value) => string(value),
        Value::Array(items) => AttributeValue::L(items.iter().map(attribute).collect()),
        Value::Object(map) => attribute_map(map),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::expression::render;

    fn of(patch: Value) -> CustomChange {
        CustomChange::merge(patch.as_object().unwrap().clone())
    }

    #[test]
    fn the_first_try_sets_leaves_under_maps() {
        let change = of(json!({"a": {"b.c": 1, "d": null}, "e": [{}]}));
        let rendered = render(&change.actions(), Some(&Condition::All(change.conditions())));
        assert_eq!(
            rendered.update.as_deref(),
            Some("SET #n0.#n1.#n2 = :v0, #n0.#n4 = :v1, #n5 = if_not_exists(#n5, :v2) + :v3 REMOVE #n0.#n1.#n3")
        );
        assert_eq!(
            rendered.condition.as_deref(),
            Some("(#n5 <= :v4 AND attribute_type(#n0, :v5) AND attribute_type(#n0.#n1, :v6))")
        );
    }

    #[test]
    fn the_second_writes_the_exact_result_where_nothing_has_changed() {
        let mut change = of(json!({"a": {"b": 1}}));
        let seen = json!({"a": 2, "c": true});
        let seen = seen.as_object().unwrap();
        change.fit(seen, Some(attribute_map(seen))).unwrap();
        assert_eq!(change.conditions(), [Condition::Equals(CUSTOM.into(), attribute_map(seen))]);
        let merged = json!({"a": {"b": 1}, "c": true});
        let merged = merged.as_object().unwrap();
        assert_eq!(change.actions()[0], Action::Set(CUSTOM.into(), attribute_map(merged)));
        assert_eq!(change.actions()[1], Action::Set(BYTES.into(), number(22)));
    }

    #[test]
    fn more_than_the_bound_is_refused_and_much_at_once_is_not_put_into_an_expression() {
        let text = "x".repeat(custom::MOST_BYTES);
        assert_eq!(of(json!({"a": text})).fit(&Map::new(), None), Err(Bounded::Custom));
        assert!(of(json!({"a": text})).is_beyond_one_expression());
        let many: Map<_, _> = (0..100).map(|n| (n.to_string(), json!(n))).collect();
        assert!(CustomChange::merge(many).is_beyond_one_expression());
        assert!(!of(json!({"a": 1})).is_beyond_one_expression());
    }
}
