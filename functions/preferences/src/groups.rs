//! Groups in and out, whoever asks: a known group is contract 2's, any other one a handle of contract 3's. Each is written
//! where the user's own dialect shows it and can take it back.

use shared::{
    domain::{KnownGroups, Timestamp, User, UserId},
    store::{Precondition, Store, UpdateUserError, UserChange},
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

/// Writes `change` with these choices. `user` is who was seen before, where anybody was: to be in again, all that keeps
/// the user out has to be taken back.
pub async fn write(
    store: &Store,
    id: UserId,
    known: &KnownGroups,
    (mut change, choices): (UserChange, &[Choice]),
    user: Option<&User>,
    precondition: Option<&Precondition>,
) -> Result<User, UpdateUserError> {
    let plain = change.clone();
    for Choice { group, is_in } in choices {
        let is_known = known.names().contains(group);
        let in_groups = user.is_some_and(|user| user.groups.contains_key(group));
        let in_handles = user.is_some_and(|user| user.handles.contains_key(group));
        let (as_group, as_handle) = if *is_in { (is_known || in_groups, in_handles) } else { (is_known, !is_known) };
        if as_group {
            change.groups.insert(group.clone(), *is_in);
        }
        if as_handle {
            change.handles.enable(group, *is_in);
        }
    }
    match store.update_user(id, &change, precondition, Timestamp::now()).await {
        // So many handles that no further one is taken: an opt-out still is.
        Err(UpdateUserError::TooLarge(_)) => {
            let mut change = plain;
            change.groups.extend(choices.iter().map(|choice| (choice.group.clone(), choice.is_in)));
            store.update_user(id, &change, precondition, Timestamp::now()).await
        }
        written => written,
    }
}
