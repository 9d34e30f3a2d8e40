//! `/api/v1/templates` and `/api/v1/templates/{code}`: all locales of a template at once.

use lambda_http::{Request, http::StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use shared::{
    dialects::native::{Access, Problem},
    http::{
        IdempotentRequest, Reply, etag,
        request::{Faults, RequestBody},
    },
    render::Template,
    store::StoredTemplate,
};

use super::{
    code::{ADMIN, code, no_template},
    decode::TemplateReplacement,
    problem::refused,
};
use crate::App;

/// What templates there are.
#[derive(JsonSchema, Serialize)]
#[schemars(inline)]
pub struct ListView {
    items: Vec<CodeView>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(inline)]
struct CodeView {
    code: String,
}

pub async fn list(app: &App, request: &Request) -> Result<Reply, Problem> {
    Access::ADMIN_OR_SERVICE.caller(&app.bearer, request.headers()).await?;
    let items = app.store.template_codes().await?.into_iter().map(|code| CodeView { code }).collect();
    Ok(Reply::json(StatusCode::OK, &ListView { items }))
}

pub async fn get(app: &App, request: &Request, raw_code: &str) -> Result<Reply, Problem> {
    Access::ADMIN_OR_SERVICE.caller(&app.bearer, request.headers()).await?;
    let found = app.store.template(code(raw_code)?).await?;
    Ok(shown(StatusCode::OK, &found.ok_or_else(no_template)?))
}

pub async fn put(app: &App, request: &Request, raw_code: &str) -> Result<Reply, Problem> {
    let caller = ADMIN.caller(&app.bearer, request.headers()).await?;
    let (code, idempotent) = (code(raw_code)?, IdempotentRequest::of(request, &caller.subject)?);
    let TemplateReplacement { code: _, locales } =
        TemplateReplacement::decode_with(request.body(), code, Faults::default())?;
    let template = Template { code: code.to_owned(), locales };
    let write = async {
        let precondition = etag::precondition(request.headers());
        let written = app.store.put_template(&template, precondition.as_ref(), app.clock.now()).await;
        let (stored, is_new) = written.map_err(|error| refused(error, "Template not found"))?;
        Ok(shown(if is_new { StatusCode::CREATED } else { StatusCode::OK }, &stored))
    };
    idempotent.run(&app.store, write).await
}

pub async fn delete(app: &App, request: &Request, raw_code: &str) -> Result<Reply, Problem> {
    let caller = ADMIN.caller(&app.bearer, request.headers()).await?;
    let (code, idempotent) = (code(raw_code)?, IdempotentRequest::of(request, &caller.subject)?);
    let write = async {
        let precondition = etag::precondition(request.headers());
        let deleted = app.store.delete_template(code, precondition.as_ref(), app.clock.now()).await;
        deleted.map_err(|error| refused(error, "Template not found"))?;
        Ok(Reply::empty(StatusCode::NO_CONTENT))
    };
    idempotent.run(&app.store, write).await
}

fn shown(status: StatusCode, stored: &StoredTemplate) -> Reply {
    Reply::json(status, &stored.template).etag(stored.version)
}
