//! A user: one record, whichever dialect wrote it.

use std::collections::BTreeMap;

use super::{Channel, Timestamp, UserId, endpoint::Endpoints};

/// A user as stored. "Never set" and "out" stay distinct: a channel or group that is in no map is *in*.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// The internal id.
    pub id: UserId,
    /// The name people see.
    pub name: Option<String>,
    /// The email address.
    pub email: Option<String>,
    /// Contract 1's push token.
    pub push_token: Option<String>,
    /// Channels that were ever switched, on or off.
    pub channels: BTreeMap<Channel, bool>,
    /// Notification groups that were ever chosen, in or out.
    pub groups: BTreeMap<String, bool>,
    /// Display preferences that were ever set, by their names in contract 4.
    pub display: BTreeMap<String, String>,
    /// Settings for configured channels.
    pub endpoints: Endpoints,
    /// Teams the user is a member of.
    pub teams: Vec<String>,
    /// The organisation the user belongs to.
    pub org: Option<String>,
    /// Rises by one with every write.
    pub version: u64,
    /// Never changes.
    pub created_at: Timestamp,
    /// Never goes backwards.
    pub updated_at: Timestamp,
}

/// What is stored under a user's id.
#[derive(Clone, Debug, PartialEq)]
pub enum UserRecord {
    /// The user.
    Present(Box<User>),
    /// The fact that a user was erased, and no more.
    Erased,
}
