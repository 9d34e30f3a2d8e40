//! `/api/v1/templates` and `/api/v1/templates/{code}`: all locales of a template at once.

use lambda_http::{Request, http::StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use shared::{
    dialects::native::{
        Access, NoQuery, Problem,
        page::{DEFAULT_LIMIT, LIMIT, PageRequest, PageView},
    },
    http::{
        IdempotentRequest, Reply, etag,
        query::Cursor,
        request::{
            RequestBody,
            member::{optional, or},
        },
    },
    render::{Template, is_code},
    request_query,
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
#[schemars(rename = "Templates")]
pub struct ListView {
    items: Vec<CodeView>,
    page: PageView,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "TemplateSummary")]
struct CodeView {
    code: String,
}

request_query! {
    /// Which templates are listed.
    pub struct ListQuery {
        /// How many items a page has.
        limit: usize = or(LIMIT, DEFAULT_LIMIT),
        /// Where the page begins: the `after` of the page before. It is left out for the first page. On the last page `after` is `null`, and nothing follows.
        after: Option<String> = optional(Cursor(is_code)),
    }
}

pub async fn list(app: &App, request: &Request) -> Result<Reply, Problem> {
    let (_, ListQuery { limit, after }) = Access::ADMIN_OR_SERVICE.caller(&app.bearer, request).await?;
    let asked = PageRequest { limit, after };
    let codes = app.store.template_codes(asked.after.as_deref(), asked.limit);
    let (items, page) = asked.read(request, codes, |_, code| CodeView { code }).await?;
    Ok(Reply::json(StatusCode::OK, &ListView { items, page }))
}

pub async fn get(app: &App, request: &Request, raw_code: &str) -> Result<Reply, Problem> {
    let (_, NoQuery) = Access::ADMIN_OR_SERVICE.caller(&app.bearer, request).await?;
    let found = app.store.template(code(raw_code)?).await?;
    Ok(shown(StatusCode::OK, &found.ok_or_else(no_template)?))
}

pub async fn put(app: &App, request: &Request, raw_code: &str) -> Result<Reply, Problem> {
    let (caller, NoQuery) = ADMIN.caller(&app.bearer, request).await?;
    let (code, idempotent) = (code(raw_code)?, IdempotentRequest::of(request, &caller)?);
    let TemplateReplacement { code: _, locales } = TemplateReplacement::decode_with(request.body(), code)?;
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
    let (caller, NoQuery) = ADMIN.caller(&app.bearer, request).await?;
    let (code, idempotent) = (code(raw_code)?, IdempotentRequest::of(request, &caller)?);
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
