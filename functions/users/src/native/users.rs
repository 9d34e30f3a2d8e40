//! Contract 1's companions: `POST` and `GET /api/v1/users`, and `GET`, `PUT` (partial) and `DELETE` of one user.

mod bodies;
mod list;
mod openapi;

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use shared::{
    dialects::native::{Access, NoQuery, Own, Problem, UserView, openapi::OPERATORS_AND_SERVICES, refused},
    domain::{UserChange, UserId, user::UserRecord, user_change::EmailRule},
    http::{
        IdempotentRequest, Reply,
        auth::{Reach, Role},
        etag,
        request::RequestBody,
    },
    store::CreateUserError,
};

use crate::{App, erasure};
use bodies::{NewUserBody, UserChangeBody};
pub use openapi::document;

/// Why a request that comes again makes nobody.
const ERASED_SINCE: &str = "The user whom the first request with this Idempotency-Key has made was erased";

/// Answers a request for `/api/v1/users`.
pub async fn users(app: &App, request: &Request) -> Reply {
    let answer = match *request.method() {
        Method::POST => create(app, request).await,
        Method::GET => list::get(app, request).await,
        _ => Err(Problem::MethodNotAllowed("GET, HEAD, POST")),
    };
    answer.unwrap_or_else(|problem| problem.reply())
}

/// Answers a request for `/api/v1/users/{id}`.
pub async fn user(app: &App, request: &Request, raw_id: &str) -> Reply {
    let answer = match *request.method() {
        Method::GET => read(app, request, raw_id).await,
        Method::PUT => update(app, request, raw_id).await,
        Method::DELETE => erase(app, request, raw_id).await,
        _ => Err(Problem::MethodNotAllowed("GET, HEAD, PUT, DELETE")),
    };
    answer.unwrap_or_else(|problem| problem.reply())
}

async fn create(app: &App, request: &Request) -> Result<Reply, Problem> {
    let (caller, reach, NoQuery) = Access::ADMIN_OR_SERVICE.reaching(&app.bearer, request).await?;
    let idempotent = IdempotentRequest::of(request, &caller)?;
    // A new user belongs to the organisation of the caller who creates the user: contract 2 asks for it.
    let new = NewUserBody::decode(request.body())?;
    // External ids are the deployment's: an organisation could take the id of somebody elsewhere, and all that is sent to it.
    if new.has_external_id() && reach != Reach::Everyone {
        return Err(Own::NeedsRole(OPERATORS_AND_SERVICES).into());
    }
    // The same request under the same key makes the same user, also if the first one ended before its answer was kept.
    let own = idempotent.seed().filter(|_| !new.has_external_id());
    let own = own.map(|seed| UserId::of_request(app.namespace, &caller.name(), &seed));
    let new = new.user(own.unwrap_or_else(|| app.random.uuid().into()), app.namespace, caller.org.clone());
    let idempotent = idempotent.making(reach);
    let write = async {
        let id = new.id;
        if own.is_some() {
            match app.store.user(id).await? {
                Some(UserRecord::Present(user)) => return Ok(UserView::reply(StatusCode::CREATED, *user).about(id)),
                Some(UserRecord::Erased) => return Err(Own::Conflict(ERASED_SINCE).into()),
                None => {}
            }
        }
        match app.store.create_user(new, app.clock.now()).await {
            Ok(user) => Ok(UserView::reply(StatusCode::CREATED, user).about(id)),
            Err(CreateUserError::IdTaken) => Err(Own::Conflict("A user with this external_id already exists").into()),
            Err(error) => Err(error.into()),
        }
    };
    idempotent.run(&app.store, write).await
}

async fn read(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (caller, user, NoQuery) = Access::SELF_ADMIN_OR_SERVICE.caller_for(&app.bearer, request, raw_id).await?;
    let found = app.store.allowed_user(&user).await;
    Ok(UserView::reply(StatusCode::OK, found.map_err(|error| refused(error, Some(&caller), user.id()))?))
}

async fn update(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (caller, mut user, NoQuery) = Access::SELF_OR_ADMIN.caller_for(&app.bearer, request, raw_id).await?;
    let idempotent = IdempotentRequest::of(request, &caller)?.about(&user);
    let change = UserChange {
        email_rule: if caller.is_any(&[Role::Admin]) { EmailRule::ByAdmin } else { EmailRule::ByUser },
        // Uniqueness is this contract's: an address that is changed here is nobody else's, whoever made the user.
        email_is_unique: true,
        ..UserChangeBody::decode(request.body())?.into()
    };
    if change.teams.is_some() {
        // A caller who is the user needs an admin's right here too.
        user = caller.reach(&[Role::Admin]).ok_or(Own::NeedsRole(Access::ADMIN.who(false)))?.user(user.id());
    }
    let precondition = etag::precondition(request.headers());
    let write = async {
        let changed = app.store.update_allowed(&user, change, precondition.as_ref(), app.clock.now()).await;
        Ok(UserView::reply(StatusCode::OK, changed.map_err(|error| refused(error, Some(&caller), user.id()))?))
    };
    idempotent.run(&app.store, write).await
}

async fn erase(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (caller, user, NoQuery) = Access::SELF_OR_ADMIN.caller_for(&app.bearer, request, raw_id).await?;
    // The answer holds no data of the user, so it is not stored as the user's: erasure removes what is.
    let idempotent = IdempotentRequest::of(request, &caller)?;
    let precondition = etag::precondition(request.headers());
    let write = async {
        let begun = app.store.begin_erasure(&user, precondition.as_ref(), app.clock.now()).await;
        erasure::end(app, request, begun.map_err(|error| refused(error, Some(&caller), user.id()))?).await?;
        Ok(Reply::empty(StatusCode::NO_CONTENT))
    };
    idempotent.run(&app.store, write).await
}
