//! Templates: `/api/v1/templates`. Senders and operators read them, operators write them.

pub mod all;
pub mod code;
pub mod decode;
mod locale;
pub mod preview;
mod problem;
pub mod variables;
pub mod versions;
mod whole;

use lambda_http::{Request, http::Method};
use shared::{dialects::native::Problem, http::Reply};

use crate::App;

/// Answers a request for what is under `/api/v1/templates`.
pub async fn handle(app: &App, request: &Request, path: &[&str]) -> Result<Reply, Problem> {
    match path {
        [] => match *request.method() {
            Method::GET => all::list(app, request).await,
            Method::PUT => all::put(app, request).await,
            _ => Err(Problem::MethodNotAllowed("GET, HEAD, PUT")),
        },
        [code] => match *request.method() {
            Method::PUT => whole::put(app, request, code).await,
            Method::GET => whole::get(app, request, code).await,
            Method::DELETE => whole::delete(app, request, code).await,
            _ => Err(Problem::MethodNotAllowed("GET, HEAD, PUT, DELETE")),
        },
        [code, "locales", tag] => match *request.method() {
            Method::PUT => locale::put(app, request, code, tag).await,
            Method::GET => locale::get(app, request, code, tag).await,
            Method::DELETE => locale::delete(app, request, code, tag).await,
            _ => Err(Problem::MethodNotAllowed("GET, HEAD, PUT, DELETE")),
        },
        [code, "render"] => match *request.method() {
            Method::POST => preview::post(app, request, code).await,
            _ => Err(Problem::MethodNotAllowed("POST")),
        },
        [code, "publish"] => match *request.method() {
            Method::POST => versions::publish(app, request, code).await,
            _ => Err(Problem::MethodNotAllowed("POST")),
        },
        [code, "rollback"] => match *request.method() {
            Method::POST => versions::roll_back(app, request, code).await,
            _ => Err(Problem::MethodNotAllowed("POST")),
        },
        [code, "versions"] => match *request.method() {
            Method::GET => versions::list(app, request, code).await,
            _ => Err(Problem::MethodNotAllowed("GET, HEAD")),
        },
        [code, "versions", version] => match *request.method() {
            Method::GET => versions::get(app, request, code, version).await,
            _ => Err(Problem::MethodNotAllowed("GET, HEAD")),
        },
        _ => Err(Problem::not_found("There is nothing at this path")),
    }
}
