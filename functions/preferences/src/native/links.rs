//! `DELETE /api/v1/users/{id}/links`: ends the user's preference links, for instance when one was passed on. Unsubscribe links
//! in sent mail still opt out with one click, as the law asks, and show nothing else any more.

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use shared::{
    dialects::native::{
        Access, NoQuery, Problem,
        openapi::{self, Refusals, SELF_ADMIN_OR_SERVICE},
        refused,
    },
    domain::{UserChange, UserId},
    http::{IdempotentRequest, Reply, etag, openapi::Document},
};

use crate::App;

/// Answers a request for the path, whatever its method.
pub async fn handle(app: &App, request: &Request, raw_id: &str) -> Reply {
    let answer = match *request.method() {
        Method::DELETE => end(app, request, raw_id).await,
        _ => Err(Problem::MethodNotAllowed("DELETE")),
    };
    answer.unwrap_or_else(|problem| problem.reply())
}

async fn end(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (caller, user, NoQuery) = Access::SELF_ADMIN_OR_SERVICE.caller_for(&app.bearer, request, raw_id).await?;
    let idempotent = IdempotentRequest::of(request, &caller)?.about(&user);
    let precondition = etag::precondition(request.headers());
    let write = async {
        let change = UserChange { end_links: true, ..UserChange::default() };
        let changed = app.store.update_allowed(&user, change, precondition.as_ref(), app.clock.now()).await;
        let changed = changed.map_err(|error| refused(error, Some(&caller), user.id()))?;
        Ok(Reply::empty(StatusCode::NO_CONTENT).etag(changed.version))
    };
    idempotent.run(&app.store, write).await
}

/// The path's part of the OpenAPI document.
pub fn document(doc: &mut Document) {
    doc.delete("/api/v1/users/{id}/links", "endPreferenceLinks", "End the user's preference links")
        .bearer(SELF_ADMIN_OR_SERVICE)
        .path::<UserId>("id", "The user's id", "123e4567-e89b-12d3-a456-426614174000")
        .if_match()
        .once()
        .answers_empty(204, "The user's preference links no longer work; one-click unsubscribe links still do")
        .header(204, "ETag", "ETag")
        .refuses::<Refusals>(openapi::DELETES);
}
