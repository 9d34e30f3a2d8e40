//! The write of a user change: one conditional `UpdateItem`. If it is refused, the next one is made to fit the item
//! that refused it.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    Item, Store,
    budget::Budgets,
    custom::CustomWrite,
    email::{Address, Guard, Moved},
    error::StoreError,
    expression::{Action, Condition},
    handles,
    many_choices::ManyChoices,
    merge::{Attempt, Merge},
    number,
    precondition::Precondition,
    retry, rights,
    seen::seen_by,
    string, table, user_actions,
    user_error::UpdateUserError,
    user_item::{HANDLES, ORG, OWNS_EMAIL, UserItem, attribute},
    write::Write,
};
use crate::{
    domain::{EmailAddress, Timestamp, User, UserChange, UserId, user::Text, user_change::Bounded},
    random::Randomness,
};

/// The most tries of a change, if others keep changing the same user.
pub(super) const MAX_ROUNDS: u32 = 8;

/// A change, and the stored user as far as it is known.
pub(super) struct UserWrite<'a> {
    id: UserId,
    change: &'a UserChange,
    precondition: Option<&'a Precondition>,
    /// The source of write tokens and of the length of pauses.
    random: &'a Randomness,
    now: Timestamp,
    /// The time of the change: `now`, or the time in the item if that is later.
    at: Timestamp,
    /// Whether the item has a time later than `now`, because another machine's clock is ahead. That time is kept.
    is_behind: bool,
    custom: CustomWrite,
    budgets: Budgets,
    /// The choices, if they are too many to be written one by one.
    many: Option<ManyChoices>,
    /// How many handles of the change the item does not have yet, as far as it is known.
    new_handles: usize,
    refusals: u32,
}

impl<'a> UserWrite<'a> {
    pub fn new(
        id: UserId,
        change: &'a UserChange,
        precondition: Option<&'a Precondition>,
        random: &'a Randomness,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let grows = !change.handles.is_empty() || !change.endpoints.is_empty();
        let budgets = grows.then(|| user_actions::actions(change, &CustomWrite::Unseen, now)).transpose()?;
        Ok(Self {
            id,
            change,
            precondition,
            random,
            now,
            at: now,
            is_behind: false,
            custom: CustomWrite::Unseen,
            budgets: budgets.map(|actions| Budgets::of(&actions, change.handles.more_bytes())).unwrap_or_default(),
            many: ManyChoices::of(change),
            new_handles: change.handles.len(),
            refusals: 0,
        })
    }

    /// The time to write. `None` if the item has a later time.
    fn stamp(&self) -> Option<Timestamp> {
        (!self.is_behind).then_some(self.now)
    }

    /// The change's actions, and those of every update.
    fn actions(&self) -> Result<Vec<Action>, StoreError> {
        let mut actions = user_actions::actions(self.change, &self.custom, self.at)?;
        if let Some(many) = &self.many {
            actions = many.together(actions)?;
        }
        actions.extend(self.budgets.actions());
        actions.extend(user_actions::stamp(self.stamp()));
        Ok(actions)
    }

    /// What the change itself demands of the stored item.
    fn demands(&self) -> Vec<Condition> {
        let mut all = self.custom.conditions(&self.change.custom);
        if self.new_handles > 0 {
            let room = (self.change.handles.most() + 1).saturating_sub(self.new_handles);
            all.push(Condition::SizeBelow(HANDLES.into(), room));
        }
        all.extend(self.budgets.conditions());
        all.extend(self.many.as_ref().map(ManyChoices::condition));
        all.extend(rights::conditions(self.change));
        all
    }

    /// The condition that the item's time is not later than `now`, so that `updated_at` never goes backwards.
    fn is_later(&self) -> Option<Condition> {
        self.stamp().map(|now| Condition::AtMost(table::UPDATED_AT.into(), number(now.millis())))
    }

    /// The whole rule in one condition: the user exists and is not erased, the precondition and the change's demands
    /// hold, and `updated_at` does not go backwards. The address must stay the same where only a transaction can change
    /// it: [`Self::must_move_email`].
    fn condition(&self) -> Condition {
        let mut all = vec![Condition::Exists(table::PK.into()), Condition::Missing(table::ERASED_AT.into())];
        all.extend(self.is_later());
        all.extend(self.precondition.and_then(Precondition::condition));
        all.extend(self.demands());
        if let Some(email) = &self.change.email {
            let same = Condition::Equals(attribute(Text::Email).into(), string(email.as_str()));
            let owns_none = Condition::Missing(OWNS_EMAIL.into());
            all.push(match self.change.email_rule.feature() {
                _ if self.change.email_is_unique => same,
                None => Condition::Any(vec![owns_none, same]),
                Some(_) => Condition::Any(vec![Condition::All(vec![owns_none, Condition::Missing(ORG.into())]), same]),
            });
        }
        Condition::All(all)
    }

    /// Whether a change to another address than this user has needs a transaction: the user has or takes a reservation of
    /// the address, or the organisation's settings say whether the address may change.
    fn must_move_email(&self, old: &UserItem) -> bool {
        let asks = self.change.email_rule.feature().is_some() && old.org.is_some();
        old.owns_email || self.change.email_is_unique || asks
    }

    /// Makes the numbers of the budgets, and the maps of many choices, fit the item that was read.
    fn fit_parts(&mut self, item: &Item) -> Result<(), UpdateUserError> {
        self.many.iter_mut().for_each(|many| many.look(item));
        let actions = user_actions::actions(self.change, &CustomWrite::Unseen, self.at)?;
        self.budgets.fit(item, &actions)
    }

    /// Makes the write fit the user that was read. The error says which part of the user would become too large.
    fn fit(&mut self, old: &UserItem) -> Result<(), UpdateUserError> {
        let custom = std::mem::replace(&mut self.custom, CustomWrite::Unseen);
        self.custom = custom.fit(&self.change.custom, old.custom.as_ref()).map_err(UpdateUserError::TooLarge)?;
        let is_new = |key: &String| !old.handles.contains_key(key);
        let new =
            self.change.handles.iter().map(|(handle, switch, _)| handles::key(handle, switch)).filter(is_new).count();
        self.new_handles = new;
        if new > 0 && old.handles.len() + new > self.change.handles.most() {
            return Err(UpdateUserError::TooLarge(Bounded::Handles));
        }
        Ok(())
    }

    /// Writes the whole change, with the new address, in one transaction. Returns `None` if another write was faster.
    async fn move_email(
        &self,
        store: &Store,
        old: UserItem,
        email: &EmailAddress,
    ) -> Result<Option<User>, UpdateUserError> {
        // If another write was faster once, the next transaction demands only that the address has not changed.
        // Otherwise frequent writes of other fields could starve it. The answer then costs a read.
        let guard = match self.precondition {
            Some(Precondition::Versions(_) | Precondition::NotVersions(_)) => Guard::Version,
            _ if self.refusals == 1 => Guard::Version,
            _ => Guard::Address,
        };
        let mut demands = self.demands();
        demands.extend(self.is_later());
        let mut actions = self.actions()?;
        if self.change.email_is_unique && !old.owns_email {
            actions.push(Action::Set(OWNS_EMAIL.into(), AttributeValue::Bool(true)));
        }
        let to = Address { email, is_unique: self.change.email_is_unique, rule: self.change.email_rule };
        match (store.move_email(&old, to, &actions, demands, guard).await?, guard) {
            (Moved::Done, Guard::Version) => Ok(Some(changed(old, self.change, self.at)?)),
            (Moved::Done, Guard::Address) => store.unchanged(self.id, self.change, None).await.map(Some),
            (Moved::Taken, _) => Err(UpdateUserError::EmailTaken),
            (Moved::Locked, _) => Err(UpdateUserError::EmailLocked),
            (Moved::Overtaken, _) => {
                retry::pause(self.refusals - 1, &store.clock, self.random).await;
                Ok(None)
            }
        }
    }
}

impl Merge for UserWrite<'_> {
    const MAX_ROUNDS: u32 = MAX_ROUNDS;
    const BUSY: &'static str = "others keep changing this user";
    type Done = User;
    type Error = UpdateUserError;

    fn attempt(&self) -> Result<Attempt<User>, UpdateUserError> {
        let patch = &self.change.custom;
        let is_unknown = self.many.as_ref().is_some_and(ManyChoices::must_look);
        if self.custom.must_look(patch) || self.budgets.must_look() || is_unknown {
            return Ok(Attempt::Look);
        }
        let write = Write::once(self.actions()?, self.condition(), self.random.uuid());
        // Only custom fields can be written in another way, if the expression is too large.
        Ok(if !patch.is_empty() && self.custom == CustomWrite::Unseen {
            Attempt::IfItFits(write)
        } else {
            Attempt::Write(write)
        })
    }

    fn otherwise(&self) -> Result<Attempt<User>, UpdateUserError> {
        Ok(Attempt::Look)
    }

    async fn looked(&mut self, _: &Store, item: Item) -> Result<(), UpdateUserError> {
        let old = seen_by(self.change, item.clone(), self.precondition)?;
        self.fit_parts(&item)?;
        self.fit(&old)
    }

    async fn refused(&mut self, store: &Store, item: Item) -> Result<Option<User>, UpdateUserError> {
        let old = seen_by(self.change, item.clone(), self.precondition)?;
        self.refusals += 1;
        self.is_behind |= old.updated_at > self.now.millis();
        self.at = self.at.max(Timestamp::from_millis(old.updated_at));
        self.fit_parts(&item)?;
        self.fit(&old)?;
        match &self.change.email {
            Some(email) if self.must_move_email(&old) && old.email.as_deref() != Some(email.as_str()) => {
                self.move_email(store, old, email).await
            }
            _ => Ok(None),
        }
    }

    fn written(&self, item: Item) -> Result<User, UpdateUserError> {
        Ok(UserItem::read(item)?.into_user()?)
    }
}

/// The user after `change`, computed from the user that was read, because a transaction does not return the item.
fn changed(old: UserItem, change: &UserChange, now: Timestamp) -> Result<User, StoreError> {
    let mut user = old.into_user()?;
    change.apply(&mut user, now);
    user.version += 1;
    user.updated_at = user.updated_at.max(now);
    Ok(user)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::{
        domain::{Channel, Field, Json, json::Object, user_change::MAX_HANDLES},
        store::table::WRITE_TOKEN,
    };

    fn write<'a>(change: &'a UserChange, precondition: Option<&'a Precondition>) -> UserWrite<'a> {
        static RANDOM: LazyLock<Randomness> = LazyLock::new(|| Randomness::seeded(1));
        UserWrite::new(UserId::random(), change, precondition, &RANDOM, Timestamp::from_millis(5)).unwrap()
    }

    #[test]
    fn a_change_is_nested_sets_and_its_condition_carries_the_whole_rule() {
        let change = UserChange {
            push_token: Field::Null,
            channels: [(Channel::Email, false), (Channel::Push, true)].into(),
            ..UserChange::default()
        };
        let precondition = Precondition::Versions(vec![7]);
        let Attempt::Write(write) = write(&change, Some(&precondition)).attempt().unwrap() else { panic!("no write") };
        let Some((Action::Set(path, write_token), actions)) = write.actions.split_last() else { panic!("no mark") };
        assert_eq!(*path, WRITE_TOKEN.into());
        assert_eq!(
            actions,
            [
                Action::Remove("push_token".into()),
                Action::Remove("push_token_at".into()),
                Action::Set(["channels", "email"].into(), AttributeValue::Bool(false)),
                Action::Set(["channels", "push"].into(), AttributeValue::Bool(true)),
                Action::Add("version".into(), 1),
                Action::Set("updated_at".into(), number(5)),
            ]
        );
        let rule = Condition::All(vec![
            Condition::Exists("pk".into()),
            Condition::Missing("erased_at".into()),
            Condition::AtMost("updated_at".into(), number(5)),
            Condition::OneOf("version".into(), vec![number(7), number(-1)]),
        ]);
        let not_ours = Condition::Any(vec![
            Condition::Missing(WRITE_TOKEN.into()),
            Condition::NotEquals(WRITE_TOKEN.into(), write_token.clone()),
        ]);
        assert_eq!(write.condition, Condition::All(vec![rule, not_ours]));
    }

    #[test]
    fn only_new_handles_count_against_the_bound() {
        let of = |handle: &str| {
            let mut change = UserChange::default();
            change.handles.enable(handle, false);
            change
        };
        let handles = (0..MAX_HANDLES).map(|n| (format!("enabled:{n}"), true)).collect();
        let full = UserItem { handles, ..UserItem::default() };
        let (known, new) = (of("7"), of("new"));
        let (mut known, mut new) = (write(&known, None), write(&new, None));
        let bound = Condition::SizeBelow("handles".into(), MAX_HANDLES);
        assert!(known.demands().contains(&bound));
        known.fit(&full).unwrap();
        assert!(!known.demands().contains(&bound));
        assert!(matches!(new.fit(&full), Err(UpdateUserError::TooLarge(Bounded::Handles))));
        // A large change of handles that are nearly all there has room wherever its new ones have.
        let mut many = of("0");
        (1..=MAX_HANDLES / 2 + 2).for_each(|n| many.handles.enable(&n.to_string(), false));
        let half = (0..=MAX_HANDLES / 2).map(|n| (format!("enabled:{n}"), true)).collect();
        let mut large = write(&many, None);
        large.fit(&UserItem { handles: half, ..UserItem::default() }).unwrap();
        assert!(large.demands().contains(&Condition::SizeBelow("handles".into(), MAX_HANDLES - 1)));
        // What a person chooses has room of its own, and not without end.
        let mut persons = of("new");
        persons.handles.as_persons();
        write(&persons, None).fit(&full).unwrap();
        let handles = (0..2 * MAX_HANDLES).map(|n| (format!("enabled:{n}"), true)).collect();
        assert!(write(&persons, None).fit(&UserItem { handles, ..UserItem::default() }).is_err());
    }

    #[test]
    fn custom_fields_that_are_too_many_for_one_expression_are_looked_at_first() {
        let of = |count: usize| UserChange {
            custom: (0..count).map(|n| (n.to_string(), Json::Bool(true))).collect::<Object>(),
            ..UserChange::default()
        };
        let fits = |change: &UserChange| {
            let merge = write(change, None);
            let Attempt::IfItFits(write) = merge.attempt().unwrap() else { panic!("no choice") };
            assert_eq!(merge.otherwise().unwrap(), Attempt::Look);
            write.render().fits()
        };
        assert!(fits(&of(1)) && fits(&of(80)));
        assert!(!fits(&of(200)));
        let change = of(200);
        let mut seen = write(&change, None);
        seen.fit(&UserItem { custom: Some(Object::new()), ..UserItem::default() }).unwrap();
        let Attempt::Write(write) = seen.attempt().unwrap() else { panic!("no write") };
        assert!(write.render().fits());
    }
}
