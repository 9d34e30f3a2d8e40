//! Rights that depend on the stored user. They are data, so that the store can put them into the condition of the
//! write: that saves a read.

use crate::domain::EmailAddress;

/// A rule that the stored user must meet, or the caller has no right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The user is a member of one of these teams. The list is never empty.
    MemberOfAny(Vec<String>),
    /// The user belongs to this organisation.
    Org(String),
}

/// A condition of a change on the stored user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement<'a> {
    /// The user is a member of one of these teams.
    MemberOfAny(&'a [String]),
    /// The user belongs to this organisation.
    Org(&'a str),
    /// The user has this address.
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
