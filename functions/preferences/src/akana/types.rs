//! `GET /api/notifications/types`: all groups of the deployment.

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use schemars::JsonSchema;
use serde::Serialize;
use shared::http::Reply;

use super::{
    access::{Kind, Visitor},
    media,
    problem::Problem,
};
use crate::App;

/// The groups, by name.
#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NotificationTypes<'a> {
    notification_type: &'a [String],
}

/// Answers a request for the path, whatever its method.
pub async fn handle(app: &App, request: &Request) -> Result<Reply, Problem> {
    if *request.method() != Method::GET {
        return Err(Problem::MethodNotAllowed("GET, HEAD"));
    }
    Visitor::of_any(app, request, Kind::Read).await?;
    let content_type = media::takes_json(request.headers())?;
    let groups = app.akana_groups().await?;
    let view = NotificationTypes { notification_type: groups.names() };
    Ok(Reply::json(StatusCode::OK, &view).content_type(content_type))
}
