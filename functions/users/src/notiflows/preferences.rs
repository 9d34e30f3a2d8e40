//! `/admin/v1/users/{external_id}/preferences`: `channel_types` are contract 1's channels by other names, `notiflows` speaks
//! of single groups.

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use shared::{
    dialects::notiflows::{
        Problem, decode, may_make,
        preferences::{PreferencesChange, encode, opting_in, opts_out_of_none_required},
        reply,
    },
    domain::{Categories, Scope, User, UserChange, user::UserRecord, user_change::AllowedUser},
    http::{IdempotentRequest, Reply, auth::Caller, body, etag},
};

use super::{
    caller::{caller, no_user},
    view::Readable,
};
use crate::App;

/// Answers a request for the path, whatever its method.
pub async fn preferences(app: &App, request: &Request, external: &str) -> Reply {
    let answer = match *request.method() {
        Method::GET => read(app, request, external).await,
        Method::PUT => put(app, request, external).await,
        _ => Err(Problem::MethodNotAllowed("GET, HEAD, PUT")),
    };
    reply(answer, request)
}

async fn read(app: &App, request: &Request, external: &str) -> Result<Reply, Problem> {
    let (caller, id) = caller(app, request, Scope::UsersRead, external).await?;
    match app.store.user(id).await? {
        Some(UserRecord::Present(user)) => {
            let categories = app.categories().await?;
            Ok(shown(&user, &caller, &categories))
        }
        Some(UserRecord::Erased) | None => Err(no_user(external)),
    }
}

async fn put(app: &App, request: &Request, external: &str) -> Result<Reply, Problem> {
    let (caller, id) = caller(app, request, Scope::UsersWrite, external).await?;
    let idempotent = IdempotentRequest::of(request, &caller)?.about(&AllowedUser::without_rule(id));
    let preferences: PreferencesChange = decode(body::object(request.body())?, None, &())?;
    let mut change = UserChange::default();
    preferences.add_to(&mut change);
    may_make(&caller, &change)?;
    let precondition = etag::precondition(request.headers());
    let write = async {
        // A repeated request has its first answer, also if a category is required since.
        let categories = app.categories().await?;
        opts_out_of_none_required(&change.handles, "", &categories)?;
        let change = opting_in(change, &categories);
        let user = app.store.update_user(id, &change, precondition.as_ref(), app.clock.now()).await;
        Ok(shown(&user.map_err(|error| Problem::refused(error, || no_user(external)))?, &caller, &categories))
    };
    idempotent.run(&app.store, write).await
}

fn shown(user: &User, caller: &Caller, categories: &Categories) -> Reply {
    Reply::json(StatusCode::OK, &Readable::by(caller, user, encode(user, categories))).etag(user.version)
}
