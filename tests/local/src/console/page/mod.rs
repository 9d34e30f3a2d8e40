//! `/_local/ui`: a page that shows what becomes of notifications, with their decisions, and everything around them: users,
//! templates, inboxes, topics, runs, dead letters, and the requests to the API. It has buttons to send notifications, to switch settings
//! and to inject faults. `/` leads there.
//!
//! Where the API can do something, the page asks the API. These routes are for the rest:
//!
//! | path | |
//! |---|---|
//! | `GET /_local/ui`, `GET /_local/ui/{view}` | the page, by the name of a view; each view has its own URL, filters and selection included |
//! | `GET /_local/ui/{file}` | its scripts and its style |
//! | `GET /_local/ui/events` | server-sent events: `notification` with the current state and after every change, `state`, `runs` after something of a run was written, and `requests` after each request to the API |
//! | `GET /_local/ui/data/notifications` | the notifications that a filter takes: `user`, `channel`, `status`, `category`, `run`, `text`, `after` |
//! | `GET /_local/ui/data/notifications/{id}` | one of them, with what the providers got |
//! | `POST /_local/ui/data/notifications/{id}/retry` | ends the wait for the next attempt on a channel |
//! | `GET /_local/ui/data/runs` | the runs that a filter takes: `audience`, `status`, `text`, `after` |
//! | `GET /_local/ui/data/runs/{id}` | one of them, with the states of its deliveries, who was left out, and the request for another one |
//! | `GET /_local/ui/data/requests`, `GET /_local/ui/data/requests/{place}` | requests to the API, with status and reason, without headers and bodies |
//! | `GET /_local/ui/emails/{message_id}` | the HTML part of an email that SES's stand-in accepted |
//! | `POST /_local/ui/data/drafts`, `GET /_local/ui/data/drafts/{id}` | keeps and shows the HTML of an email that was only rendered |
//! | `POST /_local/ui/channels` | sets up the channels that the demo does not have at the start |

mod api_log;
mod assets;
mod captured;
mod channels;
mod drafts;
mod events;
mod feed;
mod filter;
mod list;
mod requests;
mod retry;
mod runs;
mod state;
#[cfg(test)]
mod tests;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Redirect;
use axum::routing::{get, post};

use self::api_log::ApiLog;
use self::drafts::Drafts;
use self::feed::Feed;
use self::runs::KnownRuns;
use crate::aws::proxy::{Told, Written};
use crate::control::Control;
use crate::stack::Additions;

/// The parts of the stack that the page uses.
#[derive(Debug)]
struct Page {
    control: Arc<Control>,
    /// The notifications that were written.
    feed: Arc<Feed>,
    /// The runs.
    runs: Arc<KnownRuns>,
    /// The requests to the API.
    log: Arc<ApiLog>,
    /// Emails that were only rendered.
    drafts: Drafts,
}

type Shared = State<Arc<Page>>;

/// The page as an addition to a stack.
pub fn additions() -> Additions {
    let (feed, runs, log) = (Arc::new(Feed::default()), Arc::new(KnownRuns::default()), Arc::new(ApiLog::default()));
    let (told, heard) = (told(feed.clone(), runs.clone()), log.clone().listen());
    let routes = Box::new(|control| routes(Arc::new(Page { control, feed, runs, log, drafts: Drafts::default() })));
    Additions { routes, told: Some(told), heard: Some(heard), ..Additions::default() }
}

/// The function for the proxy before DynamoDB, which reports writes.
fn told(feed: Arc<Feed>, runs: Arc<KnownRuns>) -> Told {
    Arc::new(move |written| match written {
        Written::Notification(id) => feed.written(id),
        Written::Run(id) => runs.written(id),
    })
}

fn routes(page: Arc<Page>) -> Router {
    Router::new()
        .route("/", get(async || Redirect::temporary("/_local/ui")))
        .route("/_local/ui", get(assets::page))
        .route("/_local/ui/events", get(events::events))
        .route("/_local/ui/channels", post(channels::set_up))
        .route("/_local/ui/data/notifications", get(list::list))
        .route("/_local/ui/data/notifications/{id}", get(list::one))
        .route("/_local/ui/data/notifications/{id}/retry", post(retry::retry))
        .route("/_local/ui/data/runs", get(runs::list))
        .route("/_local/ui/data/runs/{id}", get(runs::one))
        .route("/_local/ui/data/requests", get(api_log::list))
        .route("/_local/ui/data/requests/{place}", get(api_log::one))
        .route("/_local/ui/data/drafts", post(drafts::keep))
        .route("/_local/ui/data/drafts/{id}", get(drafts::show))
        .route("/_local/ui/emails/{message_id}", get(assets::email))
        .route("/_local/ui/{*path}", get(assets::view_or_file))
        .with_state(page)
}
