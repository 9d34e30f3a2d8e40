//! `/_local/ui`: a page that shows deliveries as they happen, with their decisions. It has buttons to send
//! notifications, to switch settings and to inject faults.
//!
//! | path | |
//! |---|---|
//! | `GET /_local/ui`, `GET /_local/ui/{file}` | the page, its scripts and its style |
//! | `GET /_local/ui/events` | server-sent events: `notification` with the current state and after every change, and `state` |
//! | `GET /_local/ui/emails/{message_id}` | the HTML part of an email that SES's stand-in accepted |
//! | `POST /_local/ui/channels` | sets up the channels that the demo does not have at the start |

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
use axum::extract::State;
use axum::routing::{get, post};

use self::feed::Feed;
use crate::control::Control;
use crate::stack::Additions;

/// The parts of the stack that the page uses.
#[derive(Debug)]
struct Page {
    control: Arc<Control>,
    /// The notifications that were written.
    feed: Arc<Feed>,
}

type Shared = State<Arc<Page>>;

/// The page as an addition to a stack.
pub fn additions() -> Additions {
    let feed = Arc::new(Feed::default());
    let told = feed.clone().told();
    let routes = Box::new(|control| routes(Arc::new(Page { control, feed })));
    Additions { routes, told: Some(told), ..Additions::default() }
}

fn routes(page: Arc<Page>) -> Router {
    Router::new()
        .route("/_local/ui", get(assets::page))
        .route("/_local/ui/events", get(events::events))
        .route("/_local/ui/channels", post(channels::set_up))
        .route("/_local/ui/emails/{message_id}", get(assets::email))
        .route("/_local/ui/{file}", get(assets::file))
        .with_state(page)
}
