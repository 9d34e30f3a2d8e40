//! Who may call.

use lambda_http::http::HeaderMap;

use super::Problem;
use crate::{
    domain::UserId,
    http::auth::{Bearer, Caller, Role},
    store::UpdateUserError,
};

/// Who may do something to a user: the user, if `own` is true, and callers with these roles.
#[derive(Clone, Copy, Debug)]
pub struct Access {
    /// Whether users may do it to themselves.
    pub own: bool,
    /// Roles that may do it to anyone.
    pub roles: &'static [Role],
}

impl Access {
    /// Users themselves, and operators.
    pub const SELF_OR_ADMIN: Self = Self { own: true, roles: &[Role::Admin] };
    /// Users themselves, operators, and applications.
    pub const SELF_ADMIN_OR_SERVICE: Self = Self { own: true, roles: &[Role::Admin, Role::Service] };
    /// Operators.
    pub const ADMIN: Self = Self { own: false, roles: &[Role::Admin] };
    /// Operators and applications.
    pub const ADMIN_OR_SERVICE: Self = Self { own: false, roles: &[Role::Admin, Role::Service] };

    /// The caller of a request that is about no single user.
    pub async fn caller(self, bearer: &Bearer, headers: &HeaderMap) -> Result<Caller, Problem> {
        let caller = bearer.caller(headers).await?;
        if caller.is_any(self.roles) { Ok(caller) } else { Err(Problem::Forbidden) }
    }

    /// The caller of a request about the user whom the path names by `raw_id`. Every caller learns that an id is
    /// malformed: that reveals nothing about users.
    pub async fn caller_for(
        self,
        bearer: &Bearer,
        headers: &HeaderMap,
        raw_id: &str,
    ) -> Result<(Caller, UserId), Problem> {
        let caller = bearer.caller(headers).await?;
        let id = UserId::parse(raw_id).ok_or_else(|| Problem::invalid("id must be a UUID"))?;
        let own = self.own && caller.is_self(id);
        if own || caller.is_any(self.roles) { Ok((caller, id)) } else { Err(Problem::Forbidden) }
    }
}

/// The refusal of a change as its caller sees it: a token of a user who was erased proves nobody's identity.
pub fn refused(error: UpdateUserError, caller: Option<&Caller>, id: UserId) -> Problem {
    match error {
        UpdateUserError::Erased if caller.is_some_and(|caller| caller.is_self(id)) => Problem::Unauthenticated,
        error => error.into(),
    }
}
