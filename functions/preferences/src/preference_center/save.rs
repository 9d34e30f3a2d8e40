//! From a form to one write. Whether a channel is the last one depends on the stored user. Then the write has the
//! condition that the user is unchanged, so that two clients cannot each turn off one of the last two channels.

use shared::{
    domain::{User, user::UserRecord, user_change::Rule},
    preference_link::Link,
    store::{Precondition, StoreError, UpdateUserError},
};

use super::{
    Refusal,
    form::{BadForm, Faults, Form},
};
use crate::{App, groups::Groups};

/// How often a write is decided again after another write came first.
const MAX_ROUNDS: u32 = 5;

/// The result of a form.
#[derive(Debug)]
pub enum Outcome {
    /// All of it is written. Holds the user after the write.
    Saved(Box<User>),
    /// Nothing is written: the last channel would be turned off, and the user has not confirmed that.
    Confirm(Box<User>),
    /// Nothing is written: the form has faults.
    Faulty(Box<User>, Faults),
    /// Nothing is written: the body is not a form of the page.
    Bad(BadForm),
    /// The user does not exist, or not any more.
    Gone,
}

/// The user whose preferences a link opens. `None` if there is no such user, or no longer, or the user's links have been ended.
pub async fn opened(app: &App, link: &Link) -> Result<Option<Box<User>>, StoreError> {
    Ok(match app.store.user(link.user).await? {
        Some(UserRecord::Present(user)) if link.binding.opens(&user) => Some(user),
        _ => None,
    })
}

/// Writes what the form changes: all of it or nothing.
pub async fn save(app: &App, link: &Link, form: &Form, groups: Groups<'_>) -> Result<Outcome, Refusal> {
    for _ in 0..MAX_ROUNDS {
        let Some(user) = opened(app, link).await? else { return Ok(Outcome::Gone) };
        let mut wanted = match form.wanted(&user, groups) {
            Ok(wanted) => wanted,
            Err(bad) => return Ok(Outcome::Bad(bad)),
        };
        if !wanted.faults.is_empty() {
            return Ok(Outcome::Faulty(user, wanted.faults));
        }
        if wanted.silences(&user) && !form.confirmed {
            return Ok(Outcome::Confirm(user));
        }
        let bound = wanted.turns_off() && !form.confirmed;
        let seen = bound.then(|| Precondition::Versions(vec![user.version]));
        wanted.change.rule = Some(Rule::PreferenceLink(link.binding));
        let change = (wanted.change, wanted.groups.as_slice());
        match groups.write(&app.store, link.user, change, Some(&user), seen.as_ref(), app.clock.now()).await {
            Ok(user) => return Ok(Outcome::Saved(Box::new(user))),
            Err(UpdateUserError::Stale) => {}
            Err(UpdateUserError::NotFound | UpdateUserError::Erased | UpdateUserError::Forbidden) => {
                return Ok(Outcome::Gone);
            }
            Err(error @ (UpdateUserError::Store(_) | UpdateUserError::TooLarge(_))) => return Err(error.into()),
            Err(error @ (UpdateUserError::EmailTaken | UpdateUserError::EmailLocked)) => {
                return Err(Refusal::internal(&error));
            }
        }
    }
    Err(StoreError::Unavailable("others keep changing this user".into()).into())
}
