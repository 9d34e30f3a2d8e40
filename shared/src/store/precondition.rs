//! `If-Match`, as a condition.

use super::{Condition, number, table};

/// What `If-Match` demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// Any version of an item that exists (`*`).
    Any,
    /// One of these versions. The list is empty if no tag of the header is one of ours.
    Versions(Vec<u64>),
}

impl Precondition {
    /// The precondition as a part of a write's condition. `None` if any version will do.
    pub(super) fn condition(&self) -> Option<Condition> {
        let Self::Versions(versions) = self else { return None };
        // No item has the version -1, so an empty list matches nothing.
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
