//! The one write of a change, by what is known of the settings.

use super::{Action, Condition, ERASED_AT, Precondition, SETTINGS, Seen, VERSION, json, number, render};
use crate::{
    domain::{
        SettingsChange,
        json::Object,
        merge::{Keys, Plan},
    },
    store::{
        expression::{Path, Rendered},
        table::PK,
    },
};

/// The most bytes of one expression.
const MOST_BYTES: usize = 4096;
/// The most operators and functions of one expression.
const MOST_OPERATORS: usize = 300;

/// How to go on with a change.
#[derive(Debug, PartialEq)]
pub(super) enum Attempt {
    /// By this write.
    Write(Rendered),
    /// By looking first: it does not fit into a write to single places.
    Look,
    /// Not at all: there is nothing to change, and this is the version.
    Nothing(u64),
}

/// The next try of a change, for settings as they were seen, or for settings of which nothing is known.
pub(super) fn attempt(change: &SettingsChange, seen: Option<&Seen>, precondition: Option<&Precondition>) -> Attempt {
    let Some(seen) = seen else {
        return match change.optimistic() {
            Some(plan) => places(plan, precondition).map_or(Attempt::Look, Attempt::Write),
            None => Attempt::Write(whole(change, &Object::new(), precondition.and_then(Precondition::condition))),
        };
    };
    let Some(settings) = &seen.settings else {
        return first(change, seen.version);
    };
    if let Some(rendered) = change.exact(settings).and_then(|plan| places(plan, precondition)) {
        return Attempt::Write(rendered);
    }
    let guard = match change {
        // What was there does not matter.
        SettingsChange::Replace(_) => precondition.and_then(Precondition::condition),
        SettingsChange::Merge(_) | SettingsChange::Remove(_) => Some(at(seen.version)),
    };
    Attempt::Write(whole(change, settings, guard))
}

/// A write to single places, where it fits into an expression.
fn places(plan: Plan, precondition: Option<&Precondition>) -> Option<Rendered> {
    let Plan { objects, no_objects, set, remove } = plan;
    let mut actions = vec![Action::Add(VERSION.into(), 1)];
    actions.extend(set.iter().map(|(keys, value)| Action::Set(path(keys), json::attribute(value))));
    actions.extend(remove.iter().map(|keys| Action::Remove(path(keys))));
    let mut all = vec![Condition::Missing(ERASED_AT.into())];
    all.extend(precondition.and_then(Precondition::condition));
    all.extend(objects.iter().map(|keys| Condition::IsMap(path(keys))));
    all.extend(no_objects.iter().map(|keys| Condition::IsNoMap(path(keys))));
    let rendered = render(&actions, Some(&Condition::All(all)));
    let fits = [&rendered.update, &rendered.condition].into_iter().flatten().all(|text| fits(text));
    fits.then_some(rendered)
}

/// A write of everything, over an item that is there, or, with no guard, is there or not.
fn whole(change: &SettingsChange, settings: &Object, guard: Option<Condition>) -> Rendered {
    let mut all = vec![Condition::Missing(ERASED_AT.into())];
    all.extend(guard);
    render(&set_all(change, settings), Some(&Condition::All(all)))
}

/// The first write of all, or of a user who was created anew over a tombstone.
fn first(change: &SettingsChange, version: u64) -> Attempt {
    if matches!(change, SettingsChange::Remove(_)) {
        return Attempt::Nothing(version);
    }
    let mut actions = set_all(change, &Object::new());
    if version == 0 {
        return Attempt::Write(render(&actions, Some(&Condition::Missing(PK.into()))));
    }
    actions.push(Action::Remove(ERASED_AT.into()));
    let all = vec![Condition::Exists(ERASED_AT.into()), at(version)];
    Attempt::Write(render(&actions, Some(&Condition::All(all))))
}

fn set_all(change: &SettingsChange, settings: &Object) -> Vec<Action> {
    let mut settings = settings.clone();
    change.apply(&mut settings);
    vec![Action::Set(SETTINGS.into(), json::map(&settings)), Action::Add(VERSION.into(), 1)]
}

fn at(version: u64) -> Condition {
    Condition::Equals(VERSION.into(), number(version))
}

fn path(keys: &Keys) -> Path {
    [SETTINGS.to_owned()].into_iter().chain(keys.iter().cloned()).collect::<Vec<_>>().into()
}

/// Whether DynamoDB takes an expression of that size. Counted on the safe side: what separates actions and conditions
/// counts as an operator, too.
fn fits(expression: &str) -> bool {
    let operators = expression.matches(['=', '+', ',', '(', '<']).count() + expression.matches(" AND ").count();
    expression.len() <= MOST_BYTES && operators <= MOST_OPERATORS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Json;

    fn object(text: &str) -> Object {
        Json::object(text, "it").unwrap()
    }

    fn merge(text: &str) -> SettingsChange {
        SettingsChange::Merge(object(text))
    }

    fn seen(text: &str) -> Seen {
        Seen { version: 7, settings: Some(object(text)) }
    }

    fn texts(attempt: Attempt) -> (String, String) {
        match attempt {
            Attempt::Write(rendered) => (rendered.update.unwrap(), rendered.condition.unwrap()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_common_case_writes_leaves_on_the_condition_that_their_parents_are_maps() {
        let (update, condition) = texts(attempt(&merge(r#"{"a":{"x":1,"y":null},"b":"z"}"#), None, None));
        assert_eq!(
            update,
            "SET #n0 = if_not_exists(#n0, :v0) + :v1, #n1.#n2.#n3 = :v1, #n1.#n4 = :v2 REMOVE #n1.#n2.#n5"
        );
        assert_eq!(condition, "(attribute_not_exists(#n6) AND attribute_type(#n1.#n2, :v3))");
    }

    #[test]
    fn what_was_seen_is_guarded_by_its_types_and_not_by_its_version() {
        let (update, condition) =
            texts(attempt(&merge(r#"{"a":{"x":1},"b":{"y":1}}"#), Some(&seen(r#"{"a":{}}"#)), None));
        assert_eq!(update, "SET #n0 = if_not_exists(#n0, :v0) + :v1, #n1.#n2.#n3 = :v1, #n1.#n4 = :v2");
        assert_eq!(
            condition,
            "(attribute_not_exists(#n5) AND attribute_type(#n1.#n2, :v3) AND NOT attribute_type(#n1.#n4, :v3))"
        );
    }

    #[test]
    fn the_first_write_wants_an_empty_place_and_removing_makes_none() {
        let nothing = Seen::default();
        let (update, condition) = texts(attempt(&merge(r#"{"a":1}"#), Some(&nothing), None));
        assert_eq!(update, "SET #n0 = :v0, #n1 = if_not_exists(#n1, :v1) + :v2");
        assert_eq!(condition, "attribute_not_exists(#n2)");
        assert_eq!(attempt(&SettingsChange::removing([vec!["a"]]), Some(&nothing), None), Attempt::Nothing(0));
    }

    #[test]
    fn a_tombstone_is_lifted_only_as_it_was_seen() {
        let buried = Seen { version: 3, settings: None };
        let (update, condition) = texts(attempt(&merge(r#"{"a":1}"#), Some(&buried), None));
        assert!(update.ends_with("REMOVE #n2"), "{update}");
        assert_eq!(condition, "(attribute_exists(#n2) AND #n1 = :v3)");
    }

    #[test]
    fn what_does_not_fit_one_expression_replaces_the_whole_under_the_version() {
        let large: Object = (0..400).map(|n| (format!("k{n}"), Json::Bool(true))).collect();
        let large = SettingsChange::Merge(large);
        assert_eq!(attempt(&large, None, None), Attempt::Look);
        let (update, condition) = texts(attempt(&large, Some(&seen(r#"{"kept":1}"#)), None));
        assert_eq!(update, "SET #n0 = :v0, #n1 = if_not_exists(#n1, :v1) + :v2");
        assert_eq!(condition, "(attribute_not_exists(#n2) AND #n1 = :v3)");
    }

    #[test]
    fn no_expression_is_longer_or_has_more_operators_than_dynamodb_takes() {
        for count in 1..400 {
            let nested = (0..count).map(|n| (format!("k{n}"), Json::Object(object(r#"{"a":1,"b":null,"c":{}}"#))));
            if let Attempt::Write(rendered) = attempt(&SettingsChange::Merge(nested.collect()), None, None) {
                let longest = rendered.update.unwrap().len().max(rendered.condition.unwrap().len());
                assert!(longest <= MOST_BYTES, "{count}");
                assert!(count < 100, "{count} objects of three members were thought to fit");
            }
        }
    }
}
