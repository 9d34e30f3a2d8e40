//! Applies expressions to an item in memory. So the condition that was sent also explains a refusal, and the same
//! actions that change an old item also make a new one.
//!
//! Source for what they mean: Amazon DynamoDB Developer Guide, "Comparison operator and function reference".

use std::cmp::Ordering;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{Action, Condition, Path};
use crate::{
    domain::decimal::Decimal,
    store::{Item, error::StoreError},
};

impl Condition {
    /// Whether the condition holds for an item. An empty item stands for an item that does not exist.
    pub fn holds(&self, item: &Item) -> bool {
        let compares = |path: &Path, value: &AttributeValue, wanted: &[Ordering]| {
            path.find(item).and_then(|found| compare(found, value)).is_some_and(|order| wanted.contains(&order))
        };
        let is_map = |path: &Path| path.find(item).is_some_and(AttributeValue::is_m);
        match self {
            Self::Exists(path) => path.find(item).is_some(),
            Self::Missing(path) => path.find(item).is_none(),
            Self::Equals(path, value) => path.find(item).is_some_and(|found| are_equal(found, value)),
            Self::NotEquals(path, value) => !path.find(item).is_some_and(|found| are_equal(found, value)),
            Self::AtLeast(path, value) => compares(path, value, &[Ordering::Greater, Ordering::Equal]),
            Self::AtMost(path, value) => compares(path, value, &[Ordering::Less, Ordering::Equal]),
            Self::Below(path, value) => compares(path, value, &[Ordering::Less]),
            Self::Contains(path, value) => path.find(item).is_some_and(|found| contains(found, value)),
            Self::SizeBelow(path, most) => path.find(item).and_then(size).is_some_and(|size| size < *most),
            Self::OneOf(path, values) => {
                path.find(item).is_some_and(|found| values.iter().any(|value| are_equal(found, value)))
            }
            Self::IsMap(path) => is_map(path),
            Self::IsNoMap(path) => !is_map(path),
            Self::All(parts) => parts.iter().all(|part| part.holds(item)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(item)),
        }
    }
}

impl Action {
    /// Applies the action to an item. It is an error if the path's parent is no map, or if a value to add to is no
    /// number. DynamoDB refuses such an update, too.
    pub fn apply(&self, item: &mut Item) -> Result<(), StoreError> {
        match self {
            Self::Set(path, value) => path.set(item, value.clone()),
            Self::SetIfMissing(path, value) => {
                if path.find(item).is_some() {
                    return Ok(());
                }
                path.set(item, value.clone())
            }
            Self::SetFrom(path, from, otherwise) => {
                let value = from.find(item).unwrap_or(otherwise).clone();
                path.set(item, value)
            }
            Self::Add(path, by) => {
                let old = match path.find(item) {
                    None => 0,
                    Some(number) => {
                        number.as_n().ok().and_then(|number| number.parse::<i64>().ok()).ok_or_else(no_place)?
                    }
                };
                path.set(item, AttributeValue::N(old.saturating_add(*by).to_string()))
            }
            Self::Remove(path) => {
                let (map, name) = path.place(item).ok_or_else(no_place)?;
                map.remove(name);
                Ok(())
            }
        }
    }
}

impl Path {
    fn find<'a>(&self, item: &'a Item) -> Option<&'a AttributeValue> {
        let (first, rest) = self.0.split_first()?;
        rest.iter().try_fold(item.get(first)?, |value, name| value.as_m().ok()?.get(name))
    }

    /// The map that holds the last segment, and that segment.
    fn place<'a>(&self, item: &'a mut Item) -> Option<(&'a mut Item, &str)> {
        let (last, way) = self.0.split_last()?;
        let mut map = item;
        for name in way {
            let AttributeValue::M(inner) = map.get_mut(name)? else { return None };
            map = inner;
        }
        Some((map, last))
    }

    fn set(&self, item: &mut Item, value: AttributeValue) -> Result<(), StoreError> {
        let (map, name) = self.place(item).ok_or_else(no_place)?;
        map.insert(name.to_owned(), value);
        Ok(())
    }
}

fn no_place() -> StoreError {
    StoreError::Malformed("an item that lacks a map or a number".into())
}

fn are_equal(one: &AttributeValue, other: &AttributeValue) -> bool {
    one == other || compare(one, other) == Some(Ordering::Equal)
}

/// The order of two values of the same type. `None` for types that are not strings, numbers or bytes.
fn compare(one: &AttributeValue, other: &AttributeValue) -> Option<Ordering> {
    match (one, other) {
        (AttributeValue::S(one), AttributeValue::S(other)) => Some(one.as_bytes().cmp(other.as_bytes())),
        (AttributeValue::B(one), AttributeValue::B(other)) => Some(one.as_ref().cmp(other.as_ref())),
        (AttributeValue::N(one), AttributeValue::N(other)) => {
            Some(Decimal::parse(one).ok()?.cmp(&Decimal::parse(other).ok()?))
        }
        _ => None,
    }
}

fn contains(whole: &AttributeValue, part: &AttributeValue) -> bool {
    match (whole, part) {
        (AttributeValue::L(list), part) => list.iter().any(|element| are_equal(element, part)),
        (AttributeValue::S(text), AttributeValue::S(part)) => text.contains(part.as_str()),
        (AttributeValue::Ss(set), AttributeValue::S(part)) => set.contains(part),
        _ => false,
    }
}

fn size(value: &AttributeValue) -> Option<usize> {
    match value {
        AttributeValue::M(map) => Some(map.len()),
        AttributeValue::L(list) => Some(list.len()),
        AttributeValue::S(text) => Some(text.len()),
        AttributeValue::B(bytes) => Some(bytes.as_ref().len()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(text: &str) -> AttributeValue {
        AttributeValue::S(text.into())
    }

    fn n(number: &str) -> AttributeValue {
        AttributeValue::N(number.into())
    }

    fn item() -> Item {
        let map = AttributeValue::M([("a.b".to_owned(), n("1"))].into());
        let teams = AttributeValue::L(vec![s("red"), s("blue")]);
        [("map", map), ("teams", teams), ("at", n("9")), ("org", s("acme"))]
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }

    #[test]
    fn a_condition_holds_for_an_item_or_not() {
        use Condition::*;
        let good = || {
            vec![
                Exists("org".into()),
                Missing("gone".into()),
                Equals("at".into(), n("9.0")),
                NotEquals("at".into(), n("8")),
                NotEquals("gone".into(), n("8")),
                AtLeast("at".into(), n("9")),
                AtMost("at".into(), n("10")),
                Below("at".into(), n("10")),
                Contains("teams".into(), s("blue")),
                SizeBelow("map".into(), 2),
                OneOf(["map", "a.b"].into(), vec![n("-1"), n("1")]),
                IsMap("map".into()),
                IsNoMap("at".into()),
                IsNoMap("gone".into()),
                Any(vec![Missing("org".into()), Exists("org".into())]),
            ]
        };
        for condition in good() {
            assert!(condition.holds(&item()), "{condition:?}");
        }
        assert!(All(good()).holds(&item()));
        for condition in [
            Exists("gone".into()),
            Missing("org".into()),
            Equals("at".into(), s("9")),
            Equals("gone".into(), s("9")),
            AtMost("at".into(), n("8")),
            AtMost("gone".into(), n("8")),
            Below("at".into(), n("9")),
            Contains("teams".into(), s("green")),
            Contains("gone".into(), s("green")),
            SizeBelow("map".into(), 1),
            OneOf("at".into(), vec![]),
            IsMap("at".into()),
            IsMap("gone".into()),
            Any(vec![]),
            All(vec![Exists("org".into()), Missing("org".into())]),
        ] {
            assert!(!condition.holds(&item()), "{condition:?}");
        }
    }

    #[test]
    fn actions_change_an_item_as_an_update_does() {
        let mut item = item();
        for action in [
            Action::Set(["map", "new"].into(), s("x")),
            Action::Remove(["map", "a.b"].into()),
            Action::SetIfMissing("org".into(), s("other")),
            Action::SetIfMissing("name".into(), s("Ada")),
            Action::SetFrom("copy".into(), "org".into(), s("none")),
            Action::SetFrom("other".into(), "gone".into(), s("none")),
            Action::Add("at".into(), 2),
            Action::Add("version".into(), 1),
            Action::Remove("gone".into()),
        ] {
            action.apply(&mut item).unwrap();
        }
        assert_eq!(item["map"], AttributeValue::M([("new".to_owned(), s("x"))].into()));
        assert_eq!(
            (&item["org"], &item["name"], &item["copy"], &item["other"]),
            (&s("acme"), &s("Ada"), &s("acme"), &s("none"))
        );
        assert_eq!((&item["at"], &item["version"]), (&n("11"), &n("1")));
        for action in [
            Action::Set(["gone", "x"].into(), s("")),
            Action::Remove(["org", "x"].into()),
            Action::Add("org".into(), 1),
        ] {
            assert!(action.apply(&mut item).is_err(), "{action:?}");
        }
    }
}
