//! The next write of a change of settings. It depends on the stored settings, if they are known.

use uuid::Uuid;

use super::seen::Seen;
use crate::{
    domain::{SettingsChange, json::Object, merge::Plan},
    store::{
        expression::{Action, Condition},
        merge::{self, Attempt, Places},
        number,
        precondition::Precondition,
        table::{ERASED_AT, PK, SETTINGS, VERSION},
        write::Write,
    },
};

/// The next try of a change. `seen` has the stored settings, if they are known. The write changes single places, if
/// that is possible.
pub(super) fn attempt(
    change: &SettingsChange,
    seen: Option<&Seen>,
    precondition: Option<&Precondition>,
    write_token: Uuid,
) -> Attempt<u64> {
    let plan = match seen {
        None => change.optimistic(),
        Some(Seen { version, settings: None }) => return first(change, *version, write_token),
        Some(Seen { settings: Some(settings), .. }) => change.exact(settings),
    };
    match plan {
        Some(plan) => Attempt::IfItFits(places(&plan, precondition, write_token)),
        None => replace(change, seen, precondition, write_token),
    }
}

/// The next try if the write of [`attempt`] to single places does not fit into one expression.
pub(super) fn otherwise(
    change: &SettingsChange,
    seen: Option<&Seen>,
    precondition: Option<&Precondition>,
    write_token: Uuid,
) -> Attempt<u64> {
    if seen.is_none() { Attempt::Look } else { replace(change, seen, precondition, write_token) }
}

/// A write of the whole settings. A merge or a removal into settings that were read also demands that the version has
/// not changed.
fn replace(
    change: &SettingsChange,
    seen: Option<&Seen>,
    precondition: Option<&Precondition>,
    write_token: Uuid,
) -> Attempt<u64> {
    let guard = match (change, seen) {
        // The result does not depend on the stored settings.
        (SettingsChange::Replace(_), _) | (_, None) => precondition.and_then(Precondition::condition),
        (SettingsChange::Merge(_) | SettingsChange::Remove(_), Some(seen)) => Some(at(seen.version)),
    };
    let mut all = vec![Condition::Missing(ERASED_AT.into())];
    all.extend(guard);
    let nothing = Object::new();
    let settings = seen.and_then(|seen| seen.settings.as_ref()).unwrap_or(&nothing);
    Attempt::Write(write(set_all(change, settings), Condition::All(all), write_token))
}

/// A write to single places.
fn places(plan: &Plan, precondition: Option<&Precondition>, write_token: Uuid) -> Write {
    let Places { actions, conditions } = merge::places(SETTINGS, plan);
    let mut all = vec![Condition::Missing(ERASED_AT.into())];
    all.extend(precondition.and_then(Precondition::condition));
    all.extend(conditions);
    let actions = [Action::Add(VERSION.into(), 1)].into_iter().chain(actions).collect();
    write(actions, Condition::All(all), write_token)
}

/// The first write of settings, or the first one after a user was created again and the settings have a tombstone.
fn first(change: &SettingsChange, version: u64, write_token: Uuid) -> Attempt<u64> {
    if matches!(change, SettingsChange::Remove(_)) {
        return Attempt::Done(version);
    }
    let mut actions = set_all(change, &Object::new());
    if version == 0 {
        return Attempt::Write(write(actions, Condition::Missing(PK.into()), write_token));
    }
    actions.push(Action::Remove(ERASED_AT.into()));
    let all = vec![Condition::Exists(ERASED_AT.into()), at(version)];
    Attempt::Write(write(actions, Condition::All(all), write_token))
}

fn set_all(change: &SettingsChange, settings: &Object) -> Vec<Action> {
    let mut settings = settings.clone();
    change.apply(&mut settings);
    vec![merge::whole(SETTINGS, &settings), Action::Add(VERSION.into(), 1)]
}

/// The settings are large, so they are not sent back.
fn write(actions: Vec<Action>, condition: Condition, write_token: Uuid) -> Write {
    Write::once(actions, condition, write_token).returning_changes()
}

fn at(version: u64) -> Condition {
    Condition::Equals(VERSION.into(), number(version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::Json,
        store::{json, string},
    };

    fn object(text: &str) -> Object {
        Json::object(text, "it").unwrap()
    }

    fn merge(text: &str) -> SettingsChange {
        SettingsChange::Merge(object(text))
    }

    fn seen(text: &str) -> Seen {
        Seen { version: 7, settings: Some(object(text)) }
    }

    const TOKEN: Uuid = Uuid::nil();

    fn attempt(change: &SettingsChange, seen: Option<&Seen>, precondition: Option<&Precondition>) -> Attempt<u64> {
        super::attempt(change, seen, precondition, TOKEN)
    }

    fn otherwise(change: &SettingsChange, seen: Option<&Seen>, precondition: Option<&Precondition>) -> Attempt<u64> {
        super::otherwise(change, seen, precondition, TOKEN)
    }

    /// A write's actions and condition, without its token's.
    fn parts(mut write: Write) -> (Vec<Action>, Condition) {
        let Write { actions, condition, .. } = Write::once(vec![], Condition::All(vec![]), TOKEN);
        assert_eq!(write.actions.pop(), actions.into_iter().next(), "the token goes last");
        let (Condition::All(token), Condition::All(mut all)) = (condition, write.condition) else { panic!("not all") };
        assert_eq!(all.pop(), token.into_iter().nth(1));
        (write.actions, all.remove(0))
    }

    fn fitting(attempt: Attempt<u64>) -> (Vec<Action>, Condition) {
        match attempt {
            Attempt::IfItFits(write) => parts(write),
            other => panic!("{other:?}"),
        }
    }

    fn certain(attempt: Attempt<u64>) -> (Vec<Action>, Condition) {
        match attempt {
            Attempt::Write(write) => parts(write),
            other => panic!("{other:?}"),
        }
    }

    fn one_up() -> Action {
        Action::Add("version".into(), 1)
    }

    fn not_erased(and: impl IntoIterator<Item = Condition>) -> Condition {
        Condition::All([Condition::Missing("erased_at".into())].into_iter().chain(and).collect())
    }

    fn all_of(text: &str) -> Action {
        Action::Set("settings".into(), json::map(&object(text)))
    }

    #[test]
    fn the_common_case_writes_leaves_on_the_condition_that_their_parents_are_maps() {
        let (actions, condition) = fitting(attempt(&merge(r#"{"a":{"x":1,"y":null},"b":"z"}"#), None, None));
        assert_eq!(
            actions,
            [
                one_up(),
                Action::Set(["settings", "a", "x"].into(), number(1)),
                Action::Set(["settings", "b"].into(), string("z")),
                Action::Remove(["settings", "a", "y"].into()),
            ]
        );
        assert_eq!(condition, not_erased([Condition::IsMap(["settings", "a"].into())]));
    }

    #[test]
    fn what_was_seen_is_guarded_by_its_types_and_not_by_its_version() {
        let change = merge(r#"{"a":{"x":1},"b":{"y":1}}"#);
        let (actions, condition) = fitting(attempt(&change, Some(&seen(r#"{"a":{}}"#)), None));
        assert_eq!(
            actions,
            [
                one_up(),
                Action::Set(["settings", "a", "x"].into(), number(1)),
                Action::Set(["settings", "b"].into(), json::map(&object(r#"{"y":1}"#))),
            ]
        );
        assert_eq!(
            condition,
            not_erased([Condition::IsMap(["settings", "a"].into()), Condition::IsNoMap(["settings", "b"].into())])
        );
    }

    #[test]
    fn the_first_write_wants_an_empty_place_and_removing_makes_none() {
        let nothing = Seen::default();
        let (actions, condition) = certain(attempt(&merge(r#"{"a":1}"#), Some(&nothing), None));
        assert_eq!(actions, [all_of(r#"{"a":1}"#), one_up()]);
        assert_eq!(condition, Condition::Missing("pk".into()));
        assert_eq!(attempt(&SettingsChange::removing([vec!["a"]]), Some(&nothing), None), Attempt::Done(0));
    }

    #[test]
    fn a_tombstone_is_lifted_only_as_it_was_seen() {
        let buried = Seen { version: 3, settings: None };
        let (actions, condition) = certain(attempt(&merge(r#"{"a":1}"#), Some(&buried), None));
        assert_eq!(actions, [all_of(r#"{"a":1}"#), one_up(), Action::Remove("erased_at".into())]);
        assert_eq!(
            condition,
            Condition::All(
                vec![Condition::Exists("erased_at".into()), Condition::Equals("version".into(), number(3)),]
            )
        );
    }

    #[test]
    fn everything_is_replaced_whatever_was_there_unless_a_version_is_named() {
        let change = SettingsChange::Replace(object(r#"{"a":1}"#));
        let (actions, condition) = certain(attempt(&change, None, None));
        assert_eq!((actions, condition), (vec![all_of(r#"{"a":1}"#), one_up()], not_erased([])));
        let named = Precondition::Versions(vec![7]);
        let (_, condition) = certain(attempt(&change, Some(&seen("{}")), Some(&named)));
        assert_eq!(condition, not_erased([Condition::OneOf("version".into(), vec![number(7), number(-1)])]));
    }

    #[test]
    fn what_does_not_fit_one_expression_replaces_the_whole_under_the_version() {
        let large: Object = (0..400).map(|n| (format!("k{n}"), Json::Bool(true))).collect();
        let all: Object =
            large.iter().map(|(key, value)| (key.clone(), value.clone())).chain(object(r#"{"kept":1}"#)).collect();
        let large = SettingsChange::Merge(large);
        let seen = seen(r#"{"kept":1}"#);
        for seen in [None, Some(&seen)] {
            let Attempt::IfItFits(write) = attempt(&large, seen, None) else { panic!("no choice") };
            assert!(!write.render().fits());
        }
        assert_eq!(otherwise(&large, None, None), Attempt::Look);
        let (actions, condition) = certain(otherwise(&large, Some(&seen), None));
        assert_eq!(actions, [Action::Set("settings".into(), json::map(&all)), one_up()]);
        assert_eq!(condition, not_erased([Condition::Equals("version".into(), number(7))]));
    }

    #[test]
    fn no_expression_is_longer_or_has_more_operators_than_dynamodb_takes() {
        for count in 1..400 {
            let nested = (0..count).map(|n| (format!("k{n}"), Json::Object(object(r#"{"a":1,"b":null,"c":{}}"#))));
            let Attempt::IfItFits(write) = attempt(&SettingsChange::Merge(nested.collect()), None, None) else {
                panic!("no choice")
            };
            let rendered = write.render();
            if rendered.fits() {
                let longest = rendered.update.unwrap().len().max(rendered.condition.unwrap().len());
                assert!(longest <= 4096, "{count}");
                assert!(count < 100, "{count} objects of three members were thought to fit");
            }
        }
    }
}
