//! `GET /api/v1/health`, for operators.

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use serde_json::json;
use shared::{
    dialects::native::{
        Access, NoQuery, Problem,
        openapi::{LISTS, OPERATORS, Refusals},
    },
    http::{Reply, openapi::Document},
};

use crate::{App, health::HealthView};

/// Answers a request for `/api/v1/health`.
pub async fn handle(app: &App, request: &Request) -> Reply {
    let answer = match *request.method() {
        Method::GET => show(app, request).await,
        _ => Err(Problem::MethodNotAllowed("GET, HEAD")),
    };
    answer.unwrap_or_else(|problem| problem.reply())
}

async fn show(app: &App, request: &Request) -> Result<Reply, Problem> {
    let (_, NoQuery) = Access::ADMIN.caller(&app.bearer, request).await?;
    Ok(Reply::json(StatusCode::OK, &*app.health.view(&app.store, &app.bearer).await?))
}

/// The operation.
pub fn document(doc: &mut Document) {
    let example = json!({"status": "incomplete", "checks": [
        {"name": "email.production_access", "status": "missing", "provider": "email",
         "detail": "SES is in the sandbox: it sends only to verified addresses, 200 a day",
         "remedy": "Ask AWS for production access: `aws sesv2 put-account-details --production-access-enabled`"},
    ]});
    doc.get("/api/v1/health", "readHealth", "What is missing in this deployment before the first message")
        .bearer(OPERATORS)
        .answers::<HealthView>(200, "What was found, at most a minute ago", example)
        .refuses::<Refusals>(LISTS);
}
