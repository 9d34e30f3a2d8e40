//! A change of one free-form document, as actions on the item that holds it.

use crate::{
    domain::{
        json::Object,
        merge::{Keys, Plan},
    },
    store::{
        expression::{Action, Condition, Path},
        json,
    },
};

/// A change that is written to single places of a document.
#[derive(Debug, PartialEq)]
pub(in crate::store) struct Places {
    pub actions: Vec<Action>,
    /// What must be true of the document, so that the actions are the whole change.
    pub conditions: Vec<Condition>,
}

/// The actions and conditions of a plan for the document in `attribute`.
pub(in crate::store) fn places(attribute: &str, plan: &Plan) -> Places {
    let Plan { objects, no_objects, set, remove } = plan;
    let path = |keys: &Keys| Path::of([attribute].into_iter().chain(keys.iter().map(String::as_str)));
    let set = set.iter().map(|(keys, value)| Action::Set(path(keys), json::attribute(value)));
    let remove = remove.iter().map(|keys| Action::Remove(path(keys)));
    let objects = objects.iter().map(|keys| Condition::IsMap(path(keys)));
    let no_objects = no_objects.iter().map(|keys| Condition::IsNoMap(path(keys)));
    Places { actions: set.chain(remove).collect(), conditions: objects.chain(no_objects).collect() }
}

/// The action that replaces the whole document in `attribute`.
pub(in crate::store) fn whole(attribute: &str, document: &Object) -> Action {
    Action::Set(attribute.into(), json::map(document))
}
