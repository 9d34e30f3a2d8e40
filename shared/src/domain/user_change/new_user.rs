//! A new user of contract 1.

use std::collections::BTreeMap;

use super::UserChange;
use crate::domain::{Channel, EmailAddress, Field, UserId};

/// A user to create through contract 1. No other user may own the same address.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The id: that of the external id if there is one, else random, except for seed data.
    pub id: UserId,
    /// The application's own id of the user, if it is not a UUID. It never changes.
    pub external_id: Option<String>,
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
    /// The organisation. It never changes: no [`UserChange`] has it.
    pub org: Option<String>,
}

impl NewUser {
    /// All values except the ids and the organisation, as a change of an empty user.
    pub fn change(&self) -> UserChange {
        let Self { id: _, external_id: _, name, email, push_token, channels, teams, org: _ } = self.clone();
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
