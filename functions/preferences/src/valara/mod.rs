//! Contract 4: `PATCH` and `GET /api/v1/users/{user_id}/preferences`, display preferences, partial per field.

mod access;
mod body;
mod openapi;
mod problem;

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use shared::{
    domain::{User, UserChange, UserId, display::Display},
    http::{IdempotentRequest, Reply, RequestId, Unserved, etag},
    store::Precondition,
};

use crate::App;
use access::Access;
pub use openapi::document;
use problem::Problem;

/// Whether the method is this contract's; the path is contract 1's too.
pub fn takes(method: &Method) -> bool {
    *method == Method::GET || *method == Method::PATCH
}

/// Answers a request for the path by one of [`takes`]'s methods.
pub async fn handle(app: &App, request: &Request, raw_id: &str) -> Reply {
    let answer = match *request.method() {
        Method::GET => read(app, request, raw_id).await,
        _ => change(app, request, raw_id).await,
    };
    answer.unwrap_or_else(|problem| refused(app, request, &problem))
}

/// The refusal of a request that no handler answers.
pub fn unserved(app: &App, request: &Request, why: Unserved) -> Reply {
    refused(app, request, &why.into())
}

fn refused(app: &App, request: &Request, problem: &Problem) -> Reply {
    let id = request.extensions().get::<RequestId>().map(|id| id.0.as_str());
    problem::reply(problem, id.unwrap_or_default(), app.preference_center.base(request).as_ref())
}

async fn read(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (access, id) = Access::of(app, request, raw_id).await?;
    // An empty change reads the user, under the same rule as any change.
    write(app, &access, id, UserChange::default(), None).await
}

async fn change(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (access, id) = Access::of(app, request, raw_id).await?;
    let idempotent = IdempotentRequest::of_valara(request, access.caller())?.about(&access.user(id));
    let change = UserChange { display: body::change(request.body())?, ..UserChange::default() };
    let precondition = etag::precondition(request.headers());
    idempotent.run(&app.store, write(app, &access, id, change, precondition.as_ref())).await
}

async fn write(
    app: &App,
    access: &Access,
    id: UserId,
    change: UserChange,
    precondition: Option<&Precondition>,
) -> Result<Reply, Problem> {
    let change = UserChange { rule: access.rule(), ..change };
    let user = app.store.update_user(id, &change, precondition, app.clock.now()).await;
    Ok(reply(&user.map_err(|error| access.refused(error))?))
}

fn reply(user: &User) -> Reply {
    Reply::json(StatusCode::OK, &Display::of(&user.display)).etag(user.version)
}
