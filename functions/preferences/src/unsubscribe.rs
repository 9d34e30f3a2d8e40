//! `/unsubscribe?token=…`, which every email's `List-Unsubscribe` leads to (RFC 8058). The token is all the right that is
//! needed. `GET`, which scanners of mail follow too, changes nothing; `POST` opts out.

mod openapi;
mod page;

use lambda_http::{Request, RequestExt, http::Method};
use shared::{
    domain::Timestamp,
    http::{Reply, form},
    secrets::SecretError,
    signing::KeysError,
    store::{StoreError, UpdateUserError, UserChange},
    telemetry,
    unsubscribe::{BadToken, OptOut},
};

use crate::App;
pub use openapi::document;
use page::Page;

/// What a mail program posts: the field and its value.
const ONE_CLICK: (&str, &str) = ("List-Unsubscribe", "One-Click");

/// Answers a request for the path, whatever its method.
pub async fn handle(app: &App, request: &Request) -> Reply {
    let answer = match *request.method() {
        Method::GET => opt_out(app, request).await.map(Page::Ask),
        Method::POST => post(app, request).await.map(Page::Done),
        _ => Err(Page::MethodNotAllowed),
    };
    answer.unwrap_or_else(|refusal| refusal).reply()
}

/// Opts out, or finds it done. A user who is not there, or no longer, gets the same answer: nothing is sent to them either,
/// and a link must not tell who is.
async fn post(app: &App, request: &Request) -> Result<OptOut, Page> {
    let opt_out = opt_out(app, request).await?;
    let (name, value) = ONE_CLICK;
    let given = form::field(request.headers(), request.body(), name).map_err(|_| Page::TooLarge)?;
    if !given.is_some_and(|given| given.trim().eq_ignore_ascii_case(value)) {
        return Err(Page::NotOneClick);
    }
    match write(app, &opt_out).await {
        Ok(()) | Err(UpdateUserError::NotFound | UpdateUserError::Erased) => {
            tracing::info!(user_id = %opt_out.user, channel = %opt_out.channel, "opted out by a link");
            Ok(opt_out)
        }
        Err(UpdateUserError::Store(error @ StoreError::Unavailable(_))) => Err(failed(&error, Page::Unavailable)),
        Err(
            error @ (UpdateUserError::Forbidden
            | UpdateUserError::Stale
            | UpdateUserError::EmailTaken
            | UpdateUserError::TooLarge(_)
            | UpdateUserError::Store(_)),
        ) => Err(failed(&error, Page::Internal)),
    }
}

/// A known group is contract 2's, any other one a handle of contract 3's: written where the user's own dialect shows it and
/// can take it back.
async fn write(app: &App, opt_out: &OptOut) -> Result<(), UpdateUserError> {
    let mut change = UserChange::default();
    match &opt_out.group {
        None => drop(change.channels.insert(opt_out.channel, false)),
        Some(group) if app.akana.groups.names().contains(group) => drop(change.groups.insert(group.clone(), false)),
        Some(group) => change.handles.enable(group, false),
    }
    match (app.store.update_user(opt_out.user, &change, None, Timestamp::now()).await, &opt_out.group) {
        // So many handles that no further one is taken: an opt-out still is.
        (Err(UpdateUserError::TooLarge(_)), Some(group)) => {
            let change = UserChange { groups: [(group.clone(), false)].into(), ..UserChange::default() };
            app.store.update_user(opt_out.user, &change, None, Timestamp::now()).await.map(drop)
        }
        (written, _) => written.map(drop),
    }
}

/// What the request's token says.
async fn opt_out(app: &App, request: &Request) -> Result<OptOut, Page> {
    let query = request.query_string_parameters();
    let token = match query.all("token").as_deref() {
        Some([token]) => *token,
        _ => return Err(Page::NotOurs),
    };
    let key = app.opt_outs.key().await.map_err(|error| match &error {
        KeysError::Secret(SecretError::Unavailable) => failed(&error, Page::Unavailable),
        KeysError::Secret(SecretError::Refused(_)) | KeysError::Unusable(_) => failed(&error, Page::Internal),
    })?;
    key.read(token, Timestamp::now()).map_err(|bad| match bad {
        BadToken::Invalid => Page::NotOurs,
        BadToken::Expired => Page::Expired,
    })
}

fn failed(error: &(dyn std::error::Error + 'static), page: Page) -> Page {
    tracing::error!(error = telemetry::chain(error), "refused");
    page
}
