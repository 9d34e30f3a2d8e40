//! The budgets of those parts of a user's item that grow with what is written, so that no user can grow until an opt-out
//! does not fit. All budgets together leave 64 KB of DynamoDB's 400 KB free.
//!
//! DynamoDB's `size()` of a map counts its elements and not its bytes. So a number beside each part is an upper bound of
//! the part's bytes. The first try of a write reads nothing: it adds the bytes that it brings to the number, on the
//! condition that the budget allows them. Writing an entry again adds them once more, so the number is too high from time
//! to time, and items from before have none. Then the write is refused, the refusal shows the item, and the next try
//! writes the exact number.

use std::cmp::Reverse;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    Item,
    error::StoreError,
    expression::{Action, Condition},
    number, size, table,
    user_error::UpdateUserError,
    user_item::{ENDPOINTS, ENDPOINTS_BYTES, ENDPOINTS_CREATED, HANDLES, HANDLES_BYTES},
};
use crate::domain::user_change::Bounded;

/// A part of a user's item, which has a budget.
#[derive(Debug)]
pub(super) struct Part {
    /// The part's name in answers, and its budget.
    bounded: Bounded,
    /// The map that the part is made of.
    map: &'static str,
    /// A second map of the part, which has no entry that the first one does not have.
    beside: Option<&'static str>,
    /// The attribute with an upper bound of the part's bytes.
    counter: &'static str,
}

/// Every part that one write changes without knowing the rest of it.
pub(super) const PARTS: [Part; 2] = [
    Part { bounded: Bounded::Handles, map: HANDLES, beside: None, counter: HANDLES_BYTES },
    Part { bounded: Bounded::Endpoints, map: ENDPOINTS, beside: Some(ENDPOINTS_CREATED), counter: ENDPOINTS_BYTES },
];

impl Part {
    fn has(&self, map: &str) -> bool {
        self.map == map || self.beside == Some(map)
    }

    /// The bytes that these actions bring at most.
    fn brought(&self, actions: &[Action]) -> usize {
        let brought = |action: &Action| match action {
            Action::Set(path, value) | Action::SetIfMissing(path, value) => match path.segments() {
                [map, name] if self.has(map) => size::entry(name, value),
                _ => 0,
            },
            Action::SetFrom(..) | Action::Add(..) | Action::Remove(_) => 0,
        };
        actions.iter().map(brought).sum()
    }

    /// The part of an item after the actions.
    fn changed(&self, item: &Item, actions: &[Action]) -> Result<Item, StoreError> {
        let ours = item.iter().filter(|(name, _)| self.has(name));
        let mut changed: Item = ours.map(|(name, value)| (name.clone(), value.clone())).collect();
        for action in actions {
            let (Action::Set(path, _) | Action::SetIfMissing(path, _) | Action::Remove(path)) = action else {
                continue;
            };
            if path.segments().first().is_some_and(|name| self.has(name)) {
                action.apply(&mut changed)?;
            }
        }
        Ok(changed)
    }

    /// The bytes of the part in an item.
    fn bytes(&self, item: &Item) -> usize {
        let entries = |map: &AttributeValue| size::bytes(map).saturating_sub(size::COLLECTION);
        item.iter().filter(|(name, _)| self.has(name)).map(|(_, map)| entries(map)).sum()
    }
}

/// How the number beside one part is written, by what is known of the part.
#[derive(Clone, Debug, Default, PartialEq)]
enum Count {
    /// The part does not grow, and the number stays.
    #[default]
    Unchanged,
    /// Nothing is known: the number grows by this.
    Adds(usize),
    /// The item had this version, and the part will have this size.
    Exact { version: AttributeValue, bytes: usize },
}

/// The numbers beside all parts, for one change.
#[derive(Debug, Default)]
pub(super) struct Budgets {
    counts: [Count; PARTS.len()],
    /// The bytes by which the change may pass the budget of handles.
    more_handles: usize,
}

impl Budgets {
    /// For a change that does `actions`, before anything is known of the item. It may pass the budget of handles by `more_handles`.
    pub fn of(actions: &[Action], more_handles: usize) -> Self {
        let counts = PARTS.map(|part| match part.brought(actions) {
            0 => Count::Unchanged,
            bytes => Count::Adds(bytes),
        });
        Self { counts, more_handles }
    }

    fn most(&self, part: &Part) -> usize {
        part.bounded.max_bytes() + if part.bounded == Bounded::Handles { self.more_handles } else { 0 }
    }

    /// Whether the change brings more than a budget allows at all, so that the item has to be looked at first.
    pub fn must_look(&self) -> bool {
        self.parts().any(|(part, count)| matches!(count, Count::Adds(bytes) if *bytes > self.most(part)))
    }

    /// What writes the numbers.
    pub fn actions(&self) -> Vec<Action> {
        let action = |(part, count): (&Part, &Count)| match count {
            Count::Unchanged => None,
            Count::Adds(bytes) => Some(Action::Add(part.counter.into(), i64::try_from(*bytes).unwrap_or(i64::MAX))),
            Count::Exact { bytes, .. } => Some(Action::Set(part.counter.into(), number(bytes))),
        };
        self.parts().filter_map(action).collect()
    }

    /// What has to be true of the item.
    pub fn conditions(&self) -> Vec<Condition> {
        self.parts().filter_map(|(part, count)| condition(part, count, self.most(part))).collect()
    }

    /// Makes the numbers fit an item that refused the change, or was looked at. `actions` are the change's. The error is a
    /// part that would grow and be larger than its budget. A part that is larger already may shrink.
    pub fn fit(&mut self, item: &Item, actions: &[Action]) -> Result<(), UpdateUserError> {
        let most = PARTS.each_ref().map(|part| self.most(part));
        for ((part, count), most) in PARTS.iter().zip(&mut self.counts).zip(most) {
            let too_much = matches!(count, Count::Adds(bytes) if *bytes > most);
            if !too_much && condition(part, count, most).is_none_or(|condition| condition.holds(item)) {
                continue;
            }
            let (now, then) = (part.bytes(item), part.bytes(&part.changed(item, actions)?));
            if then > most && then > now {
                return Err(UpdateUserError::TooLarge(part.bounded));
            }
            let version = item.get(table::VERSION).cloned().unwrap_or_else(|| number(0));
            *count = Count::Exact { version, bytes: then };
        }
        Ok(())
    }

    fn parts(&self) -> impl Iterator<Item = (&Part, &Count)> {
        PARTS.iter().zip(&self.counts)
    }
}

/// What has to be true of the item for this part, which may have `most` bytes.
fn condition(part: &Part, count: &Count, most: usize) -> Option<Condition> {
    match count {
        Count::Unchanged => None,
        Count::Adds(bytes) => {
            let room = most.saturating_sub(*bytes);
            // A new user has no number.
            let empty = Condition::SizeBelow(part.map.into(), 1);
            let none_yet = vec![Condition::Missing(part.counter.into()), empty];
            Some(Condition::Any(vec![Condition::AtMost(part.counter.into(), number(room)), Condition::All(none_yet)]))
        }
        // Any write of the user raises the version.
        Count::Exact { version, .. } => Some(Condition::Equals(table::VERSION.into(), version.clone())),
    }
}

/// What brings the parts of an item into their budgets, where they were written before there were budgets: the largest
/// entries are taken out. An opt-out stays. It is empty if there is nothing to take.
pub(super) fn trim(item: &Item) -> Vec<Action> {
    let trimmed = |part: &Part| {
        let map = item.get(part.map)?.as_m().ok()?;
        let mut bytes = part.bytes(item);
        let mut largest: Vec<_> = map.iter().filter(|(_, value)| **value != AttributeValue::Bool(false)).collect();
        largest.sort_by_key(|(name, value)| Reverse(size::entry(name, value)));
        let mut taken = Vec::new();
        for (name, value) in largest {
            if bytes <= part.bounded.max_bytes() {
                break;
            }
            bytes = bytes.saturating_sub(size::entry(name, value));
            taken.push(name);
        }
        let maps = [Some(part.map), part.beside].into_iter().flatten();
        let left = maps.filter_map(|map| {
            let mut entries = item.get(map)?.as_m().ok()?.clone();
            entries.retain(|name, _| !taken.contains(&name));
            Some(Action::Set(map.into(), AttributeValue::M(entries)))
        });
        (!taken.is_empty()).then(|| left.chain([Action::Set(part.counter.into(), number(bytes))]).collect::<Vec<_>>())
    };
    PARTS.iter().filter_map(trimmed).flatten().collect()
}

/// Writes the numbers into a new item. The error is a part that is larger than its budget.
pub(super) fn settle(item: &mut Item) -> Result<(), Bounded> {
    for part in &PARTS {
        let bytes = part.bytes(item);
        if bytes > part.bounded.max_bytes() {
            return Err(part.bounded);
        }
        if bytes > 0 {
            item.insert(part.counter.to_owned(), number(bytes));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
