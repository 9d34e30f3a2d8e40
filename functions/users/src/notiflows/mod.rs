//! Contract 3's users: `/admin/v1/users`, one of them, and their preferences; topics, and who is subscribed to them.

mod caller;
mod change;
mod list;
mod openapi;
mod preferences;
pub mod subscribers;
pub mod subscriptions;
pub mod topics;
mod topics_openapi;
mod view;

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use shared::{
    dialects::notiflows::{
        Problem, is_repeated, may_make,
        preferences::{opting_in, opts_out_of_none_required},
        reply,
    },
    domain::{Scope, UserId, user::UserRecord, user_change::AllowedUser},
    http::{IdempotentRequest, Reply, auth::Reach, etag, openapi::Document},
    store::UpdateUserError,
};

use crate::{App, erasure};
use caller::{caller, no_user};

pub use list::users;
pub use preferences::preferences;

/// The operations.
pub fn document(doc: &mut Document) {
    openapi::document(doc);
    topics_openapi::document(doc);
}

/// Answers a request for `/admin/v1/users/{external_id}`.
pub async fn user(app: &App, request: &Request, external: &str) -> Reply {
    let answer = match *request.method() {
        Method::GET => read(app, request, external).await,
        Method::PUT => upsert(app, request, external).await,
        Method::DELETE => erase(app, request, external).await,
        _ => Err(Problem::MethodNotAllowed("GET, HEAD, PUT, DELETE")),
    };
    reply(answer, request)
}

async fn read(app: &App, request: &Request, external: &str) -> Result<Reply, Problem> {
    let (caller, id) = caller(app, request, Scope::UsersRead, external).await?;
    match app.store.user(id).await? {
        Some(UserRecord::Present(user)) => Ok(view::reply(StatusCode::OK, &user, &caller)),
        Some(UserRecord::Erased) | None => Err(no_user(external)),
    }
}

async fn upsert(app: &App, request: &Request, external: &str) -> Result<Reply, Problem> {
    let (caller, id) = caller(app, request, Scope::UsersWrite, external).await?;
    let idempotent = IdempotentRequest::of(request, &caller)?.making(Reach::Everyone);
    let change = change::of_request(app, &caller, request.body()).await?;
    may_make(&caller, &change)?;
    // A UUID is used as the internal id.
    let external_id = UserId::parse(external).is_none().then_some(external);
    let precondition = etag::precondition(request.headers());
    let write = async {
        let mut change = change;
        // A repeated request has its first answer, also if a category is required since.
        if !change.handles.is_empty() {
            let categories = app.categories().await?;
            opts_out_of_none_required(&change.handles, "preferences.", &categories)?;
            change = opting_in(change, &categories);
        }
        let now = app.clock.now();
        let upserted = app.store.upsert_user(id, external_id, &change, precondition.as_ref(), now).await;
        let upserted = upserted.map_err(|error| Problem::refused(error, || no_user(external)))?;
        let status = if upserted.created { StatusCode::CREATED } else { StatusCode::OK };
        Ok(view::reply(status, &upserted.user, &caller).about(id))
    };
    idempotent.run(&app.store, write).await
}

async fn erase(app: &App, request: &Request, external: &str) -> Result<Reply, Problem> {
    let (caller, id) = caller(app, request, Scope::UsersWrite, external).await?;
    // The answer holds no data of the user, and must stay after the erasure. So it is not stored as the user's: erasure
    // removes what is.
    let idempotent = IdempotentRequest::of(request, &caller)?;
    let precondition = etag::precondition(request.headers());
    let write = async {
        let user = AllowedUser::without_rule(id);
        let begun = app.store.begin_erasure(&user, precondition.as_ref(), app.clock.now()).await;
        if matches!(begun, Err(UpdateUserError::Erased)) && is_repeated(request.headers()) {
            return Ok(Reply::empty(StatusCode::NO_CONTENT));
        }
        erasure::end(app, request, begun.map_err(|error| Problem::refused(error, || no_user(external)))?).await?;
        Ok(Reply::empty(StatusCode::NO_CONTENT))
    };
    idempotent.run(&app.store, write).await
}
