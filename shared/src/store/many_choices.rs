//! Many choices about groups in one write. An expression of DynamoDB has at most 4 KB
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>), and each choice takes a part of it. What has no
//! room in one is written as the whole maps, on the condition that the user is as it was read: so a large form is written whole, too.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    Item,
    error::StoreError,
    expression::{Action, Condition},
    number, table,
    user_item::{GROUPS, HANDLES},
};
use crate::domain::UserChange;

/// The most choices that are written one by one, which takes no read.
const FEW: usize = 150;
/// The maps with choices.
const MAPS: [&str; 2] = [GROUPS, HANDLES];

/// Many choices, and the stored ones as far as they are known.
#[derive(Debug, Default)]
pub(super) struct ManyChoices {
    seen: Option<Item>,
}

impl ManyChoices {
    /// For a change with many choices. `None` for all others.
    pub fn of(change: &UserChange) -> Option<Self> {
        (change.groups.len() + change.handles.len() > FEW).then(Self::default)
    }

    /// Whether the item has to be looked at first.
    pub fn must_look(&self) -> bool {
        self.seen.is_none()
    }

    /// Learns from the item as it is now.
    pub fn look(&mut self, item: &Item) {
        let wanted = MAPS.into_iter().chain([table::VERSION]);
        self.seen = Some(wanted.filter_map(|name| Some((name.to_owned(), item.get(name)?.clone()))).collect());
    }

    /// The same actions, with one for each map instead of one for each choice.
    pub fn together(&self, actions: Vec<Action>) -> Result<Vec<Action>, StoreError> {
        let mut maps: Item = MAPS.map(|map| (map.to_owned(), AttributeValue::M(Item::new()))).into();
        maps.extend(self.seen.iter().flatten().map(|(name, value)| (name.clone(), value.clone())));
        let is_choice = |action: &Action| match action {
            Action::Set(path, _) => path.segments().first().is_some_and(|map| MAPS.contains(&map.as_str())),
            _ => false,
        };
        let (choices, mut actions): (Vec<_>, Vec<_>) = actions.into_iter().partition(is_choice);
        choices.iter().try_for_each(|choice| choice.apply(&mut maps))?;
        actions.extend(MAPS.iter().filter_map(|map| Some(Action::Set((*map).into(), maps.remove(*map)?))));
        Ok(actions)
    }

    /// What has to be true of the item: any write of a user raises the version.
    pub fn condition(&self) -> Condition {
        let version = self.seen.as_ref().and_then(|seen| seen.get(table::VERSION)).cloned();
        Condition::Equals(table::VERSION.into(), version.unwrap_or_else(|| number(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_choices_are_two_maps_with_what_was_there_and_few_are_written_one_by_one() {
        let mut change = UserChange::default();
        (0..=FEW).for_each(|n| change.handles.enable(&n.to_string(), false));
        let mut many = ManyChoices::of(&change).unwrap();
        assert!(many.must_look());
        let yes = || AttributeValue::Bool(true);
        let map = |names: &[&str]| AttributeValue::M(names.iter().map(|name| ((*name).to_owned(), yes())).collect());
        let item = [("groups", map(&["a"])), ("name", yes()), ("version", number(7))];
        many.look(&item.map(|(name, value)| (name.to_owned(), value)).into());
        assert!(!many.must_look());
        let others = [Action::Set("name".into(), yes()), Action::Remove(["endpoints", "x"].into())];
        let choices = [["groups", "b"], ["handles", "enabled:c"]].map(|path| Action::Set(path.into(), yes()));
        let together = many.together([choices.to_vec(), others.to_vec()].concat()).unwrap();
        let maps = [("groups", map(&["a", "b"])), ("handles", map(&["enabled:c"]))];
        let maps = maps.map(|(name, map)| Action::Set(name.into(), map));
        assert_eq!(together, [others.to_vec(), maps.to_vec()].concat());
        assert_eq!(many.condition(), Condition::Equals("version".into(), number(7)));

        let few = UserChange { groups: (0..FEW).map(|n| (n.to_string(), true)).collect(), ..UserChange::default() };
        assert!(ManyChoices::of(&few).is_none());
    }
}
