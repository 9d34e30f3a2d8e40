//! Who calls. This is decided before a body is read.

mod api_key;
mod bearer;
mod claims;
mod jwks;
mod reach;
pub mod session;
mod token_fault;
mod verified;

use std::collections::BTreeSet;

pub use api_key::ApiKeys;
pub use bearer::{Bearer, BearerConfig};
pub use claims::{ClaimNames, InvalidClaimNames};
pub use jwks::{IssuerKeys, Jwks};
pub use reach::Reach;
pub use session::{Session, Sessions};
pub use token_fault::TokenFault;

use crate::domain::{ApiKey, Scope, UserId};

/// A role that a token may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A recipient.
    User,
    /// An organisation's admin; anybody's, where the token names no organisation. [`Caller::reach`] has the rule.
    Admin,
    /// A manager of teams (contract 4).
    Broker,
    /// A manager of teams (contract 4).
    Photographer,
    /// An application that sends: to an organisation's users, or to anybody where the token names none.
    Service,
    /// Who runs the deployment: anything, anyone.
    Operator,
}

impl Role {
    /// Every role, with its name in a token.
    const ALL: [(&str, Self); 6] = [
        ("user", Self::User),
        ("admin", Self::Admin),
        ("broker", Self::Broker),
        ("photographer", Self::Photographer),
        ("service", Self::Service),
        ("operator", Self::Operator),
    ];

    /// The role of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(own, _)| *own == name).map(|(_, role)| role)
    }

    /// The names of all roles, for a sentence.
    fn names() -> String {
        Self::ALL.map(|(name, _)| name).join(", ")
    }
}

/// What proves who calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CredentialKind {
    /// A bearer token.
    #[default]
    Token,
    /// Contract 2's session.
    Session,
    /// Contract 3's key pair.
    KeyPair,
    /// Contract 3's user key.
    UserKey,
}

impl CredentialKind {
    /// A name that differs from that of each other kind.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Token => "bearer",
            Self::Session => "session",
            Self::KeyPair => "key pair",
            Self::UserKey => "user key",
        }
    }
}

/// Who calls, as a credential proved it: a bearer token, contract 2's session, or contract 3's key pair or user key.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// The credential. Two kinds of credentials may have the same subject and are two callers.
    pub credential: CredentialKind,
    /// The user who calls. `None` if an application calls with its key pair.
    pub user: Option<UserId>,
    /// Tells callers of one kind apart: a token's `sub` as it was given, a session's user, a key's public half.
    pub subject: String,
    /// The roles; unknown ones are left out.
    pub roles: BTreeSet<Role>,
    /// The teams that the caller manages.
    pub teams: Vec<String>,
    /// The caller's organisation.
    pub org: Option<String>,
    /// What an application's key may be used for.
    pub scopes: BTreeSet<Scope>,
}

impl Caller {
    /// Whether the caller has one of these roles.
    pub fn is_any(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.roles.contains(role))
    }

    /// The subject, and the organisation if there is one: two organisations may have a caller of the same subject. A subject
    /// has no control characters, so no two callers have the same name.
    pub fn name(&self) -> String {
        self.org.as_ref().map_or_else(|| self.subject.clone(), |org| format!("{org}\0{}", self.subject))
    }

    /// Whether the caller is that user.
    pub fn is_self(&self, id: UserId) -> bool {
        self.user == Some(id)
    }

    /// Whether the caller is an application whose key carries that right.
    pub fn may(&self, right: Scope) -> bool {
        self.scopes.contains(&right)
    }
}

impl From<ApiKey> for Caller {
    fn from(key: ApiKey) -> Self {
        let ApiKey { public, scopes, secret_hash: _, name: _, created_at: _ } = key;
        // A key that names no scope has them all.
        Self {
            credential: CredentialKind::KeyPair,
            subject: public,
            scopes: scopes.unwrap_or_else(|| Scope::ALL.into()),
            ..Self::default()
        }
    }
}

impl From<&Session> for Caller {
    fn from(session: &Session) -> Self {
        let role = if session.site_admin { Role::Admin } else { Role::User };
        Self {
            credential: CredentialKind::Session,
            user: Some(session.user),
            subject: session.user.to_string(),
            roles: [role].into(),
            org: Some(session.fedmember.to_string()),
            ..Self::default()
        }
    }
}

/// There is no credential, or it is not valid: 401 in every dialect.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unauthenticated {
    /// None was given, or one of a kind that is not taken.
    #[error("No bearer token was given")]
    Missing,
    /// It is a token that is not valid, and why.
    #[error(transparent)]
    Invalid(#[from] TokenFault),
    /// The issuer's keys cannot be had just now.
    #[error("The issuer's keys cannot be read")]
    KeysUnavailable,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use uuid::Uuid;

    #[test]
    fn a_key_that_names_no_scope_has_them_all_and_an_empty_list_none() {
        let caller = |scopes| {
            Caller::from(ApiKey {
                public: "pk_1".into(),
                secret_hash: String::new(),
                name: None,
                scopes,
                created_at: Timestamp::from_millis(0),
            })
        };
        assert!(caller(None).may(Scope::UsersWrite));
        assert!(!caller(Some([].into())).may(Scope::UsersRead));
        assert!(!caller(Some([Scope::UsersRead].into())).may(Scope::UsersWrite));
        assert!(caller(None).user.is_none() && !caller(None).is_any(&[Role::Admin, Role::User]));
    }

    #[test]
    fn a_site_admin_is_an_admin_of_his_organisation_and_no_more_than_that() {
        let user = UserId::random();
        let acme = crate::domain::Fedmember::parse("acme").unwrap();
        for (site_admin, role) in [(true, Role::Admin), (false, Role::User)] {
            let session = Session::begin(user, acme.clone(), site_admin, Timestamp::EPOCH, Uuid::nil());
            let caller = Caller::from(&session);
            assert_eq!((caller.org.as_deref(), caller.roles.clone()), (Some("acme"), [role].into()));
            assert!(caller.is_self(user) && !caller.is_self(UserId::random()) && !caller.may(Scope::UsersRead));
        }
    }
}
