//! The settings that a caller means, and whether the caller may read or write them.

use lambda_http::http::HeaderMap;
use shared::{
    http::auth::{Bearer, Caller, Role},
    store::SettingsOwner,
};

use super::{
    Subject,
    problem::{Own, Problem},
};

/// The most bytes of an organisation's id: it stands in a key of the table.
const MAX_ORG_BYTES: usize = 1024;

/// The settings that the caller reads: the caller's own, or those of the caller's organisation.
pub async fn reader(bearer: &Bearer, headers: &HeaderMap, subject: Subject) -> Result<SettingsOwner, Problem> {
    owner(&bearer.caller(headers).await?, subject)
}

/// The caller, and the settings that the caller changes: the caller's own, or, for an `admin`, those of the
/// organisation.
pub async fn writer(
    bearer: &Bearer,
    headers: &HeaderMap,
    subject: Subject,
) -> Result<(Caller, SettingsOwner), Problem> {
    let caller = bearer.caller(headers).await?;
    if subject == Subject::Organization && !caller.is_any(&[Role::Admin]) {
        return Err(Own::Forbidden("Only an admin may change the organization's settings").into());
    }
    let owner = owner(&caller, subject)?;
    Ok((caller, owner))
}

fn owner(caller: &Caller, subject: Subject) -> Result<SettingsOwner, Problem> {
    match subject {
        Subject::User => caller.user.map(SettingsOwner::User).ok_or(Problem::Unauthenticated),
        Subject::Organization => {
            let org = caller.org.clone().filter(|org| (1..=MAX_ORG_BYTES).contains(&org.len()));
            org.map(SettingsOwner::Org).ok_or(Own::Forbidden("The access token names no organization").into())
        }
    }
}
