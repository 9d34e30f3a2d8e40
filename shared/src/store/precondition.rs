//! `If-Match` and `If-None-Match`, as a condition.

use super::{Condition, Item, number, quiet, table, user_item};

/// What a write demands of the thing that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// It exists, in any version (`If-Match: *`).
    Any,
    /// It has one of these versions (`If-Match`). The list is empty if no tag of the header is one of ours.
    Versions(Vec<u64>),
    /// It has none of these versions, or does not exist (`If-None-Match`).
    NotVersions(Vec<u64>),
    /// It does not exist (`If-None-Match: *`).
    Absent,
    /// The part of a user does not exist (`If-None-Match: *` of a path below the user's).
    AbsentPart(UserPart),
}

/// A part of a user that has a path of its own and may be missing. Its version is the user's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserPart {
    /// The quiet hours.
    QuietHours,
    /// The settings for the configured channel of this id.
    Endpoint(String),
}

impl Precondition {
    /// The same precondition of a part of a user: only whether it exists differs.
    pub fn of_part(&self, part: UserPart) -> Self {
        match self {
            Self::Absent => Self::AbsentPart(part),
            other => other.clone(),
        }
    }

    /// Whether a thing without a version, which exists, meets it: no version is its version.
    pub fn holds_unversioned(&self) -> bool {
        match self {
            Self::Any | Self::NotVersions(_) => true,
            Self::Versions(_) | Self::Absent | Self::AbsentPart(_) => false,
        }
    }

    /// The precondition as a part of the condition of a write to an item that has a version. `None` if any version will do.
    pub(super) fn condition(&self) -> Option<Condition> {
        let version = || table::VERSION.into();
        Some(match self {
            Self::Any => return None,
            Self::Versions(versions) => {
                // No item has the version -1, so an empty list matches nothing.
                let versions = versions.iter().map(number).chain([number(-1)]).collect();
                Condition::OneOf(version(), versions)
            }
            Self::NotVersions(versions) => {
                let others = versions.iter().map(|other| Condition::NotEquals(version(), number(other))).collect();
                Condition::Any(vec![Condition::Missing(version()), Condition::All(others)])
            }
            Self::Absent => Condition::Missing(version()),
            Self::AbsentPart(UserPart::QuietHours) => Condition::Missing([user_item::QUIET, quiet::START].into()),
            Self::AbsentPart(UserPart::Endpoint(id)) => Condition::Missing([user_item::ENDPOINTS, id.as_str()].into()),
        })
    }

    /// Whether an item that exists meets it: the condition that was sent also explains a refusal.
    pub(super) fn holds_in(&self, item: &Item) -> bool {
        self.condition().is_none_or(|condition| condition.holds(item))
    }

    /// Whether a thing of this version meets it. Version 0 is a thing that was never written.
    pub(super) fn holds(&self, version: u64) -> bool {
        match self {
            Self::Any => true,
            Self::Versions(versions) => versions.contains(&version),
            Self::NotVersions(versions) => !versions.contains(&version),
            Self::Absent | Self::AbsentPart(_) => version == 0,
        }
    }

    /// Whether a thing that does not exist meets it.
    pub(super) fn holds_for_nothing(&self) -> bool {
        match self {
            Self::Any | Self::Versions(_) => false,
            Self::NotVersions(_) | Self::Absent | Self::AbsentPart(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{QuietHours, TimeOfDay},
        store::string,
    };

    #[test]
    fn each_precondition_holds_for_its_versions_and_the_condition_says_the_same() {
        let versions = |list: &[u64]| Precondition::Versions(list.to_vec());
        let others = |list: &[u64]| Precondition::NotVersions(list.to_vec());
        for (precondition, at_3, at_4, for_nothing) in [
            (Precondition::Any, true, true, false),
            (versions(&[1, 3]), true, false, false),
            (versions(&[]), false, false, false),
            (others(&[3]), false, true, true),
            (others(&[]), true, true, true),
            (Precondition::Absent, false, false, true),
        ] {
            let at = |version: u64| {
                let item = Item::from([("pk".into(), string("a")), ("version".into(), number(version))]);
                assert_eq!(precondition.holds(version), precondition.holds_in(&item), "{precondition:?}");
                precondition.holds(version)
            };
            assert_eq!((at(3), at(4), precondition.holds_for_nothing()), (at_3, at_4, for_nothing), "{precondition:?}");
        }
    }

    #[test]
    fn a_part_of_a_user_may_be_absent_while_the_user_exists() {
        let endpoints = aws_sdk_dynamodb::types::AttributeValue::M(Item::from([("a".into(), string("x"))]));
        // A user without quiet hours has an empty map of them.
        let none = quiet::map(None);
        let user = Item::from([("version".into(), number(3)), ("endpoints".into(), endpoints), ("quiet".into(), none)]);
        let absent = |part| Precondition::Absent.of_part(part).holds_in(&user);
        assert!(absent(UserPart::QuietHours) && absent(UserPart::Endpoint("b".into())));
        assert!(!absent(UserPart::Endpoint("a".into())) && !Precondition::Absent.holds_in(&user));
        let hours = TimeOfDay::parse("22:00").zip(TimeOfDay::parse("07:00"));
        let hours = hours.and_then(|(start, end)| QuietHours::new(start, end, None)).unwrap();
        let quiet = Item::from([("version".into(), number(3)), ("quiet".into(), quiet::map(Some(&hours)))]);
        assert!(!Precondition::Absent.of_part(UserPart::QuietHours).holds_in(&quiet));
        assert_eq!(Precondition::Any.of_part(UserPart::QuietHours), Precondition::Any);
    }
}
