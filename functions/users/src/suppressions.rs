//! `/api/v1/users/{id}/suppressions`: addresses that mail is not sent to any more, because it came back or its owner
//! complained.

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use serde::Serialize;
use shared::{
    domain::{Cause, EmailAddress, Timestamp, user::UserRecord},
    http::{
        Once, Reply,
        auth::Role,
        contract1::{Access, Problem},
    },
};

use crate::App;

/// Only operators lift a suppression.
const ADMIN: Access = Access { own: false, roles: &[Role::Admin] };

#[derive(Serialize)]
struct ListView {
    items: Vec<SuppressionView>,
}

#[derive(Serialize)]
struct SuppressionView {
    address: String,
    cause: Cause,
    at: Timestamp,
}

/// Answers a request for all of a user's.
pub async fn all(app: &App, request: &Request, raw_id: &str) -> Reply {
    let answer = match *request.method() {
        Method::GET => list(app, request, raw_id).await,
        _ => Err(Problem::MethodNotAllowed("GET")),
    };
    answer.unwrap_or_else(|problem| problem.reply())
}

/// Answers a request for one of them.
pub async fn one(app: &App, request: &Request, raw_id: &str, address: &str) -> Reply {
    let answer = match *request.method() {
        Method::DELETE => lift(app, request, raw_id, address).await,
        _ => Err(Problem::MethodNotAllowed("DELETE")),
    };
    answer.unwrap_or_else(|problem| problem.reply())
}

async fn list(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (caller, id) = Access::SELF_OR_ADMIN.caller_for(&app.bearer, request.headers(), raw_id).await?;
    let user = match app.store.user(id).await? {
        Some(UserRecord::Present(user)) => user,
        Some(UserRecord::Erased) if caller.is_self(id) => return Err(Problem::Unauthorized),
        Some(UserRecord::Erased) | None => return Err(Problem::no_user()),
    };
    let items = user.suppressed.into_iter();
    let items = items.map(|(address, why)| SuppressionView { address, cause: why.cause, at: why.at }).collect();
    Ok(Reply::json(StatusCode::OK, &ListView { items }))
}

async fn lift(app: &App, request: &Request, raw_id: &str, address: &str) -> Result<Reply, Problem> {
    let (caller, id) = ADMIN.caller_for(&app.bearer, request.headers(), raw_id).await?;
    let address = EmailAddress::parse(address).ok_or_else(|| Problem::invalid("address must be an email address"))?;
    let write = async {
        if app.store.lift_suppression(id, &address.unique_form()).await? {
            return Ok(Reply::empty(StatusCode::NO_CONTENT));
        }
        Err(Problem::NotFound("This address is not suppressed"))
    };
    Once::of(request, &caller.subject)?.about(id).run(&app.store, write).await
}
