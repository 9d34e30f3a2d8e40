//! `/_local/ui`: a page that shows deliveries as they happen, each with its decision, and has a button for whatever can be
//! sent, switched or broken here.
//!
//! | path | |
//! |---|---|
//! | `GET /_local/ui`, `GET /_local/ui/{file}` | the page, its scripts and its style |
//! | `GET /_local/ui/events` | server-sent events: `notification`, as it is and whenever it changes, and `state` |
//! | `GET /_local/ui/emails/{message_id}` | the HTML part of an email that SES's stand-in took |
//! | `POST /_local/ui/channels` | sets up the channels that the demo begins without |

mod assets;
mod channels;
mod events;
mod feed;
mod requests;
mod state;
#[cfg(test)]
mod tests;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::control::Control;
pub use feed::Feed;

/// The page's routes.
pub(crate) fn routes() -> Router<Arc<Control>> {
    Router::new()
        .route("/_local/ui", get(assets::page))
        .route("/_local/ui/events", get(events::events))
        .route("/_local/ui/channels", post(channels::set_up))
        .route("/_local/ui/emails/{message_id}", get(assets::email))
        .route("/_local/ui/{file}", get(assets::file))
}
