//! Which claims of a token say what its caller may do. Issuers name them differently, so the names are configured.
//!
//! A claim is given by its name or by a path of names with dots between them. The whole text is tried as a name first, because
//! names may have dots themselves (`https://app.example/roles`); then its longest part that is a name, and so on inside of that
//! claim (`realm_access.roles`, `resource_access.my.client.roles`).

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Role, TokenFault};
use crate::config::{self, ConfigError};

/// The claim of the organisation, as the contracts name it.
const ORG: &str = "org";

/// The claims of a token, as the issuer signed them.
pub(super) type Claims = Map<String, Value>;

/// The names of the claims that are read, and of the roles in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimNames {
    /// The roles of all of these claims count.
    roles: Vec<String>,
    teams: String,
    org: String,
    audience: AudienceClaim,
    /// The issuer's names of our roles. If it is empty, the roles have our own names.
    role_names: Vec<(String, Role)>,
}

/// Which claim says for whom the token was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AudienceClaim {
    /// `aud` (RFC 7519 §4.1.3).
    Aud,
    /// `client_id`, if the token has no `aud`. Cognito's access tokens have none, unless the client asked for a resource
    /// (<https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html>). Its
    /// ID tokens have one, and say `token_use: id`: they are for the client itself, and are refused.
    ClientId,
}

/// A setting that cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidClaimNames {
    /// There are too few parts.
    #[error(
        "must be the claims of roles, teams and organisation, and `aud` or `client_id`, each with a space between, and then \
         the names of roles"
    )]
    Parts,
    /// A part of the role names is no `name=role`.
    #[error("must have role names of the form `name=role`, with commas between them; the roles are {}", Role::names())]
    RoleNames,
}

/// The claims as the contracts name them.
impl Default for ClaimNames {
    fn default() -> Self {
        Self {
            roles: vec!["roles".to_owned()],
            teams: "teams".to_owned(),
            org: ORG.to_owned(),
            audience: AudienceClaim::Aud,
            role_names: Vec::new(),
        }
    }
}

impl ClaimNames {
    /// From the environment: `CLAIMS`, in the form that [`ClaimNames::parse`] reads. The default if it is not there.
    pub fn from_env() -> Result<Self, ConfigError> {
        let Some(setting) = config::optional("CLAIMS") else { return Ok(Self::default()) };
        Self::parse(&setting).map_err(|error| ConfigError::new("CLAIMS", error))
    }

    /// Reads `roles teams org aud name=role,name=role`. It is one variable, because each one of an environment costs some of
    /// Lambda's 4 KB. The role names come last, because they may have spaces.
    pub fn parse(setting: &str) -> Result<Self, InvalidClaimNames> {
        let mut parts = setting.splitn(5, ' ');
        let mut part = || parts.next().filter(|part| !part.is_empty()).ok_or(InvalidClaimNames::Parts);
        let (roles, teams, org, audience) = (part()?, part()?, part()?, part()?);
        let role_names = parts.next().unwrap_or_default();
        Ok(Self {
            roles: roles.split(',').map(str::to_owned).collect(),
            teams: teams.to_owned(),
            org: org.to_owned(),
            audience: match audience {
                "aud" => AudienceClaim::Aud,
                "client_id" => AudienceClaim::ClientId,
                _ => return Err(InvalidClaimNames::Parts),
            },
            role_names: role_names.split(',').filter(|pair| !pair.is_empty()).map(pair).collect::<Result<_, _>>()?,
        })
    }

    /// The values of `JWT_AUDIENCE`. Several client ids have commas between them: each client of a pool has its own, and the
    /// applications that send are others than those of the users. An `aud` may have a comma itself.
    pub(super) fn audiences<'a>(&self, setting: &'a str) -> Vec<&'a str> {
        match self.audience {
            AudienceClaim::Aud => vec![setting],
            AudienceClaim::ClientId => setting.split(',').map(str::trim).filter(|one| !one.is_empty()).collect(),
        }
    }

    /// Checks that the token was made for one of these audiences.
    pub(super) fn check_audience(&self, claims: &Claims, accepted: &str) -> Result<(), TokenFault> {
        let given = match (self.audience, audience_of(claims)?) {
            (AudienceClaim::Aud, given) => given.ok_or(TokenFault::Claims)?,
            (AudienceClaim::ClientId, _) if claims.get("token_use").and_then(Value::as_str) != Some("access") => {
                return Err(TokenFault::NotForAccess);
            }
            // Whoever made the token for a resource did not make it for every other one.
            (AudienceClaim::ClientId, Some(given)) => given,
            (AudienceClaim::ClientId, None) => {
                vec![claims.get("client_id").and_then(Value::as_str).ok_or(TokenFault::Claims)?]
            }
        };
        let accepted = self.audiences(accepted);
        if given.iter().any(|one| accepted.contains(one)) { Ok(()) } else { Err(TokenFault::Audience) }
    }

    /// The caller's roles. Names of the issuer that mean no role here are left out. If role names are configured, only these count:
    /// a group of the issuer that happens to be called `admin` is not made an admin.
    ///
    /// Whoever signs in may decide whether the token names the organisation: a client asks for Keycloak's scope `organization`, or
    /// does not (<https://www.keycloak.org/docs/latest/server_admin/#_mapping-organization-claims_>). So where the claim has a name
    /// of its own, an admin without an organisation is no admin of the whole deployment, but none at all. `operator` is the role
    /// for that.
    pub(super) fn roles(&self, claims: &Claims) -> Result<BTreeSet<Role>, TokenFault> {
        let mut roles = BTreeSet::new();
        for claim in &self.roles {
            for name in names(claim, find(claims, claim)?)? {
                if self.role_names.is_empty() {
                    roles.extend(Role::named(name));
                }
                let own = self.role_names.iter().filter(|(theirs, _)| theirs == name);
                roles.extend(own.map(|(_, role)| *role));
            }
        }
        if self.org != ORG && self.org(claims)?.is_none() {
            roles.remove(&Role::Admin);
        }
        Ok(roles)
    }

    /// The teams that the caller manages.
    pub(super) fn teams(&self, claims: &Claims) -> Result<Vec<String>, TokenFault> {
        Ok(names(&self.teams, find(claims, &self.teams)?)?.into_iter().map(str::to_owned).collect())
    }

    /// The caller's organisation: a string, or a list of one, which is how Keycloak gives it. Anything else refuses the token: a
    /// caller without an organisation may be one for everybody, so one whose organisation cannot be read must not become that.
    pub(super) fn org(&self, claims: &Claims) -> Result<Option<String>, TokenFault> {
        match find(claims, &self.org)? {
            None => Ok(None),
            Some(Value::String(org)) => Ok(Some(org.clone())),
            Some(Value::Array(orgs)) => match orgs.as_slice() {
                [Value::String(org)] => Ok(Some(org.clone())),
                _ => Err(TokenFault::Claims),
            },
            Some(_) => Err(TokenFault::Claims),
        }
    }
}

/// `name=role`.
fn pair(pair: &str) -> Result<(String, Role), InvalidClaimNames> {
    let (name, role) = pair.split_once('=').ok_or(InvalidClaimNames::RoleNames)?;
    let name = name.trim();
    let role = Role::named(role).filter(|_| !name.is_empty()).ok_or(InvalidClaimNames::RoleNames)?;
    Ok((name.to_owned(), role))
}

/// The claim of this name or at this path. `null` is as a claim that is not there. A path through something that is no object is
/// a fault: what the operator asked for is there in another form.
fn find<'a>(claims: &'a Claims, path: &str) -> Result<Option<&'a Value>, TokenFault> {
    if let Some(whole) = claims.get(path).filter(|value| !value.is_null()) {
        return Ok(Some(whole));
    }
    for (at, _) in path.rmatch_indices('.') {
        let (Some(name), Some(rest)) = (path.get(..at), path.get(at.saturating_add(1)..)) else { continue };
        let found = match claims.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::Object(inner)) => find(inner, rest)?,
            Some(_) => return Err(TokenFault::Claims),
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The names in the claim at this path: a list of them, or one. Only `scope` (RFC 8693 §4.2), which Entra ID calls `scp`, has
/// several in one string, with spaces between them: elsewhere a name may have spaces.
fn names<'a>(path: &str, claim: Option<&'a Value>) -> Result<Vec<&'a str>, TokenFault> {
    match claim {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => match path.rsplit('.').next() {
            Some("scope" | "scp") => Ok(text.split_ascii_whitespace().collect()),
            _ => Ok(vec![text]),
        },
        Some(Value::Array(list)) => strings(list),
        Some(_) => Err(TokenFault::Claims),
    }
}

/// A list of strings, and nothing else.
fn strings(list: &[Value]) -> Result<Vec<&str>, TokenFault> {
    list.iter().map(|one| one.as_str().ok_or(TokenFault::Claims)).collect()
}

/// The values of `aud`: a string or a list of strings (RFC 7519 §4.1.3).
fn audience_of(claims: &Claims) -> Result<Option<Vec<&str>>, TokenFault> {
    match claims.get("aud") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(one)) => Ok(Some(vec![one])),
        Some(Value::Array(several)) => strings(several).map(Some),
        Some(_) => Err(TokenFault::Claims),
    }
}

#[cfg(test)]
mod tests;
