//! What a change demands of the stored user, so that the caller has the right to make the change. The demands are a
//! part of the write's condition, so they cost no read. If the write is refused, the refusal carries the item, and the
//! same condition is checked on that item: it says whether the caller lacks the right.

use super::{
    Item,
    expression::Condition,
    number, string,
    user_item::{CREATED_AT, LINKS_ENDED, ORG, TEAMS, attribute},
};
use crate::domain::{UserChange, user::Text, user_change::Requirement};

/// A change's demands, as conditions.
pub(super) fn conditions(change: &UserChange) -> Vec<Condition> {
    let member = |team: &String| Condition::Contains(TEAMS.into(), string(team));
    let of_org = |org: &str| Condition::Equals(ORG.into(), string(org));
    let condition = |requirement| match requirement {
        Requirement::MemberOfAny(teams) => Condition::Any(teams.iter().map(member).collect()),
        Requirement::Org(org) => of_org(org),
        Requirement::OrgOrMemberOfAny(org, teams) => {
            Condition::Any([of_org(org)].into_iter().chain(teams.iter().map(member)).collect())
        }
        Requirement::CreatedAt(time) => Condition::Equals(CREATED_AT.into(), number(time.millis())),
        Requirement::CreatedBy(time) => Condition::AtMost(CREATED_AT.into(), number(time.millis())),
        Requirement::LinksEnded(0) => Condition::Missing(LINKS_ENDED.into()),
        Requirement::LinksEnded(times) => Condition::Equals(LINKS_ENDED.into(), number(times)),
        Requirement::Email(email) => Condition::Equals(attribute(Text::Email).into(), string(email.as_str())),
    };
    change.requirements().map(condition).collect()
}

/// Whether the caller has the right over the user of this item.
pub(super) fn hold(change: &UserChange, item: &Item) -> bool {
    Condition::All(conditions(change)).holds(item)
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;
    use crate::domain::{
        EmailAddress,
        user_change::{EmailRule, Rule},
    };

    fn user(email: &str, org: &str, teams: &[&str]) -> Item {
        let teams = AttributeValue::L(teams.iter().map(|team| string(*team)).collect());
        [("email", string(email)), ("org", string(org)), ("teams", teams)]
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }

    #[test]
    fn an_address_that_must_stay_and_the_organisation_are_part_of_the_condition() {
        let change = UserChange {
            email: EmailAddress::parse("a@example.com"),
            email_rule: EmailRule::MustStay,
            rule: Some(Rule::Org("acme".into())),
            ..UserChange::default()
        };
        assert_eq!(
            conditions(&change),
            [
                Condition::Equals("org".into(), string("acme")),
                Condition::Equals("email".into(), string("a@example.com")),
            ]
        );
        assert!(hold(&change, &user("a@example.com", "acme", &[])));
        assert!(!hold(&change, &user("b@example.com", "acme", &[])));
        assert!(!hold(&change, &user("a@example.com", "other", &[])));
        let free = UserChange { email_rule: EmailRule::Allowed, ..change };
        assert!(hold(&free, &user("b@example.com", "acme", &[])) && conditions(&free).len() == 1);
    }

    #[test]
    fn an_organisation_s_admin_who_manages_teams_has_both_rights() {
        let rule = Some(Rule::OrgOrMemberOfAny("acme".into(), vec!["red".into()]));
        let change = UserChange { rule, ..UserChange::default() };
        for (org, teams, holds) in [("acme", ["green"], true), ("other", ["red"], true), ("other", ["green"], false)] {
            assert_eq!(hold(&change, &user("a@example.com", org, &teams)), holds, "{org} {teams:?}");
        }
    }

    #[test]
    fn a_member_of_any_of_the_teams_may_be_changed() {
        let rule = Some(Rule::MemberOfAny(vec!["red".into(), "blue".into()]));
        let change = UserChange { rule, ..UserChange::default() };
        assert_eq!(
            conditions(&change),
            [Condition::Any(vec![
                Condition::Contains("teams".into(), string("red")),
                Condition::Contains("teams".into(), string("blue")),
            ])]
        );
        assert!(hold(&change, &user("a@example.com", "acme", &["green", "blue"])));
        assert!(!hold(&change, &user("a@example.com", "acme", &["green"])));
        assert!(!hold(&change, &user("a@example.com", "acme", &[])));
    }
}
