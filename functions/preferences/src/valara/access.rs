//! The right to a user's preferences: users themselves, an admin of the user's organisation or of none, an operator, and a
//! broker or photographer for the members of a team that they manage.

use std::collections::BTreeSet;

use lambda_http::Request;
use shared::{
    domain::{
        UserId,
        user_change::{AllowedUser, Rule},
    },
    http::auth::{Caller, Reach, Role, TokenFault},
    store::UpdateUserError,
};

use super::problem::{Fault, Own, Problem};
use crate::App;

/// How many of a caller's teams are used at most: each is a part of the write's condition.
const MAX_TEAMS: usize = 50;

/// The right to one user's preferences.
#[derive(Debug)]
pub struct Access {
    caller: Caller,
    kind: Kind,
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Own,
    Anyone,
    /// The right to an organisation's users. The store checks whose the user is.
    Org(String),
    /// Both the right to an organisation's users and to members of these teams: a further role takes no right away.
    OrgOrMembers(String, Vec<String>),
    /// The right to members of these teams. The store checks the membership.
    Members(Vec<String>),
}

impl Access {
    /// The caller's right to the user whom the path names, as far as the token shows it.
    pub async fn of(app: &App, request: &Request, raw_id: &str) -> Result<(Self, UserId), Problem> {
        let caller = app.bearer.caller(request.headers()).await?;
        let id =
            UserId::parse(raw_id).ok_or_else(|| Own::Unprocessable(Fault::new("user_id", "user_id must be a UUID")))?;
        let kind = kind(&caller, id).ok_or(Problem::Forbidden)?;
        Ok((Self { caller, kind }, id))
    }

    /// Who calls.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The user, with the rule that the stored user has to meet.
    pub fn user(&self, id: UserId) -> AllowedUser {
        self.rule().map_or_else(|| AllowedUser::without_rule(id), |rule| AllowedUser::under(id, rule))
    }

    /// The rule that the stored user has to meet.
    pub fn rule(&self) -> Option<Rule> {
        match &self.kind {
            Kind::Own | Kind::Anyone => None,
            Kind::Org(org) => Some(Rule::Org(org.clone())),
            Kind::OrgOrMembers(org, teams) => Some(Rule::OrgOrMemberOfAny(org.clone(), teams.clone())),
            Kind::Members(teams) => Some(Rule::MemberOfAny(teams.clone())),
        }
    }

    /// The refusal as this caller sees it: a manager and the admin of an organisation do not learn which users exist
    /// elsewhere, and a token of a user who was erased proves nobody's identity.
    pub fn refused(&self, error: UpdateUserError) -> Problem {
        match (error, &self.kind) {
            (
                UpdateUserError::NotFound | UpdateUserError::Erased,
                Kind::Org(_) | Kind::OrgOrMembers(..) | Kind::Members(_),
            ) => Problem::Forbidden,
            (UpdateUserError::Erased, Kind::Own) => TokenFault::Erased.into(),
            (error, _) => error.into(),
        }
    }
}

fn kind(caller: &Caller, id: UserId) -> Option<Kind> {
    // This comes first: an admin whose own record is erased has a token that proves nobody's identity.
    if caller.is_self(id) {
        return Some(Kind::Own);
    }
    let mut seen = BTreeSet::new();
    let named = caller.teams.iter().filter(|team| !team.is_empty() && seen.insert(*team));
    let teams: Vec<_> = named.take(MAX_TEAMS).cloned().collect();
    let manages = caller.is_any(&[Role::Broker, Role::Photographer]) && !teams.is_empty();
    match (caller.reach(&[Role::Admin]), manages) {
        (Some(Reach::Everyone), _) => Some(Kind::Anyone),
        (Some(Reach::Org(org)), true) => Some(Kind::OrgOrMembers(org, teams)),
        (Some(Reach::Org(org)), false) => Some(Kind::Org(org)),
        (None, true) => Some(Kind::Members(teams)),
        (None, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(role: Role, teams: &[&str]) -> Caller {
        Caller {
            user: Some(UserId::from_bytes([1; 16])),
            subject: "someone".into(),
            roles: [role].into(),
            teams: teams.iter().map(|team| (*team).to_owned()).collect(),
            org: None,
            ..Caller::default()
        }
    }

    #[test]
    fn rights_are_the_contract_s() {
        let id = UserId::from_bytes([2; 16]);
        assert_eq!(kind(&caller(Role::Admin, &[]), id), Some(Kind::Anyone));
        let of_acme = |role| Caller { org: Some("acme".into()), ..caller(role, &["a"]) };
        assert_eq!(kind(&of_acme(Role::Admin), id), Some(Kind::Org("acme".into())));
        assert_eq!(kind(&of_acme(Role::Operator), id), Some(Kind::Anyone));
        let both = Caller { roles: [Role::Admin, Role::Broker].into(), ..of_acme(Role::Admin) };
        assert_eq!(kind(&both, id), Some(Kind::OrgOrMembers("acme".into(), vec!["a".into()])));
        for role in [Role::Broker, Role::Photographer] {
            assert_eq!(kind(&caller(role, &["b", "a", "b"]), id), Some(Kind::Members(vec!["b".into(), "a".into()])));
            assert_eq!(kind(&caller(role, &[]), id), None);
        }
        for role in [Role::User, Role::Service] {
            assert_eq!(kind(&caller(role, &["a"]), id), None);
            assert_eq!(kind(&Caller { user: Some(id), ..caller(role, &[]) }, id), Some(Kind::Own));
        }
        let many: Vec<_> = (0..60).map(|n| format!("team-{n}")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        let Some(Kind::Members(teams)) = kind(&caller(Role::Broker, &many), id) else { panic!("no right") };
        assert_eq!(teams, many[..MAX_TEAMS]);
    }
}
