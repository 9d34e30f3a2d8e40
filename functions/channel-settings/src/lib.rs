//! Contract 3's settings of users for channels, and what users change themselves: their own settings and preferences.

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

mod admin;
mod app;
mod openapi;
mod own;
mod own_preferences;
mod view;

use std::sync::Arc;

use lambda_http::Request;
use shared::{
    dialects::notiflows::{Own, reply},
    http::{Reply, Unserved, path},
};

pub use app::App;
pub use openapi::document;

/// The refusal of a request that no handler answers.
pub fn unserved(_: &App, request: &Request, why: Unserved) -> Reply {
    reply(Err(why.into()), request)
}

/// Answers one request.
pub async fn handle(app: Arc<App>, request: Arc<Request>) -> Reply {
    let path = path::segments(&request).unwrap_or_default();
    let answer = match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["admin", "users", user, "channel-settings", channel]
        | ["admin", "v1", "users", user, "channel-settings", channel] => {
            admin::handle(&app, &request, user, channel).await
        }
        ["user", "channels", channel, "settings"] | ["user", "v1", "channels", channel, "settings"] => {
            own::handle(&app, &request, channel).await
        }
        ["user", "preferences"] | ["user", "v1", "preferences"] => own_preferences::handle(&app, &request).await,
        _ => Err(Own::NoSuchPath.into()),
    };
    reply(answer, &request)
}
