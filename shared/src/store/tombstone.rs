//! The tombstone of an erased user, and the lists of the erasures that are not finished, and of those that wait for their second look.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    Item, Store,
    email::Freed,
    error::{Refused, StoreError},
    expression::{Action, Condition},
    number, parts,
    precondition::Precondition,
    records, rights, string,
    table::{self, Key},
    user_error::UpdateUserError,
    user_item::{
        CHANNELS, CREATED_AT, CUSTOM, DISPLAY, ENDPOINTS, ENDPOINTS_CREATED, ERASING, ErasingItem, GROUPS, HANDLES,
        ORG, QUIET, SUPPRESSED, TEAMS, UserItem, attribute,
    },
    waiting,
};
use crate::domain::{Timestamp, UserChange, UserId, suppression::comparable, user::Text, user_change::AllowedUser};

/// The list of the erasures that are not finished: the `owner` of its parts begins with this.
pub(super) const ERASURES: &str = "ERASING";
/// The list of the erasures that wait for their second look.
pub(super) const SECOND_LOOKS: &str = "ERASED";
/// A tombstone has this attribute while its erasure waits for its second look.
pub(super) const SECOND_LOOK: &str = "second_look";
/// How long after an erasure it is looked again whether anything is left: longer than any write takes that was begun before the erasure. An
/// invocation ends after at most 15 minutes (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>), and AWS takes a
/// request until five minutes after it was signed
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html>).
const UNTIL_SECOND_LOOK: Duration = Duration::from_secs(30 * 60);
/// The most tries to write the tombstone, if other erasures of the same user are faster.
const MAX_ROUNDS: u32 = 4;

/// What is left to be removed of an erased user.
#[derive(Debug)]
#[must_use = "it is removed by `end_erasure`"]
pub struct Erasure {
    /// The user.
    pub id: UserId,
    pub(super) left: ErasingItem,
    pub(super) at: Timestamp,
    pub(super) version: u64,
}

impl Store {
    /// Notes in the tombstone of that version that nothing is left, as far as is known, and that it is looked at once more.
    pub(super) async fn list_second_look(&self, id: UserId, version: u64, now: Timestamp) -> Result<(), StoreError> {
        let mut actions =
            vec![Action::Remove(ERASING.into()), Action::Set(SECOND_LOOK.into(), AttributeValue::Bool(true))];
        actions.extend(listed(SECOND_LOOKS, id, now.plus(UNTIL_SECOND_LOOK)));
        self.change_tombstone(id, version, table::ERASED_AT, &actions).await
    }

    /// Notes in the tombstone of that version that nothing is left.
    pub(super) async fn unlist_erasure(&self, id: UserId, version: u64) -> Result<(), StoreError> {
        let actions = [ERASING, SECOND_LOOK, table::OWNER, table::AT].map(|name| Action::Remove(name.into()));
        self.change_tombstone(id, version, table::ERASED_AT, &actions).await
    }

    /// Puts a tombstone on the list that code of before has written, which knows of no list.
    async fn list_erasure(&self, id: UserId, version: u64, now: Timestamp) -> Result<(), StoreError> {
        let actions = listed(ERASURES, id, now);
        self.change_tombstone(id, version, ERASING, &actions).await
    }

    /// Changes the tombstone, if it is still of that version and has this attribute.
    async fn change_tombstone(
        &self,
        id: UserId,
        version: u64,
        having: &str,
        actions: &[Action],
    ) -> Result<(), StoreError> {
        let is_it = Condition::All(vec![
            Condition::Exists(having.into()),
            Condition::Equals(table::VERSION.into(), number(version)),
        ]);
        match self.update(&Key::user(id), actions, &is_it).await {
            Ok(_) | Err(Refused::Condition(_)) => Ok(()),
            Err(Refused::Error(error)) => Err(error),
        }
    }

    /// Replaces a marked user with a tombstone, or finds the tombstone of an erasure that was not finished. `item` is the user's.
    /// Returns what the erasure still needs.
    ///
    /// The mark is the first write, whatever others write meanwhile. All other writes refuse a marked user. So nobody changes the
    /// user between the mark and the tombstone.
    pub(super) async fn replace_with_tombstone(
        &self,
        id: UserId,
        mut item: Item,
        now: Timestamp,
    ) -> Result<Erasure, UpdateUserError> {
        let erasure = |left, version| Erasure { id, left, at: now, version };
        for _ in 0..MAX_ROUNDS {
            // A tombstone has no such attribute.
            let is_marked_only = item.contains_key(table::UPDATED_AT);
            let is_listed = item.contains_key(table::OWNER);
            let old = UserItem::read(item)?;
            let Some(left) = old.erasing else { return Err(UpdateUserError::Erased) };
            if !is_marked_only {
                if !is_listed {
                    self.list_erasure(id, old.version, now).await?;
                }
                return Ok(erasure(left, old.version));
            }
            // It is not read as an address: one that is refused today may have been stored before, and is freed, too.
            let email = old.email.as_deref().filter(|_| old.owns_email).map(comparable);
            if self.put_tombstone(id, email.as_deref(), old.version, now).await? {
                return Ok(erasure(ErasingItem::default(), old.version));
            }
            item = self.get(&Key::user(id)).await?.ok_or(UpdateUserError::NotFound)?;
        }
        Err(StoreError::Unavailable("others keep erasing this user".into()).into())
    }

    /// Marks a user as erased. Returns the item afterwards, or the item that an earlier erasure has left.
    pub(super) async fn mark_erased(
        &self,
        user: &AllowedUser,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<Item, UpdateUserError> {
        let erasing = AttributeValue::M(records::write(&ErasingItem::default())?);
        let mut actions = vec![
            Action::Set(table::ERASED_AT.into(), number(now.millis())),
            Action::Set(ERASING.into(), erasing),
            Action::Add(table::VERSION.into(), 1),
        ];
        // From here on, the index lists the user among the erasures, and not among the users.
        actions.extend(listed(ERASURES, user.id(), now));
        // This write removes the personal data too, so that the mark fits into an item of any size. The email address stays
        // until the tombstone has it.
        let texts = Text::ALL.into_iter().filter(|text| *text != Text::Email).map(attribute);
        let maps =
            [CHANNELS, GROUPS, DISPLAY, QUIET, CUSTOM, HANDLES, ENDPOINTS, ENDPOINTS_CREATED, SUPPRESSED, TEAMS, ORG];
        actions.extend(texts.chain(maps).map(|name| Action::Remove(name.into())));
        let mut all = vec![Condition::Exists(table::PK.into()), Condition::Missing(table::ERASED_AT.into())];
        all.extend(precondition.and_then(Precondition::condition));
        let rule = user.under_rule(UserChange::default());
        all.extend(rights::conditions(&rule));
        let marked_at = number(now.millis());
        let is_own = |item: &Item| item.get(table::ERASED_AT) == Some(&marked_at);
        match self.update_own(&Key::user(user.id()), &actions, &Condition::All(all), &is_own).await {
            Ok(item) => Ok(item),
            Err(Refused::Error(error)) => Err(error.into()),
            Err(Refused::Condition(item)) if item.is_empty() => Err(UpdateUserError::NotFound),
            Err(Refused::Condition(item)) if item.contains_key(table::ERASED_AT) => {
                if user.rule().is_some() {
                    // The caller takes this answer for the end of the erasure, which may not be in the log yet.
                    if item.contains_key(ERASING) {
                        let at = after_creation(&item, now);
                        let version = UserItem::read(item)?.version;
                        self.log_erasure(user.id(), Some(version), at).await?;
                    }
                    Err(UpdateUserError::Erased)
                } else {
                    Ok(item)
                }
            }
            Err(Refused::Condition(item)) if !rights::hold(&rule, &item) => Err(UpdateUserError::Forbidden),
            Err(Refused::Condition(_)) => Err(UpdateUserError::Stale),
        }
    }

    /// Replaces a marked user with the tombstone. Returns `false` if another erasure was faster.
    ///
    /// `email` is freed in the same transaction. So whoever hears that the user is erased can use the address, and no process that
    /// is late can free it for a user who was created again.
    async fn put_tombstone(
        &self,
        id: UserId,
        email: Option<&str>,
        version: u64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut item = Key::user(id).attributes();
        item.insert(table::ERASED_AT.into(), number(now.millis()));
        item.insert(table::VERSION.into(), number(version));
        item.insert(ERASING.into(), AttributeValue::M(records::write(&ErasingItem::default())?));
        item.insert(table::OWNER.into(), string(part(ERASURES, id)));
        item.insert(table::AT.into(), string(table::user_at(id, now)));
        let is_marked = Condition::All(vec![Condition::Exists(table::UPDATED_AT.into()), unfinished(version)]);
        if let Some(email) = email {
            let put = self.put_part(item.clone(), Some(&is_marked))?;
            match self.write_and_free(put, email, id).await? {
                Freed::Done => return Ok(true),
                Freed::Refused => return Ok(false),
                // There is nothing to free.
                Freed::Others => {}
            }
        }
        self.put_if(item, &is_marked).await
    }
}

/// The time of an erasure in the log: `now`, but not before the user was created. The clock of the process that created the user may
/// be ahead, and a user who is newer than the erasure is left alone when it is applied again.
pub(super) fn after_creation(item: &Item, now: Timestamp) -> Timestamp {
    let created_at = item.get(CREATED_AT).and_then(|at| at.as_n().ok()?.parse().ok());
    created_at.map_or(now, |at| now.max(Timestamp::from_millis(at)))
}

/// The condition that the user's item is of this version and its erasure is not finished.
pub(super) fn unfinished(version: u64) -> Condition {
    Condition::All(vec![Condition::Exists(ERASING.into()), Condition::Equals(table::VERSION.into(), number(version))])
}

/// This list has the user, from that time on.
fn listed(list: &str, id: UserId, at: Timestamp) -> [Action; 2] {
    waiting::listed_at(part(list, id), table::user_at(id, at))
}

/// The part of this list in which the user stands.
fn part(list: &str, id: UserId) -> String {
    parts::partition(list, parts::part_of(&id.to_bytes()))
}
