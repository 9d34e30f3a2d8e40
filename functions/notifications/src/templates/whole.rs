//! `/api/v1/templates/{code}`: all locales of a template or of its draft at once.

use lambda_http::{Request, http::StatusCode};
use shared::{
    dialects::native::{Access, Problem},
    http::{IdempotentRequest, Reply, etag, request::RequestBody},
    render::Template,
};

use super::{
    code::{ADMIN, State, StateQuery, code, shown, written},
    decode::TemplateReplacement,
    problem::refused,
};
use crate::App;

pub async fn get(app: &App, request: &Request, raw_code: &str) -> Result<Reply, Problem> {
    let (_, query): (_, StateQuery) = Access::ADMIN_OR_SERVICE.caller(&app.bearer, request).await?;
    Ok(shown(StatusCode::OK, &query.state().read(app, code(raw_code)?).await?))
}

pub async fn put(app: &App, request: &Request, raw_code: &str) -> Result<Reply, Problem> {
    let (caller, query): (_, StateQuery) = ADMIN.caller(&app.bearer, request).await?;
    let (code, idempotent) = (code(raw_code)?, IdempotentRequest::of(request, &caller)?);
    let TemplateReplacement { code: _, locales } = TemplateReplacement::decode_with(request.body(), code)?;
    let template = Template { code: code.to_owned(), locales };
    let write = async {
        let precondition = etag::precondition(request.headers());
        let (precondition, now) = (precondition.as_ref(), app.clock.now());
        let stored = match query.state() {
            State::Published => app.store.put_template(&template, precondition, now).await,
            State::Draft => app.store.put_template_draft(&template, precondition, now).await,
        };
        let stored = stored.map_err(|error| refused(error, query.state().missing()))?;
        Ok(shown(written(stored.is_new), &stored.now))
    };
    idempotent.run(&app.store, write).await
}

pub async fn delete(app: &App, request: &Request, raw_code: &str) -> Result<Reply, Problem> {
    let (caller, query): (_, StateQuery) = ADMIN.caller(&app.bearer, request).await?;
    let (code, idempotent) = (code(raw_code)?, IdempotentRequest::of(request, &caller)?);
    let write = async {
        let precondition = etag::precondition(request.headers());
        let (precondition, now) = (precondition.as_ref(), app.clock.now());
        let deleted = match query.state() {
            State::Published => app.store.delete_template(code, precondition, now).await,
            State::Draft => app.store.delete_template_draft(code, precondition, now).await,
        };
        deleted.map_err(|error| refused(error, query.state().missing()))?;
        Ok(Reply::empty(StatusCode::NO_CONTENT))
    };
    idempotent.run(&app.store, write).await
}
