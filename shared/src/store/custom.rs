//! Contract 3's custom fields, deep-merged. The first try reads nothing: it sets the leaves, on the condition that the
//! parents are maps and that there is room. Where that is refused, the refusal carries the item: the exact result is
//! written instead, on the condition that the fields are still what was seen.

use super::{Action, Condition, expression::Path, json, number, users::Bounded};
use crate::domain::{
    custom,
    json::Object,
    merge::{Keys, Plan, merge},
};

pub(super) const CUSTOM: &str = "custom";
/// What the fields take at the most; exact after each exact write, and never too low.
const BYTES: &str = "custom_bytes";
/// More path segments than this are not put into one expression: DynamoDB takes 4 KB and 300 operators.
const MOST_SEGMENTS: usize = 80;

/// A deep merge into a user's custom fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CustomChange {
    patch: Object,
    exact: Option<Exact>,
}

/// What was seen, and what it becomes.
#[derive(Clone, Debug, PartialEq)]
struct Exact {
    seen: Option<Object>,
    merged: Object,
}

impl CustomChange {
    /// Merges `patch`.
    pub fn merge(patch: Object) -> Self {
        Self { patch, exact: None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.patch.is_empty()
    }

    /// Whether the leaves are too many for one expression, or too large to begin with.
    pub(super) fn is_beyond_one_expression(&self) -> bool {
        let Plan { objects, no_objects, set, remove } = Plan::merging(&self.patch);
        let set = set.iter().map(|(keys, _)| keys);
        let segments: usize =
            objects.iter().chain(&no_objects).chain(set).chain(&remove).map(|keys| 1 + keys.len()).sum();
        segments > MOST_SEGMENTS || custom::bytes(&self.patch) > custom::MOST_BYTES
    }

    pub(super) fn actions(&self) -> Vec<Action> {
        if self.is_empty() {
            return Vec::new();
        }
        if let Some(Exact { merged, .. }) = &self.exact {
            return vec![
                Action::Set(CUSTOM.into(), json::map(merged)),
                Action::Set(BYTES.into(), number(custom::bytes(merged))),
            ];
        }
        let Plan { set, remove, .. } = Plan::merging(&self.patch);
        let set = set.iter().map(|(keys, value)| Action::Set(path(keys), json::attribute(value)));
        let remove = remove.iter().map(|keys| Action::Remove(path(keys)));
        let bytes = i64::try_from(custom::bytes(&self.patch)).unwrap_or(i64::MAX);
        set.chain(remove).chain([Action::Add(BYTES.into(), bytes)]).collect()
    }

    pub(super) fn conditions(&self) -> Vec<Condition> {
        match &self.exact {
            _ if self.is_empty() => Vec::new(),
            Some(Exact { seen: Some(seen), .. }) => vec![Condition::Equals(CUSTOM.into(), json::map(seen))],
            Some(Exact { seen: None, .. }) => vec![Condition::Missing(CUSTOM.into())],
            None => {
                let room = custom::MOST_BYTES.saturating_sub(custom::bytes(&self.patch));
                let objects = Plan::merging(&self.patch).objects;
                let objects = objects.iter().map(|keys| Condition::IsMap(path(keys)));
                [Condition::AtMost(BYTES.into(), number(room))].into_iter().chain(objects).collect()
            }
        }
    }

    /// Computes the exact result from what was seen; `None` where the fields are missing.
    pub(super) fn fit(&mut self, seen: Option<&Object>) -> Result<(), Bounded> {
        if self.is_empty() {
            return Ok(());
        }
        let mut merged = seen.cloned().unwrap_or_default();
        self.apply(&mut merged);
        if custom::bytes(&merged) > custom::MOST_BYTES {
            return Err(Bounded::Custom);
        }
        self.exact = Some(Exact { seen: seen.cloned(), merged });
        Ok(())
    }

    pub(super) fn apply(&self, target: &mut Object) {
        merge(target, &self.patch);
    }
}

fn path(keys: &Keys) -> Path {
    Path::of([CUSTOM].into_iter().chain(keys.iter().map(String::as_str)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::Json, store::expression::render};

    fn object(text: &str) -> Object {
        Json::object(text, "it").unwrap()
    }

    fn of(patch: &str) -> CustomChange {
        CustomChange::merge(object(patch))
    }

    #[test]
    fn the_first_try_sets_leaves_under_maps() {
        let change = of(r#"{"a": {"b.c": 1, "d": null}, "e": [{}]}"#);
        let rendered = render(&change.actions(), Some(&Condition::All(change.conditions())));
        assert_eq!(
            rendered.update.as_deref(),
            Some("SET #n0.#n1.#n2 = :v0, #n0.#n3 = :v1, #n4 = if_not_exists(#n4, :v2) + :v3 REMOVE #n0.#n1.#n5")
        );
        assert_eq!(rendered.condition.as_deref(), Some("(#n4 <= :v4 AND attribute_type(#n0.#n1, :v5))"));
    }

    #[test]
    fn the_second_writes_the_exact_result_where_nothing_has_changed() {
        let mut change = of(r#"{"a": {"b": 12345678901234567890123456789012345678}}"#);
        let seen = object(r#"{"a": 2, "c": true}"#);
        change.fit(Some(&seen)).unwrap();
        assert_eq!(change.conditions(), [Condition::Equals(CUSTOM.into(), json::map(&seen))]);
        let merged = r#"{"a":{"b":12345678901234567890123456789012345678},"c":true}"#;
        assert_eq!(change.actions()[0], Action::Set(CUSTOM.into(), json::map(&object(merged))));
        assert_eq!(change.actions()[1], Action::Set(BYTES.into(), number(merged.len())));
        change.fit(None).unwrap();
        assert_eq!(change.conditions(), [Condition::Missing(CUSTOM.into())]);
    }

    #[test]
    fn more_than_the_bound_is_refused_and_much_at_once_is_not_put_into_an_expression() {
        let large = Object::from([("a".to_owned(), Json::String("x".repeat(custom::MOST_BYTES)))]);
        assert_eq!(CustomChange::merge(large.clone()).fit(None), Err(Bounded::Custom));
        assert!(CustomChange::merge(large).is_beyond_one_expression());
        let many = (0..100).map(|n| (n.to_string(), Json::Bool(true))).collect();
        assert!(CustomChange::merge(many).is_beyond_one_expression());
        assert!(!of(r#"{"a": 1}"#).is_beyond_one_expression());
    }
}
