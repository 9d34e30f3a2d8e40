//! Whose users a role is about: everybody's, or those of one organisation.

use super::{Caller, Role};
use crate::domain::{
    UserId,
    user_change::{AllowedUser, Rule},
};

/// The users whom a caller's role is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All users, and what belongs to the whole deployment.
    Everyone,
    /// The users of this organisation, and nothing else.
    Org(String),
}

impl Reach {
    /// A user whom a request names, with the rule that the stored user has to meet.
    pub fn user(&self, id: UserId) -> AllowedUser {
        match self {
            Self::Everyone => AllowedUser::without_rule(id),
            Self::Org(org) => AllowedUser::under(id, Rule::Org(org.clone())),
        }
    }
}

impl Caller {
    /// The reach of the caller's roles, as far as they are among `roles`. `None` if the caller has none of them. An
    /// `operator` may do what an `admin` may, for everyone. Any other role is about the organisation that the token names,
    /// or about everyone where it names none.
    pub fn reach(&self, roles: &[Role]) -> Option<Reach> {
        if roles.contains(&Role::Admin) && self.is_any(&[Role::Operator]) {
            return Some(Reach::Everyone);
        }
        self.is_any(roles).then(|| self.org.clone().map_or(Reach::Everyone, Reach::Org))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_about_the_organisation_of_the_token_and_an_operator_is_about_everyone() {
        let reach = |roles: &[Role], org: Option<&str>, among: &[Role]| {
            let roles = roles.iter().copied().collect();
            Caller { roles, org: org.map(str::to_owned), ..Caller::default() }.reach(among)
        };
        let (admins, senders) = ([Role::Admin], [Role::Admin, Role::Service]);
        let acme = Some(Reach::Org("acme".into()));
        assert_eq!(reach(&[Role::Admin], None, &admins), Some(Reach::Everyone));
        assert_eq!(reach(&[Role::Admin], Some("acme"), &admins), acme);
        assert_eq!(reach(&[Role::Service], None, &senders), Some(Reach::Everyone));
        assert_eq!(reach(&[Role::Service], Some("acme"), &senders), acme);
        assert_eq!(reach(&[Role::Service], None, &admins), None);
        // A name without letters is a name too: it must not open the whole deployment.
        assert_eq!(reach(&[Role::Admin], Some(""), &admins), Some(Reach::Org(String::new())));
        for org in [None, Some("acme")] {
            assert_eq!(reach(&[Role::Operator], org, &admins), Some(Reach::Everyone));
            assert_eq!(reach(&[Role::User, Role::Broker, Role::Photographer], org, &senders), None);
        }
    }
}
