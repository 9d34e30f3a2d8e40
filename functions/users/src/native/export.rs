//! `GET /api/v1/users/{id}/export`: all stored data about a user, for the user and for an admin.

use lambda_http::{
    Request, RequestExt,
    http::{Method, StatusCode},
};
use serde_json::json;
use shared::{
    dialects::native::{
        Access, Problem,
        openapi::{READS, Refusals},
        refused,
    },
    domain::UserId,
    http::{Reply, openapi::Document},
    store::Export,
};

use crate::App;

/// Answers a request for the path. `?after=` takes the `next` of the page before.
pub async fn handle(app: &App, request: &Request, raw_id: &str) -> Reply {
    let answer = match *request.method() {
        Method::GET => get(app, request, raw_id).await,
        _ => Err(Problem::MethodNotAllowed("GET")),
    };
    answer.unwrap_or_else(|problem| problem.reply())
}

async fn get(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (caller, user) = Access::SELF_OR_ADMIN.caller_for(&app.bearer, request.headers(), raw_id).await?;
    let id = user.id();
    app.store.check_allowed(&user).await.map_err(|error| refused(error, Some(&caller), id))?;
    let query = request.query_string_parameters();
    let export = app.store.export_user(id, query.first("after")).await;
    let export = export.map_err(|error| refused(error, Some(&caller), id))?;
    Ok(Reply::json(StatusCode::OK, &export).etag(export.version))
}

/// The path in the OpenAPI document.
pub fn document(doc: &mut Document) {
    let example =
        json!({"user": {"name": "John Doe"}, "settings": {}, "notifications": [], "inbox": [], "answers": []});
    doc.get("/api/v1/users/{id}/export", "exportUser", "All that is held about a person")
        .bearer("self, admin")
        .path::<UserId>("id", "The user's id", "123e4567-e89b-12d3-a456-426614174000")
        .query::<String>("after", "What `next` of the page before said")
        .answers::<Export>(200, "A page; with `next` where there is more", example)
        .header(200, "ETag", "ETag")
        .refuses::<Refusals>(READS);
}
