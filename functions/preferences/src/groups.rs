//! Changes of groups, for all kinds of callers: a known group belongs to contract 2, any other one is a handle of
//! contract 3. Each change is written to the place where the user's own dialect shows it and can undo it.

use shared::{
    domain::{KnownGroups, Timestamp, User, UserChange, UserId},
    store::{Precondition, Store, UpdateUserError},
};

/// One change: the user joins or leaves a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The group.
    pub group: String,
    /// Whether the user wants it.
    pub is_in: bool,
}

/// Whether the user is in this group, by the groups and the handles together.
pub fn is_in(user: &User, group: &str) -> bool {
    let enabled = user.handles.get(group).and_then(|handle| handle.enabled);
    user.groups.get(group) != Some(&false) && enabled != Some(false)
}

/// The groups that the user is out of and the deployment does not know: handles of contract 3, and groups of old links.
pub fn others_out<'a>(user: &'a User, known: &'a KnownGroups) -> impl Iterator<Item = &'a String> {
    let names: std::collections::BTreeSet<_> = user.groups.keys().chain(user.handles.keys()).collect();
    names.into_iter().filter(|name| !known.names().contains(name) && !is_in(user, name))
}

/// Writes `change` with these choices at `now`. `user` is the stored user, if the caller has read it: to let the user
/// in again, each entry that keeps them out has to be changed.
pub async fn write(
    store: &Store,
    id: UserId,
    known: &KnownGroups,
    (change, choices): (UserChange, &[Choice]),
    user: Option<&User>,
    precondition: Option<&Precondition>,
    now: Timestamp,
) -> Result<User, UpdateUserError> {
    let with = |more_handles| {
        let mut change = change.clone();
        choices.iter().for_each(|choice| add(&mut change, choice, known, user, more_handles));
        change
    };
    match store.update_user(id, &with(true), precondition, now).await {
        Err(UpdateUserError::TooLarge(_)) => store.update_user(id, &with(false), precondition, now).await,
        written => written,
    }
}

/// Adds one choice. If the user has the most handles that are allowed, an opt-out of a new handle is stored with the
/// groups. An opt-in never needs a new handle.
fn add(change: &mut UserChange, choice: &Choice, known: &KnownGroups, user: Option<&User>, more_handles: bool) {
    let Choice { group, is_in } = choice;
    let is_known = known.names().contains(group);
    let in_groups = user.is_some_and(|user| user.groups.contains_key(group));
    let in_handles = user.and_then(|user| user.handles.get(group)).is_some_and(|handle| handle.enabled.is_some());
    let (as_group, as_handle) = if *is_in {
        (is_known || in_groups, in_handles)
    } else {
        let as_handle = !is_known && (in_handles || more_handles);
        (!as_handle, as_handle)
    };
    if as_group {
        change.groups.insert(group.clone(), *is_in);
    }
    if as_handle {
        change.handles.enable(group, *is_in);
    }
}
