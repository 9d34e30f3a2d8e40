//! `If-Match`, as a condition.

use super::{Condition, number, table};

/// What `If-Match` demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// Any version, as long as the user is there (`*`).
    Any,
    /// One of these versions; none of them where no tag was ours.
    Versions(Vec<u64>),
}

impl Precondition {
    /// The precondition as part of a write's condition.
    pub(super) fn condition(&self) -> Option<Condition> {
        let Self::Versions(versions) = self else { return None };
        // No version is -1: a list without a tag of ours matches nothing.
        let versions = versions.iter().map(number).chain([number(-1)]).collect();
        Some(Condition::OneOf(table::VERSION.into(), versions))
    }

    pub(super) fn holds(&self, version: u64) -> bool {
        match self {
            Self::Any => true,
            Self::Versions(versions) => versions.contains(&version),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_what_if_match_named() {
        assert!(Precondition::Any.holds(3));
        assert!(Precondition::Versions(vec![1, 3]).holds(3));
        assert!(!Precondition::Versions(vec![]).holds(3));
    }
}
