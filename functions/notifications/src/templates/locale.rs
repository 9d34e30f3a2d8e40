//! `/api/v1/templates/{code}/locales/{tag}`: one locale of a template. Its version is that of the whole template.

use lambda_http::{Request, http::StatusCode};
use shared::{
    dialects::native::{Access, NoQuery, Problem},
    http::{IdempotentRequest, Reply, etag},
    render,
};

use super::{
    code::{ADMIN, code, no_template},
    decode::{self, A_LOCALE},
    problem::refused,
};
use crate::App;

const MISSING: &str = "Locale not found";

pub async fn get(app: &App, request: &Request, raw_code: &str, raw_tag: &str) -> Result<Reply, Problem> {
    let (_, NoQuery) = Access::ADMIN_OR_SERVICE.caller(&app.bearer, request).await?;
    let (code, tag) = (code(raw_code)?, tag(raw_tag)?);
    let found = app.store.template(code).await?.ok_or_else(no_template)?;
    let parts = found.template.locales.get(&tag).ok_or(Problem::not_found(MISSING))?;
    Ok(Reply::json(StatusCode::OK, parts).etag(found.version))
}

pub async fn put(app: &App, request: &Request, raw_code: &str, raw_tag: &str) -> Result<Reply, Problem> {
    let (caller, NoQuery) = ADMIN.caller(&app.bearer, request).await?;
    let (code, tag, idempotent) = (code(raw_code)?, tag(raw_tag)?, IdempotentRequest::of(request, &caller)?);
    let parts = decode::parts(request.body())?;
    let write = async {
        let precondition = etag::precondition(request.headers());
        let written = app.store.put_template_locale(code, &tag, &parts, precondition.as_ref(), app.clock.now()).await;
        let (stored, is_new) = written.map_err(|error| refused(error, MISSING))?;
        let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
        Ok(Reply::json(status, &parts).etag(stored.version))
    };
    idempotent.run(&app.store, write).await
}

pub async fn delete(app: &App, request: &Request, raw_code: &str, raw_tag: &str) -> Result<Reply, Problem> {
    let (caller, NoQuery) = ADMIN.caller(&app.bearer, request).await?;
    let (code, tag, idempotent) = (code(raw_code)?, tag(raw_tag)?, IdempotentRequest::of(request, &caller)?);
    let write = async {
        let precondition = etag::precondition(request.headers());
        let deleted = app.store.delete_template_locale(code, &tag, precondition.as_ref(), app.clock.now()).await;
        deleted.map_err(|error| refused(error, MISSING))?;
        Ok(Reply::empty(StatusCode::NO_CONTENT))
    };
    idempotent.run(&app.store, write).await
}

/// The locale that the path names, in its stored form.
fn tag(raw: &str) -> Result<String, Problem> {
    render::canonical(raw).ok_or_else(|| Problem::invalid(format!("tag must be {A_LOCALE}")))
}
