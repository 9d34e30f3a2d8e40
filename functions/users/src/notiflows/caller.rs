//! Who calls, and the user whom the path names.

use lambda_http::Request;
use shared::{
    dialects::notiflows::{Problem, Resource},
    domain::{Scope, UserId},
    http::auth::Caller,
};

use crate::App;

/// The application that calls with this right, and the user that the path names.
pub async fn caller(app: &App, request: &Request, right: Scope, external: &str) -> Result<(Caller, UserId), Problem> {
    let caller = app.keys.application(&app.store, request.headers(), right).await?;
    let id = UserId::from_external(external, app.namespace).ok_or(Problem::invalid_id("external_id"))?;
    Ok((caller, id))
}

/// The refusal of a request about a user who is not there.
pub fn no_user(external: &str) -> Problem {
    Problem::not_found(Resource::User, external)
}
