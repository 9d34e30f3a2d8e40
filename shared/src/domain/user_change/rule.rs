//! Rights that depend on the stored user. They are data, so that the store can put them into the condition of the
//! write: that saves a read.

use crate::domain::{EmailAddress, LinkBinding, Timestamp, security::EmailFeature};

/// A rule that the stored user must meet, or the caller has no right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The user is a member of one of these teams. The list is never empty.
    MemberOfAny(Vec<String>),
    /// The user belongs to this organisation.
    Org(String),
    /// The user belongs to this organisation, or is a member of one of these teams.
    OrgOrMemberOfAny(String, Vec<String>),
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
    /// The user belongs to this organisation, or is a member of one of these teams.
    OrgOrMemberOfAny(&'a str, &'a [String]),
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
            Self::OrgOrMemberOfAny(org, teams) => (Requirement::OrgOrMemberOfAny(org, teams), None),
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

/// Who changes an address. Whether they may is a setting of the user's organisation; a user without an organisation has no
/// such setting. Every change of an address goes by this rule, in whatever dialect it came; a change that names none goes
/// by the strictest one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmailRule {
    /// The user. The write itself demands that the organisation allows it.
    #[default]
    ByUser,
    /// An admin or an application. The write itself demands that the organisation allows it.
    ByAdmin,
    /// The caller has read the organisation's settings, and they allow it.
    Allowed,
    /// The caller has read the organisation's settings, and they do not allow it: another address is refused.
    MustStay,
}

impl EmailRule {
    /// The feature of the organisation that the write has to ask for; `None` if nothing is left to ask.
    pub fn feature(self) -> Option<EmailFeature> {
        match self {
            Self::ByUser => Some(EmailFeature::User),
            Self::ByAdmin => Some(EmailFeature::SiteAdmin),
            Self::Allowed | Self::MustStay => None,
        }
    }
}
