//! Who calls. Decided before a body is read.

mod api_key;
mod bearer;
mod jwks;
pub mod session;

use std::collections::BTreeSet;

pub use api_key::ApiKeys;
pub use bearer::{Bearer, BearerConfig};
pub use jwks::Jwks;
pub use session::Sessions;

use crate::domain::UserId;

/// A role that a token may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A recipient.
    User,
    /// An operator: anything, anyone.
    Admin,
    /// A manager of teams (contract 4).
    Broker,
    /// A manager of teams (contract 4).
    Photographer,
    /// An application that sends.
    Service,
}

/// Who calls, as a credential proved it.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The caller's own user id.
    pub id: UserId,
    /// The token's `sub` as it was given.
    pub subject: String,
    /// The roles; unknown ones are left out.
    pub roles: BTreeSet<Role>,
    /// The teams that the caller manages.
    pub teams: Vec<String>,
    /// The caller's organisation.
    pub org: Option<String>,
}

impl Caller {
    /// Whether the caller has one of these roles.
    pub fn is_any(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.roles.contains(role))
    }

    /// Whether the caller is that user.
    pub fn is_self(&self, id: UserId) -> bool {
        self.id == id
    }
}

/// There is no credential, or it proves nothing: 401 in every dialect.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unauthenticated {
    /// None was given.
    #[error("no credential was given")]
    Missing,
    /// It is malformed, forged, expired or meant for somebody else.
    #[error("the credential is not valid")]
    Invalid,
    /// The issuer's keys cannot be had just now.
    #[error("the issuer's keys cannot be read")]
    KeysUnavailable,
}
