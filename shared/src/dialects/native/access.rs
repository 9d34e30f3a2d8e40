//! Who may call, and with which query. A handler gets both at once, so that no route forgets to refuse unknown parameters.

use lambda_http::Request;

use super::{Own, Problem};
use crate::{
    domain::{UserId, user_change::AllowedUser},
    http::{
        auth::{Bearer, Caller, Reach, Role, TokenFault},
        etag, query,
        request::RequestBody,
    },
    store::UpdateUserError,
};

/// Who may do what is about the whole deployment.
pub const OPERATORS: &str = "operator, or admin without an organization";
/// Who may read what is used for sending, too.
pub const OPERATORS_AND_SERVICES: &str = "operator, or admin or service without an organization";
/// Users themselves, and the admins of their organisation or of all.
pub const SELF_OR_ADMIN: &str = "self, admin";
/// The same, and applications.
pub const SELF_ADMIN_OR_SERVICE: &str = "self, admin, service";
/// Admins.
pub const ADMIN: &str = "admin";
/// Admins and applications.
pub const ADMIN_OR_SERVICE: &str = "admin, service";
/// The same, and the recipient of a notification.
pub const RECIPIENT_ADMIN_OR_SERVICE: &str = "its recipient, admin, service";

/// The parameters of a route.
pub trait Query: RequestBody<Context = ()> {}

impl<Q: RequestBody<Context = ()>> Query for Q {}

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

    /// Who may, in words: of what belongs to the whole deployment, or of users.
    pub fn who(self, is_of_deployment: bool) -> &'static str {
        match (is_of_deployment, self.own, self.roles.contains(&Role::Service)) {
            (true, _, false) => OPERATORS,
            (true, _, true) => OPERATORS_AND_SERVICES,
            (false, true, false) => SELF_OR_ADMIN,
            (false, true, true) => SELF_ADMIN_OR_SERVICE,
            (false, false, false) => ADMIN,
            (false, false, true) => ADMIN_OR_SERVICE,
        }
    }

    fn forbidden(self, is_of_deployment: bool) -> Problem {
        Own::NeedsRole(self.who(is_of_deployment)).into()
    }

    /// The caller of a request about what belongs to the whole deployment. A role for one organisation is not enough.
    pub async fn caller<Q: Query>(self, bearer: &Bearer, request: &Request) -> Result<(Caller, Q), Problem> {
        let caller = bearer.caller(request.headers()).await?;
        match caller.reach(self.roles) {
            Some(Reach::Everyone) => Ok((caller, query::read(request)?)),
            Some(Reach::Org(_)) | None => Err(self.forbidden(true)),
        }
    }

    /// As [`Access::caller`], for a request whose path also names a user by `raw_id`.
    pub async fn caller_about<Q: Query>(
        self,
        bearer: &Bearer,
        request: &Request,
        raw_id: &str,
    ) -> Result<(Caller, UserId, Q), Problem> {
        let (caller, query) = self.caller(bearer, request).await?;
        Ok((caller, user_id(raw_id)?, query))
    }

    /// The caller of a request whose user is not in the path, and the users whom the caller may name.
    pub async fn reaching<Q: Query>(self, bearer: &Bearer, request: &Request) -> Result<(Caller, Reach, Q), Problem> {
        let caller = bearer.caller(request.headers()).await?;
        let reach = caller.reach(self.roles).ok_or_else(|| self.forbidden(false))?;
        Ok((caller, reach, query::read(request)?))
    }

    /// The caller of a request about the user whom the path names by `raw_id`, and that user. Every caller learns that an
    /// id is malformed: that reveals nothing about users.
    pub async fn caller_for<Q: Query>(
        self,
        bearer: &Bearer,
        request: &Request,
        raw_id: &str,
    ) -> Result<(Caller, AllowedUser, Q), Problem> {
        let caller = bearer.caller(request.headers()).await?;
        let id = user_id(raw_id)?;
        let user = if self.own && caller.is_self(id) {
            AllowedUser::without_rule(id)
        } else {
            caller.reach(self.roles).ok_or_else(|| self.forbidden(false))?.user(id)
        };
        Ok((caller, user, query::read(request)?))
    }
}

/// The precondition of a write to a thing that has no version and cannot be created by this write. `If-Match: *` is met by
/// whatever is there; a tag is met by nothing, and so is `If-None-Match: *`.
pub fn unversioned(request: &Request) -> Result<(), Problem> {
    let precondition = etag::precondition(request.headers());
    if precondition.is_none_or(|precondition| precondition.holds_unversioned()) {
        return Ok(());
    }
    Err(Own::Stale("It has no version that If-Match could name, and this request creates nothing").into())
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
