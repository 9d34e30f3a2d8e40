//! The preference centre, `/preferences?token=…`: a page on which users see and change their preferences, without an
//! account. The token alone gives the right, for one user. The page works as a plain form; with its script, each change
//! is saved at once. `GET` changes nothing.

mod form;
mod html;
mod openapi;
pub mod page;
mod refusal;
mod save;
mod state;
mod told;
mod translation;

use lambda_http::{
    Request, RequestExt,
    http::{Method, StatusCode, header},
};
use serde_json::{Map, Value};
use shared::{
    domain::{Timestamp, User},
    http::{Reply, Unserved},
    preference_link::{LIFETIME, Link},
};

use crate::{
    App,
    app::{Offer, PreferenceCenter},
    groups::Groups,
};
use form::Form;
use page::Page;
use save::{Outcome, opened, save};
use state::State;
use told::{Refused, Saved, told};

pub use html::Look;
pub use openapi::{Pages, document};
pub use refusal::{Own, Refusal, reply};

/// The parts of a request that decide how the answer looks.
struct Visit<'a> {
    app: &'a App,
    request: &'a Request,
    embedded: bool,
    as_json: bool,
}

/// Answers a request for the path, whatever its method.
pub async fn handle(app: &App, request: &Request) -> Reply {
    let visit = Visit::of(app, request);
    let answer = match *request.method() {
        Method::GET => visit.show().await,
        Method::POST => visit.post().await,
        _ => Err(Refusal::MethodNotAllowed("GET, HEAD, POST")),
    };
    answer.unwrap_or_else(|refusal| visit.refused(&refusal))
}

/// The refusal of a request that no handler answers.
pub fn unserved(app: &App, request: &Request, why: Unserved) -> Reply {
    Visit::of(app, request).refused(&why.into())
}

impl<'a> Visit<'a> {
    fn of(app: &'a App, request: &'a Request) -> Self {
        let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
        let embedded = request.query_string_parameters().first("embed") == Some("1");
        Self { app, request, embedded, as_json: accept.contains("application/json") }
    }

    fn refused(&self, refusal: &Refusal) -> Reply {
        reply(refusal, &self.look(), self.as_json)
    }

    fn look(&self) -> Look {
        let PreferenceCenter { ancestors, brand, .. } = &self.app.preference_center;
        Look::of_anybody(self.request.headers(), self.embedded, ancestors.as_str(), brand)
    }

    async fn show(&self) -> Result<Reply, Refusal> {
        let (link, action) = self.whose().await?;
        let user = opened(self.app, &link).await?.ok_or(Refusal::NoUser)?;
        let saved = self.request.query_string_parameters().first("saved").is_some();
        Ok(self.page(&user, &self.app.offer().await?, &action, saved, None))
    }

    fn page(
        &self,
        user: &User,
        offer: &Offer<'_>,
        action: &str,
        saved: bool,
        refused: Option<(&Form, &form::Faults)>,
    ) -> Reply {
        let (look, groups, now) = (self.look().of(user), offer.groups(), self.app.clock.now());
        let page = Page { look: &look, groups, user, action, refused, saved, question: None, now };
        page.reply(if refused.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK })
    }

    async fn post(&self) -> Result<Reply, Refusal> {
        let (link, action) = self.whose().await?;
        let form = Form::read(self.request.body())?;
        let offer = self.app.offer().await?;
        match save(self.app, &link, &form, offer.groups()).await? {
            Outcome::Saved(user) => {
                tracing::info!(user_id = %link.user, "changed by a preference link");
                if self.as_json {
                    return Ok(told(
                        StatusCode::OK,
                        &Saved { saved: true, was: self.was(&form, &user, offer.groups()) },
                    ));
                }
                // A redirect, so that a reload of the page does not post again.
                let location = format!("{action}&saved=1");
                Ok(html::harmless(Reply::empty(StatusCode::SEE_OTHER).header(header::LOCATION, location)))
            }
            Outcome::Confirm(user) => {
                let look = self.look().of(&user);
                if !self.as_json {
                    return Ok(page::confirm(&look, &action, &form));
                }
                let question =
                    Refused { message: look.translation().last, confirm: Some(form::CONFIRM.1), ..Refused::default() };
                Ok(told(StatusCode::CONFLICT, &question))
            }
            Outcome::Faulty(user, faults) => {
                if !self.as_json {
                    return Ok(self.page(&user, &offer, &action, false, Some((&form, &faults))));
                }
                let translation = self.look().of(&user).translation();
                let errors: Map<_, _> = faults
                    .iter()
                    .map(|(name, fault)| ((*name).to_owned(), page::sentence(translation, *fault).into()))
                    .collect();
                let refused = Refused { message: translation.faults, errors: Some(errors), ..Refused::default() };
                Ok(told(StatusCode::BAD_REQUEST, &refused))
            }
            Outcome::Bad(bad) => Err(bad.into()),
            Outcome::Gone => Err(Refusal::NoUser),
        }
    }

    /// The values of the form's controls at present.
    fn was(&self, form: &Form, user: &User, groups: Groups<'_>) -> Map<String, Value> {
        let state = State::of(user, groups);
        let of = |name: &str| Some((name.to_owned(), state::was(name, user, groups, &state)?.into()));
        form.controls().filter_map(of).collect()
    }

    /// The user of the request's token, and the target of the page's form.
    async fn whose(&self) -> Result<(Link, String), Refusal> {
        let query = self.request.query_string_parameters();
        let token = match query.all("token").as_deref() {
            Some([token]) => *token,
            _ => return Err(Own::NotOurs.into()),
        };
        let now = self.app.clock.now();
        let link = self.app.preference_center.keys.read(|key| key.read(token, now)).await?.map_err(Own::from)?;
        Ok((link, action(token, self.embedded)))
    }
}

/// The path of a page's form, relative to any page of this function.
fn action(token: &str, embedded: bool) -> String {
    format!("preferences?token={token}{}", if embedded { "&embed=1" } else { "" })
}

/// The path for a user who came by another link. It works as long as a preference link does, but no longer than the
/// link that the user came by.
pub async fn action_for(app: &App, user: &User, end: Timestamp) -> Result<String, Refusal> {
    let key = app.preference_center.keys.key().await?;
    let token = key.sign(user.id, user.link_epoch(), app.clock.now().plus(LIFETIME).min(end));
    Ok(action(&token, false))
}
