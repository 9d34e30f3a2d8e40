//! `/unsubscribe?token=…`, the target of every email's `List-Unsubscribe` (RFC 8058). The token alone gives the right.
//! `GET` changes nothing, since mail scanners follow links too: it shows the question, and all other preferences below
//! it. `POST` opts out.

mod openapi;

use std::sync::Arc;

use lambda_http::{
    Request, RequestExt,
    http::{Method, StatusCode},
};
use shared::{
    domain::{Categories, UserChange, user::UserRecord, user_change::Rule},
    http::{Reply, Unserved, form},
    store::UpdateUserError,
    unsubscribe::Link,
};

use crate::{
    App,
    groups::Choice,
    preference_center::{
        Look, Own, Refusal, action_for,
        page::{self, Page},
        reply,
    },
};

pub use openapi::document;

/// The field and the value that a mail program posts.
const ONE_CLICK: (&str, &str) = ("List-Unsubscribe", "One-Click");

/// Answers a request for the path, whatever its method.
pub async fn handle(app: &App, request: &Request) -> Reply {
    let look = look(request);
    let answer = match *request.method() {
        Method::GET => show(app, request, &look).await,
        Method::POST => post(app, request, &look).await,
        _ => Err(Refusal::MethodNotAllowed("GET, HEAD, POST")),
    };
    answer.unwrap_or_else(|refusal| reply(&refusal, &look, false))
}

/// The refusal of a request that no handler answers.
pub fn unserved(request: &Request, why: Unserved) -> Reply {
    reply(&why.into(), &look(request), false)
}

fn look(request: &Request) -> Look {
    // No other page may show this page in a frame: a click here changes something.
    Look::of_anybody(request.headers(), false, "'none'")
}

/// The question, and all preferences below it. For a missing user, only the question. So the holder of a link can tell
/// that its user is gone, but not whether the user was erased or never existed.
async fn show(app: &App, request: &Request, look: &Look) -> Result<Reply, Refusal> {
    let (link, _) = link(app, request).await?;
    let categories = app.categories().await?;
    let groups = app.groups(&categories);
    let user = match app.store.user(link.opt_out.user).await? {
        Some(UserRecord::Present(user)) if !link.binding.is_for(&user) => return Err(Own::Expired.into()),
        Some(UserRecord::Present(user)) if link.binding.opens(&user) => user,
        // Of a user who is not there nothing else can be shown, and of one whose links have been ended nothing else is.
        _ => return Ok(page::ask(look, groups, &link.opt_out)),
    };
    let (look, action) = (look.clone().of(&user), action_for(app, &user, link.end).await?);
    let question = Some(&link.opt_out);
    let page = Page { look: &look, groups, user: &user, action: &action, refused: None, saved: false, question };
    Ok(page.reply(StatusCode::OK))
}

/// Opts out. The answer is the same if the user is out already. For a missing or erased user it is the same too:
/// nothing is sent to them either.
async fn post(app: &App, request: &Request, look: &Look) -> Result<Reply, Refusal> {
    let (link, token) = link(app, request).await?;
    let (name, value) = ONE_CLICK;
    let given = form::field(request.headers(), request.body(), name)?;
    if !given.is_some_and(|given| given.trim().eq_ignore_ascii_case(value)) {
        return Err(Own::NotOneClick.into());
    }
    let categories = if link.opt_out.group.is_some() { app.categories().await? } else { Arc::default() };
    if link.opt_out.group.as_deref().is_some_and(|group| categories.is_required(group)) {
        return Err(Own::Required.into());
    }
    match write(app, &link, &categories).await {
        Ok(()) | Err(UpdateUserError::NotFound | UpdateUserError::Erased) => {
            tracing::info!(user_id = %link.opt_out.user, channel = %link.opt_out.channel, "opted out by a link");
            Ok(page::done(look, app.groups(&categories), &link.opt_out, &format!("unsubscribe?token={token}")))
        }
        Err(error @ (UpdateUserError::Store(_) | UpdateUserError::TooLarge(_))) => Err(error.into()),
        // Somebody else has this id now.
        Err(UpdateUserError::Forbidden) => Err(Own::Expired.into()),
        Err(error @ (UpdateUserError::Stale | UpdateUserError::EmailTaken | UpdateUserError::EmailLocked)) => {
            Err(Refusal::internal(&error))
        }
    }
}

/// The user is not read first: whatever the user has chosen before, the user is out now.
async fn write(app: &App, link: &Link, categories: &Categories) -> Result<(), UpdateUserError> {
    let opt_out = &link.opt_out;
    let mut change = UserChange { rule: Some(Rule::UnsubscribeLink(link.binding)), ..UserChange::default() };
    let choice = opt_out.group.clone().map(|group| Choice { group, is_in: false });
    if choice.is_none() {
        change.channels.insert(opt_out.channel, false);
    }
    let change = (change, choice.as_slice());
    app.groups(categories).write(&app.store, opt_out.user, change, None, None, app.clock.now()).await.map(drop)
}

/// What leads here.
async fn link(app: &App, request: &Request) -> Result<(Link, String), Refusal> {
    let query = request.query_string_parameters();
    let token = match query.all("token").as_deref() {
        Some([token]) => (*token).to_owned(),
        _ => return Err(Own::NotOurs.into()),
    };
    let now = app.clock.now();
    let link = app.opt_outs.read(|key| key.read(&token, now)).await?.map_err(Own::from)?;
    Ok((link, token))
}
