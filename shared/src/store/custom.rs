//! Contract 3's custom fields in a user's item. A patch is merged deeply into them. The first try reads nothing: it
//! sets the leaves, on the condition that their parents are maps and that there is enough room. If it is refused, the
//! refusal carries the item. Then the exact result is written, on the condition that the fields have not changed.

use super::{
    expression::{Action, Condition},
    json,
    merge::{Places, places, whole},
    number,
    user_item::{CUSTOM, CUSTOM_BYTES},
};
use crate::domain::{
    custom,
    json::Object,
    merge::{Plan, merge},
    user_change::Bounded,
};

/// How a patch is written. It depends on whether the stored fields are known.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum CustomWrite {
    /// The fields are not known: the patch is written leaf by leaf.
    Unseen,
    /// The fields were read. They are replaced by `merged`. `seen` is `None` if there were none.
    Exact { seen: Option<Object>, merged: Object },
}

impl CustomWrite {
    /// Whether the item must be read before the write. That is so for a patch that is larger than all fields together
    /// may be: only the merged result shows whether it is too large, because the patch may remove fields.
    pub fn must_look(&self, patch: &Object) -> bool {
        *self == Self::Unseen && custom::bytes(patch) > custom::MAX_BYTES
    }

    pub fn actions(&self, patch: &Object) -> Vec<Action> {
        match self {
            Self::Exact { merged, .. } => {
                vec![whole(CUSTOM, merged), Action::Set(CUSTOM_BYTES.into(), number(custom::bytes(merged)))]
            }
            Self::Unseen => {
                let mut actions = places(CUSTOM, &Plan::merging(patch)).actions;
                let bytes = i64::try_from(custom::bytes(patch)).unwrap_or(i64::MAX);
                actions.push(Action::Add(CUSTOM_BYTES.into(), bytes));
                actions
            }
        }
    }

    pub fn conditions(&self, patch: &Object) -> Vec<Condition> {
        match self {
            _ if patch.is_empty() => Vec::new(),
            Self::Exact { seen: Some(seen), .. } => vec![Condition::Equals(CUSTOM.into(), json::map(seen))],
            Self::Exact { seen: None, .. } => vec![Condition::Missing(CUSTOM.into())],
            Self::Unseen => {
                let room = custom::MAX_BYTES.saturating_sub(custom::bytes(patch));
                let Places { conditions, .. } = places(CUSTOM, &Plan::merging(patch));
                [Condition::AtMost(CUSTOM_BYTES.into(), number(room))].into_iter().chain(conditions).collect()
            }
        }
    }

    /// The write of the same patch for fields that were read. `seen` is `None` if there are none. The error says that
    /// the merged fields would be too large.
    pub fn fit(self, patch: &Object, seen: Option<&Object>) -> Result<Self, Bounded> {
        if patch.is_empty() {
            return Ok(self);
        }
        let mut merged = seen.cloned().unwrap_or_default();
        merge(&mut merged, patch);
        if custom::bytes(&merged) > custom::MAX_BYTES {
            return Err(Bounded::Custom);
        }
        Ok(Self::Exact { seen: seen.cloned(), merged })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::Json, store::json};

    fn object(text: &str) -> Object {
        Json::object(text, "it").unwrap()
    }

    #[test]
    fn the_first_try_sets_leaves_under_maps() {
        let patch = object(r#"{"a": {"b.c": 1, "d": null}, "e": [{}]}"#);
        let bytes = custom::bytes(&patch);
        assert_eq!(
            CustomWrite::Unseen.actions(&patch),
            [
                Action::Set(["custom", "a", "b.c"].into(), number(1)),
                Action::Set(["custom", "e"].into(), json::attribute(&patch["e"])),
                Action::Remove(["custom", "a", "d"].into()),
                Action::Add("custom_bytes".into(), i64::try_from(bytes).unwrap()),
            ]
        );
        assert_eq!(
            CustomWrite::Unseen.conditions(&patch),
            [
                Condition::AtMost("custom_bytes".into(), number(8 * 1024 - bytes)),
                Condition::IsMap(["custom", "a"].into()),
            ]
        );
    }

    #[test]
    fn the_second_writes_the_exact_result_where_nothing_has_changed() {
        let patch = object(r#"{"a": {"b": 12345678901234567890123456789012345678}}"#);
        let seen = object(r#"{"a": 2, "c": true}"#);
        let exact = CustomWrite::Unseen.fit(&patch, Some(&seen)).unwrap();
        assert_eq!(exact.conditions(&patch), [Condition::Equals("custom".into(), json::map(&seen))]);
        let merged = r#"{"a":{"b":12345678901234567890123456789012345678},"c":true}"#;
        assert_eq!(
            exact.actions(&patch),
            [
                Action::Set("custom".into(), json::map(&object(merged))),
                Action::Set("custom_bytes".into(), number(merged.len())),
            ]
        );
        let missing = exact.fit(&patch, None).unwrap();
        assert_eq!(missing.conditions(&patch), [Condition::Missing("custom".into())]);
    }

    #[test]
    fn more_than_the_bound_is_refused_and_not_tried_unseen() {
        let large = Object::from([("a".to_owned(), Json::String("x".repeat(custom::MAX_BYTES)))]);
        assert_eq!(CustomWrite::Unseen.fit(&large, None), Err(Bounded::Custom));
        assert!(CustomWrite::Unseen.must_look(&large));
        assert!(!CustomWrite::Unseen.must_look(&object(r#"{"a": 1}"#)));
    }
}
