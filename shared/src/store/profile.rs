//! The part of a user's profile that only contract 3 speaks of.

use super::{Action, string};
use crate::domain::{Field, User};

/// A partial change of it: what is absent stays, `null` clears.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileChange {
    /// The given name.
    pub first_name: Field<String>,
    /// The family name.
    pub last_name: Field<String>,
    /// The telephone number, E.164.
    pub phone: Field<String>,
    /// Where a picture of the user is.
    pub avatar: Field<String>,
}

impl ProfileChange {
    fn fields(&self) -> [(&'static str, &Field<String>); 4] {
        let Self { first_name, last_name, phone, avatar } = self;
        [("first_name", first_name), ("last_name", last_name), ("phone", phone), ("avatar", avatar)]
    }

    pub(super) fn actions(&self) -> impl Iterator<Item = Action> {
        self.fields().into_iter().filter_map(|(name, field)| match field {
            Field::Absent => None,
            Field::Null => Some(Action::Remove(name.into())),
            Field::Value(value) => Some(Action::Set(name.into(), string(value))),
        })
    }

    pub(super) fn apply(&self, user: &mut User) {
        let Self { first_name, last_name, phone, avatar } = self.clone();
        for (stored, field) in [
            (&mut user.first_name, first_name),
            (&mut user.last_name, last_name),
            (&mut user.phone, phone),
            (&mut user.avatar, avatar),
        ] {
            match field {
                Field::Absent => {}
                Field::Null => *stored = None,
                Field::Value(value) => *stored = Some(value),
            }
        }
    }
}
