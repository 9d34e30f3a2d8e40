//! Rights that depend on what is stored. They are data: the table puts them into the write's condition, so that they cost no read.

use crate::domain::EmailAddress;

/// What the stored user must be for the caller to have the right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The user is a member of one of these teams, of which there is at least one.
    MemberOfAny(Vec<String>),
    /// The user belongs to this organisation.
    Org(String),
}

/// One thing that a change demands of the stored user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement<'a> {
    /// A member of one of these teams.
    MemberOfAny(&'a [String]),
    /// Of this organisation.
    Org(&'a str),
    /// The address is this one.
    Email(&'a EmailAddress),
}

impl Rule {
    pub(super) fn requirement(&self) -> Requirement<'_> {
        match self {
            Self::MemberOfAny(teams) => Requirement::MemberOfAny(teams),
            Self::Org(org) => Requirement::Org(org),
        }
    }
}
