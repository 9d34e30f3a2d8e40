//! Contract 5: free-form settings of the caller (`/settings/user`) and of his organisation (`/settings/organization`).

mod access;
mod decode;
mod openapi;
mod problem;
mod subject;

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use schemars::JsonSchema;
use serde::Serialize;
use shared::{
    domain::json::Object,
    domain::user_change::AllowedUser,
    http::{IdempotentRequest, Reply, Unserved, etag, openapi::Open},
    store::{SettingsOwner, StoredSettings},
};

use crate::App;
pub use openapi::document;
use problem::Problem;
pub use subject::Subject;
use subject::Verb;

const ALLOWED: &str = "GET, HEAD, PUT, POST, DELETE";

/// The part that the answers to a change and to a refusal share.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "SettingsDone")]
struct Done {
    success: bool,
    message: String,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "FlashbackSettings")]
struct Settings<'a> {
    success: bool,
    #[schemars(with = "Open")]
    settings: &'a Object,
}

/// Answers a request for the path, whatever its method.
pub async fn handle(app: &App, request: &Request, subject: Subject) -> Reply {
    let verb = verb(request);
    let answer = match verb {
        Some(verb) => change(app, request, subject, verb).await,
        None if *request.method() == Method::GET => read(app, request, subject).await,
        None => Err(Problem::MethodNotAllowed(ALLOWED)),
    };
    answer.unwrap_or_else(|problem| problem::reply(&problem::as_the_caller_s(problem), subject, verb))
}

/// The refusal of a request that no handler answers.
pub fn unserved(request: &Request, subject: Subject, why: Unserved) -> Reply {
    problem::reply(&why.into(), subject, verb(request))
}

/// The change that the request asks for. `None` if it reads.
fn verb(request: &Request) -> Option<Verb> {
    match *request.method() {
        Method::PUT => Some(Verb::Merge),
        Method::POST => Some(Verb::Replace),
        Method::DELETE => Some(Verb::Remove),
        _ => None,
    }
}

async fn read(app: &App, request: &Request, subject: Subject) -> Result<Reply, Problem> {
    let owner = access::reader(&app.bearer, request.headers(), subject).await?;
    let StoredSettings { values, version } = app.store.settings(&owner).await?;
    Ok(Reply::json(StatusCode::OK, &Settings { success: true, settings: &values }).etag(version))
}

async fn change(app: &App, request: &Request, subject: Subject, verb: Verb) -> Result<Reply, Problem> {
    let (caller, owner) = access::writer(&app.bearer, request.headers(), subject).await?;
    let idempotent = IdempotentRequest::of(request, &caller)?;
    let idempotent = if let SettingsOwner::User(id) = &owner {
        idempotent.about(&AllowedUser::without_rule(*id))
    } else {
        idempotent
    };
    let change = match verb {
        Verb::Merge => decode::merge(request.body()),
        Verb::Replace => decode::replace(request.body()),
        Verb::Remove => decode::remove(request.body()),
    }?;
    let precondition = etag::precondition(request.headers());
    let write = async {
        let version = app.store.change_settings(&owner, &change, precondition.as_ref()).await?;
        Ok(Reply::json(StatusCode::OK, &Done { success: true, message: subject.done(verb) }).etag(version))
    };
    idempotent.run(&app.store, write).await
}
