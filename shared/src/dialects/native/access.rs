//! Who may call.

use lambda_http::http::HeaderMap;

use super::Problem;
use crate::{
    domain::{UserId, user_change::AllowedUser},
    http::auth::{Bearer, Caller, Reach, Role, TokenFault},
    store::UpdateUserError,
};

/// Who may do something: users to themselves, if `own` is true, and callers with these roles, as far as the roles reach.
#[derive(Clone, Copy, Debug)]
pub struct Access {
    /// Whether users may do it to themselves.
    pub own: bool,
    /// Roles that may do it: for an organisation's users, or for anyone and the whole deployment.
    pub roles: &'static [Role],
}

impl Access {
    /// Users themselves, and admins.
    pub const SELF_OR_ADMIN: Self = Self { own: true, roles: &[Role::Admin] };
    /// Users themselves, admins, and applications.
    pub const SELF_ADMIN_OR_SERVICE: Self = Self { own: true, roles: &[Role::Admin, Role::Service] };
    /// Admins.
    pub const ADMIN: Self = Self { own: false, roles: &[Role::Admin] };
    /// Admins and applications.
    pub const ADMIN_OR_SERVICE: Self = Self { own: false, roles: &[Role::Admin, Role::Service] };

    /// The caller of a request about what belongs to the whole deployment. A role for one organisation is not enough.
    pub async fn caller(self, bearer: &Bearer, headers: &HeaderMap) -> Result<Caller, Problem> {
        match self.reaching(bearer, headers).await? {
            (caller, Reach::Everyone) => Ok(caller),
            (_, Reach::Org(_)) => Err(Problem::Forbidden),
        }
    }

    /// As [`Access::caller`], for a request whose path also names a user by `raw_id`.
    pub async fn caller_about(
        self,
        bearer: &Bearer,
        headers: &HeaderMap,
        raw_id: &str,
    ) -> Result<(Caller, UserId), Problem> {
        let caller = self.caller(bearer, headers).await?;
        Ok((caller, user_id(raw_id)?))
    }

    /// The caller of a request whose user is not in the path, and the users whom the caller may name.
    pub async fn reaching(self, bearer: &Bearer, headers: &HeaderMap) -> Result<(Caller, Reach), Problem> {
        let caller = bearer.caller(headers).await?;
        let reach = caller.reach(self.roles).ok_or(Problem::Forbidden)?;
        Ok((caller, reach))
    }

    /// The caller of a request about the user whom the path names by `raw_id`, and that user. Every caller learns that an
    /// id is malformed: that reveals nothing about users.
    pub async fn caller_for(
        self,
        bearer: &Bearer,
        headers: &HeaderMap,
        raw_id: &str,
    ) -> Result<(Caller, AllowedUser), Problem> {
        let caller = bearer.caller(headers).await?;
        let id = user_id(raw_id)?;
        if self.own && caller.is_self(id) {
            return Ok((caller, AllowedUser::without_rule(id)));
        }
        let reach = caller.reach(self.roles).ok_or(Problem::Forbidden)?;
        Ok((caller, reach.user(id)))
    }
}

fn user_id(raw_id: &str) -> Result<UserId, Problem> {
    UserId::parse(raw_id).ok_or_else(|| Problem::invalid("id must be a UUID"))
}

/// The refusal as its caller sees it: a token of a user who was erased proves nobody's identity, and the admin of an
/// organisation does not learn which users there are elsewhere.
pub fn refused(error: UpdateUserError, caller: Option<&Caller>, id: UserId) -> Problem {
    match error {
        UpdateUserError::Erased if caller.is_some_and(|caller| caller.is_self(id)) => TokenFault::Erased.into(),
        UpdateUserError::Forbidden => Problem::NoUser,
        error => error.into(),
    }
}
