//! Contract 3's notifications and deliveries: all of them, or a user's, as an application reads them; and its runs, as it makes them.

mod deliveries;
mod filter;
mod flat;
mod id;
mod lookup;
mod notifications;
mod openapi;
mod origin;
mod reader;
mod run;
mod run_body;
mod status;
mod view;

use lambda_http::{Request, http::Method};
use shared::{
    dialects::notiflows::{Own, Problem, reply},
    domain::Scope,
    http::Reply,
};

use crate::App;

pub use openapi::document;

/// Answers a request below `/admin/v1`.
pub async fn handle(app: &App, request: &Request, below: &[&str]) -> Reply {
    reply(answer(app, request, below).await, request)
}

async fn answer(app: &App, request: &Request, below: &[&str]) -> Result<Reply, Problem> {
    if let ["notiflows", handle, "run"] = below {
        return match *request.method() {
            Method::POST => run::post(app, request, handle).await,
            _ => Err(Problem::MethodNotAllowed("POST")),
        };
    }
    let (user, below) = match below {
        ["users", user, below @ ..] => (Some(*user), below),
        below => (None, below),
    };
    let is_known = matches!(below, ["notifications" | "deliveries"] | ["notifications" | "deliveries", _])
        || user.is_none() && matches!(below, ["notifications", _, "deliveries"]);
    if !is_known {
        return Err(Own::NoSuchPath.into());
    }
    if request.method() != Method::GET {
        return Err(Problem::MethodNotAllowed("GET, HEAD"));
    }
    let caller = app.keys.application(&app.store, request.headers(), Scope::NotificationsRead).await?;
    let of = match user {
        Some(external) => Some(lookup::recipient(app, external).await?),
        None => None,
    };
    match below {
        ["notifications"] => notifications::list(app, request, &caller, of).await,
        ["notifications", id] => notifications::one(app, &caller, of, id).await,
        ["notifications", id, "deliveries"] => deliveries::of_notification(app, request, &caller, id).await,
        ["deliveries"] => deliveries::list(app, request, &caller, of).await,
        ["deliveries", id] => deliveries::one(app, &caller, of, id).await,
        _ => Err(Own::NoSuchPath.into()),
    }
}
