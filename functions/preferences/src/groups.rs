//! Groups in and out, whoever asks: a known group is contract 2's, any other one a handle of contract 3's. Each is written
//! where the user's own dialect shows it and can take it back.

use shared::{
    domain::{KnownGroups, Timestamp, User, UserChange, UserId},
    store::{Precondition, Store, UpdateUserError},
};

/// One group in or out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The group.
    pub group: String,
    /// Whether the user wants it.
    pub is_in: bool,
}

/// Whether the user is in this group, by all that was ever said of it.
pub fn is_in(user: &User, group: &str) -> bool {
    let enabled = user.handles.get(group).and_then(|handle| handle.enabled);
    user.groups.get(group) != Some(&false) && enabled != Some(false)
}

/// The groups that the user is out of and the deployment does not know: those of contract 3, and those of old links.
pub fn others_out<'a>(user: &'a User, known: &'a KnownGroups) -> impl Iterator<Item = &'a String> {
    let names: std::collections::BTreeSet<_> = user.groups.keys().chain(user.handles.keys()).collect();
    names.into_iter().filter(|name| !known.names().contains(name) && !is_in(user, name))
}

/// Writes `change` with these choices at `now`. `user` is who was seen before, where anybody was: to be in again, all that keeps
/// the user out has to be taken back.
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

/// Adds one choice. Of a user with so many handles that no further one is taken, an opt-out of one that is not there is
/// kept with the groups; an opt-in never needs a further one.
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
