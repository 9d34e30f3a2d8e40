//! Rights that depend on the stored user. They are data, so that the store can put them into the condition of the
//! write: that saves a read.

use crate::domain::{EmailAddress, LinkBinding, Timestamp};

/// A rule that the stored user must meet, or the caller has no right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The user is a member of one of these teams. The list is never empty.
    MemberOfAny(Vec<String>),
    /// The user belongs to this organisation.
    Org(String),
    /// The caller holds an unsubscribe link: the user is the one whom the link was made for.
    UnsubscribeLink(LinkBinding),
    /// The caller holds a preference link: also, the user's preference links have not been ended since.
    PreferenceLink(LinkBinding),
}

/// A condition of a change on the stored user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement<'a> {
    /// The user is a member of one of these teams.
    MemberOfAny(&'a [String]),
    /// The user belongs to this organisation.
    Org(&'a str),
    /// The user was created at this time.
    CreatedAt(Timestamp),
    /// The user was created at this time or before.
    CreatedBy(Timestamp),
    /// The user's preference links have been ended so often.
    LinksEnded(u32),
    /// The user has this address.
    Email(&'a EmailAddress),
}

impl Rule {
    pub(super) fn requirements(&self) -> impl Iterator<Item = Requirement<'_>> {
        let (first, second) = match self {
            Self::MemberOfAny(teams) => (Requirement::MemberOfAny(teams), None),
            Self::Org(org) => (Requirement::Org(org), None),
            Self::UnsubscribeLink(binding) => (created(binding), None),
            Self::PreferenceLink(binding) => (created(binding), Some(Requirement::LinksEnded(binding.ended()))),
        };
        [Some(first), second].into_iter().flatten()
    }
}

fn created(binding: &LinkBinding) -> Requirement<'static> {
    match binding {
        LinkBinding::Epoch(epoch) => Requirement::CreatedAt(epoch.created_at),
        LinkBinding::CreatedBy(time) => Requirement::CreatedBy(*time),
    }
}
