//! Contract 2, Akana: notification groups of a user, log-in, the list of groups, and a business's security settings.
//! Where a log-in is required and not given, the answer is 401, whatever the path names: its document knows no 403 and no 404.

mod access;
mod account;
mod account_change;
mod cookies;
mod login;
mod media;
mod openapi;
mod problem;
mod security;
mod types;

use lambda_http::Request;
use shared::http::{Reply, Unserved};

use crate::App;
pub use openapi::document;
use problem::Problem;

/// Whether the path is one of the contract's.
pub fn takes(path: &[&str]) -> bool {
    matches!(
        path,
        ["api", "users", _, "settings"]
            | ["api", "login"]
            | ["api", "login", "renewToken" | "logout"]
            | ["api", "notifications", "types"]
            | ["api", "businesses", _, "securitysettings"]
    )
}

/// The refusal of a request that no handler answers.
pub fn unserved(why: Unserved) -> Reply {
    problem::reply(&why.into())
}

/// Answers a request for a path that it [`takes`].
pub async fn handle(app: &App, request: &Request, path: &[&str]) -> Reply {
    let answer = match path {
        ["api", "users", id, "settings"] => account::handle(app, request, id).await,
        ["api", "login"] => login::login(app, request).await,
        ["api", "login", "renewToken"] => login::renew(app, request).await,
        ["api", "login", "logout"] => login::logout(request),
        ["api", "notifications", "types"] => types::handle(app, request).await,
        ["api", "businesses", id, "securitysettings"] => security::handle(app, request, id).await,
        _ => Err(Problem::Internal),
    };
    answer.unwrap_or_else(|problem| problem::reply(&problem))
}
