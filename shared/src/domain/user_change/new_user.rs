//! A new user of contract 1.

use std::collections::BTreeMap;

use super::UserChange;
use crate::domain::{Channel, EmailAddress, Field, UserId};

/// A user to be created through contract 1, whose address is theirs alone.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The id; random but for seeds.
    pub id: UserId,
    /// The name.
    pub name: String,
    /// The address.
    pub email: EmailAddress,
    /// Contract 1's push token.
    pub push_token: Option<String>,
    /// Channels switched on or off from the start.
    pub channels: BTreeMap<Channel, bool>,
    /// Teams the user is a member of.
    pub teams: Vec<String>,
    /// The organisation. No change of a user names it: it stays what it was at the beginning.
    pub org: Option<String>,
}

impl NewUser {
    /// What the new user says beside the id and the organisation, as a change of a user of whom nothing is known.
    pub fn change(&self) -> UserChange {
        let Self { id: _, name, email, push_token, channels, teams, org: _ } = self.clone();
        UserChange {
            name: Some(name),
            email: Some(email),
            push_token: push_token.map_or(Field::Absent, Field::Value),
            channels,
            teams: Some(teams),
            ..UserChange::default()
        }
    }
}
