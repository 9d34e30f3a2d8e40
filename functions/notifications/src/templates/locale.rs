//! `/api/v1/templates/{code}/locales/{tag}`: one locale of a template or of its draft. Its version is that of the whole.

use lambda_http::{Request, http::StatusCode};
use shared::{
    dialects::native::{Access, Problem},
    http::{IdempotentRequest, Reply, etag},
    render,
};

use super::{
    code::{ADMIN, State, StateQuery, code, written},
    decode::{self, A_LOCALE},
    problem::refused,
};
use crate::App;

const MISSING: &str = "Locale not found";

pub async fn get(app: &App, request: &Request, raw_code: &str, raw_tag: &str) -> Result<Reply, Problem> {
    let (_, query): (_, StateQuery) = Access::ADMIN_OR_SERVICE.caller(&app.bearer, request).await?;
    let (code, tag) = (code(raw_code)?, tag(raw_tag)?);
    let found = query.state().read(app, code).await?;
    let parts = found.template.locales.get(&tag).ok_or(Problem::not_found(MISSING))?;
    Ok(Reply::json(StatusCode::OK, parts).etag(found.version))
}

pub async fn put(app: &App, request: &Request, raw_code: &str, raw_tag: &str) -> Result<Reply, Problem> {
    let (caller, query): (_, StateQuery) = ADMIN.caller(&app.bearer, request).await?;
    let (code, tag, idempotent) = (code(raw_code)?, tag(raw_tag)?, IdempotentRequest::of(request, &caller)?);
    let parts = decode::parts(request.body())?;
    let write = async {
        let precondition = etag::precondition(request.headers());
        let (precondition, now) = (precondition.as_ref(), app.clock.now());
        let stored = match query.state() {
            State::Published => app.store.put_template_locale(code, &tag, &parts, precondition, now).await,
            State::Draft => app.store.put_template_draft_locale(code, &tag, &parts, precondition, now).await,
        };
        let stored = stored.map_err(|error| refused(error, MISSING))?;
        Ok(Reply::json(written(stored.is_new), &parts).etag(stored.now.version))
    };
    idempotent.run(&app.store, write).await
}

pub async fn delete(app: &App, request: &Request, raw_code: &str, raw_tag: &str) -> Result<Reply, Problem> {
    let (caller, query): (_, StateQuery) = ADMIN.caller(&app.bearer, request).await?;
    let (code, tag, idempotent) = (code(raw_code)?, tag(raw_tag)?, IdempotentRequest::of(request, &caller)?);
    let write = async {
        let precondition = etag::precondition(request.headers());
        let (precondition, now) = (precondition.as_ref(), app.clock.now());
        let deleted = match query.state() {
            State::Published => app.store.delete_template_locale(code, &tag, precondition, now).await,
            State::Draft => app.store.delete_template_draft_locale(code, &tag, precondition, now).await,
        };
        deleted.map_err(|error| refused(error, MISSING))?;
        Ok(Reply::empty(StatusCode::NO_CONTENT))
    };
    idempotent.run(&app.store, write).await
}

/// The locale that the path names, in its stored form.
fn tag(raw: &str) -> Result<String, Problem> {
    render::canonical(raw).ok_or_else(|| Problem::invalid(format!("tag must be {A_LOCALE}")))
}
