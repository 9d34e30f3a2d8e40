//! `/unsubscribe?token=…`, the target of every email's `List-Unsubscribe` (RFC 8058). The token alone gives the right.
//! `GET` changes nothing, since mail scanners follow links too: it shows the question, and all other preferences below
//! it. `POST` opts out.

mod openapi;

use lambda_http::{
    Request, RequestExt,
    http::{Method, StatusCode},
};
use shared::{
    domain::{UserChange, user::UserRecord, user_change::Rule},
    http::{Reply, Unserved, form},
    store::UpdateUserError,
    telemetry,
    unsubscribe::Link,
};

use crate::{
    App,
    groups::{Choice, Groups},
    preference_center::{
        Look, Own, Refusal, action_for,
        page::{self, Page},
        reply,
    },
};

pub use openapi::document;

/// The field and the value that a mail program posts.
const ONE_CLICK: (&str, &str) = ("List-Unsubscribe", "One-Click");

/// The field and the value of the button that takes an opt-out back.
const UNDO: (&str, &str) = ("Undo", "1");

/// Answers a request for the path, whatever its method.
pub async fn handle(app: &App, request: &Request) -> Reply {
    let look = look(app, request);
    let answer = match *request.method() {
        Method::GET => show(app, request, &look).await,
        Method::POST => post(app, request, &look).await,
        _ => Err(Refusal::MethodNotAllowed("GET, HEAD, POST")),
    };
    answer.unwrap_or_else(|refusal| reply(&refusal, &look, false))
}

/// The refusal of a request that no handler answers.
pub fn unserved(app: &App, request: &Request, why: Unserved) -> Reply {
    reply(&why.into(), &look(app, request), false)
}

fn look(app: &App, request: &Request) -> Look {
    // No other page may show this page in a frame: a click here changes something.
    Look::of_anybody(request.headers(), false, "'none'", &app.preference_center.brand)
}

/// The question, and all preferences below it. For a missing user, only the question. So the holder of a link can tell
/// that its user is gone, but not whether the user was erased or never existed.
async fn show(app: &App, request: &Request, look: &Look) -> Result<Reply, Refusal> {
    let (link, _) = link(app, request).await?;
    let offer = app.offer().await?;
    let groups = offer.groups();
    let user = match app.store.user(link.opt_out.user).await? {
        Some(UserRecord::Present(user)) if !link.binding.is_for(&user) => return Err(Own::Expired.into()),
        Some(UserRecord::Present(user)) if link.binding.opens(&user) => user,
        // Of a user who is not there nothing else can be shown, and of one whose links have been ended nothing else is.
        _ => return Ok(page::ask(look, groups, &link.opt_out)),
    };
    let (look, action) = (look.clone().of(&user), action_for(app, &user, link.end).await?);
    let question = Some(&link.opt_out);
    let page = Page {
        look: &look,
        groups,
        user: &user,
        action: &action,
        refused: None,
        saved: false,
        question,
        now: app.clock.now(),
    };
    Ok(page.reply(StatusCode::OK))
}

/// Opts out, or takes that back. The answer is the same if the user is out already. For a missing or erased user it is the same too:
/// nothing is sent to them either.
async fn post(app: &App, request: &Request, look: &Look) -> Result<Reply, Refusal> {
    let (link, token) = link(app, request).await?;
    let says = |(name, value): (&str, &str)| {
        let given = form::field(request.headers(), request.body(), name)?;
        Ok::<_, Refusal>(given.is_some_and(|given| given.trim().eq_ignore_ascii_case(value)))
    };
    let (is_undo, next) = (says(UNDO)?, format!("unsubscribe?token={token}"));
    if !is_undo && !says(ONE_CLICK)? {
        return Err(Own::NotOneClick.into());
    }
    if is_undo {
        return undo(app, look, &link, app.offer().await?.groups(), &next).await;
    }
    // An opt-out does not depend on the catalogue: one from a category that is required is stored and does nothing.
    let offer = app.offer().await.unwrap_or_else(|error| {
        tracing::error!(error = telemetry::chain(&error), "an opt-out goes on without the catalogue and the channels");
        app.offer_unread()
    });
    let groups = offer.groups();
    if link.opt_out.group.as_deref().is_some_and(|group| groups.categories.is_required(group)) {
        return Err(Own::Required.into());
    }
    match write(app, &link, groups).await {
        Ok(()) | Err(UpdateUserError::NotFound | UpdateUserError::Erased) => {
            tracing::info!(user_id = %link.opt_out.user, channel = %link.opt_out.channel, "opted out by a link");
            Ok(page::done(look, groups, &link.opt_out, &next))
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
async fn write(app: &App, link: &Link, groups: Groups<'_>) -> Result<(), UpdateUserError> {
    let opt_out = &link.opt_out;
    let mut change = UserChange { rule: Some(Rule::UnsubscribeLink(link.binding)), ..UserChange::default() };
    let choice = opt_out.group.clone().map(|group| Choice { group, is_in: false });
    if choice.is_none() {
        change.channels.insert(opt_out.channel, false);
    }
    let change = (change, choice.as_slice());
    groups.write(&app.store, opt_out.user, change, None, None, app.clock.now()).await.map(drop)
}

/// Takes an opt-out back. That is a change towards more messages, so a link that does not open the preferences any more does not do it
/// either. The user is read first, since each entry that keeps the user out has to be changed.
async fn undo(app: &App, look: &Look, link: &Link, groups: Groups<'_>, next: &str) -> Result<Reply, Refusal> {
    let opt_out = &link.opt_out;
    let user = match app.store.user(opt_out.user).await? {
        Some(UserRecord::Present(user)) if link.binding.opens(&user) => user,
        _ => return Err(Own::Expired.into()),
    };
    let mut change = UserChange { rule: Some(Rule::PreferenceLink(link.binding)), ..UserChange::default() };
    let choice = opt_out.group.clone().map(|group| Choice { group, is_in: true });
    if choice.is_none() {
        change.channels.insert(opt_out.channel, true);
    }
    let change = (change, choice.as_slice());
    let written = groups.write(&app.store, opt_out.user, change, Some(&user), None, app.clock.now()).await;
    match written {
        Ok(_) => {
            tracing::info!(user_id = %opt_out.user, channel = %opt_out.channel, "an opt-out by a link was taken back");
            Ok(page::undone(&look.clone().of(&user), next))
        }
        Err(UpdateUserError::NotFound | UpdateUserError::Erased | UpdateUserError::Forbidden) => {
            Err(Own::Expired.into())
        }
        Err(error @ (UpdateUserError::Store(_) | UpdateUserError::TooLarge(_))) => Err(error.into()),
        Err(error @ (UpdateUserError::Stale | UpdateUserError::EmailTaken | UpdateUserError::EmailLocked)) => {
            Err(Refusal::internal(&error))
        }
    }
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
