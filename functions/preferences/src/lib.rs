//! Preferences of users. One folder a dialect: it knows JSON, headers and statuses, and holds no rule.

#![cfg_attr(
    not(test),
    warn(
        clippy::indexing_slicing,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::string_slice,
        clippy::todo,
        clippy::unimplemented,
        clippy::unreachable
    )
)]

mod akana;
mod app;
mod flashback;
mod groups;
mod native;
mod preference_center;
mod valara;

use std::sync::Arc;

use lambda_http::Request;
use shared::{
    dialects::native::Problem,
    http::{Reply, Unserved, openapi::Document, path},
};

pub use app::{
    Akana, Ancestors, Anonymous, App, Brand, InvalidBrand, InvalidOrigins, KnownSecurity, Offer, PreferenceCenter,
    UnknownAnonymous,
};
use flashback::Subject;

/// Answers one request.
pub async fn handle(app: Arc<App>, request: Arc<Request>) -> Reply {
    let path = path::segments(&request).unwrap_or_default();
    let path: Vec<_> = path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["api", "v1", "users", id, "preferences"] if valara::takes(request.method()) => {
            valara::handle(&app, &request, id).await
        }
        ["api", "v1", "users", id, "preferences"] => native::channel_preferences::handle(&app, &request, id).await,
        ["api", "v1", "users", id, "quiet-hours"] => native::quiet_hours::handle(&app, &request, id).await,
        ["api", "v1", "users", id, "preference-link"] => native::preference_link::handle(&app, &request, id).await,
        ["api", "v1", "users", id, "links"] => native::links::handle(&app, &request, id).await,
        ["api", "v1", "categories"] => native::categories::all(&app, &request).await,
        ["api", "v1", "categories", handle] => native::categories::one(&app, &request, handle).await,
        ["preferences"] => preference_center::handle(&app, &request).await,
        ["unsubscribe"] => native::unsubscribe::handle(&app, &request).await,
        ["settings", "user"] => flashback::handle(&app, &request, Subject::User).await,
        ["settings", "organization"] => flashback::handle(&app, &request, Subject::Organization).await,
        path if akana::takes(path) => akana::handle(&app, &request, path).await,
        _ => Problem::not_found("There is nothing at this path").reply(),
    }
}

/// The refusal of a request that no handler answers.
pub fn unserved(app: &App, request: &Request, why: Unserved) -> Reply {
    let path = path::segments(request).unwrap_or_default();
    let path: Vec<_> = path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["api", "v1", "users", _, "preferences"] if valara::takes(request.method()) => {
            valara::unserved(app, request, why)
        }
        ["preferences"] => preference_center::unserved(app, request, why),
        ["unsubscribe"] => native::unsubscribe::unserved(app, request, why),
        ["settings", "user"] => flashback::unserved(request, Subject::User, why),
        ["settings", "organization"] => flashback::unserved(request, Subject::Organization, why),
        path if akana::takes(path) => akana::unserved(why),
        _ => Problem::unserved(why).reply(),
    }
}

/// The function's part of the OpenAPI document.
pub fn document(doc: &mut Document) {
    native::channel_preferences::document(doc);
    akana::document(doc);
    valara::document(doc);
    flashback::document(doc);
    native::categories::document(doc);
    native::quiet_hours::document(doc);
    native::unsubscribe::document(doc);
    preference_center::document(doc);
    native::preference_link::document(doc);
    native::links::document(doc);
}
