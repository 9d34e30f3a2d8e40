//! `POST /api/v1/templates/{code}/render`: what a recipient would read. Nothing is sent and nothing is kept.

use std::collections::BTreeMap;

use lambda_http::{Request, http::StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use shared::{
    dialects::native::{Access, Fields, Problem, fields},
    domain::{
        Channel, UserId, Words,
        display::{Display, Preference},
        user::UserRecord,
    },
    http::{Reply, body},
    render::{Recipient, render},
};

use super::code::{code, no_template};
use crate::App;

/// What is asked for.
#[derive(Debug)]
struct Asked {
    channel: Channel,
    variables: Map<String, Value>,
    /// Who would read it; nobody in particular where it is missing.
    user_id: Option<UserId>,
    /// Display preferences that go before the reader's own.
    display: BTreeMap<String, String>,
}

/// What comes out.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Rendered")]
pub struct View {
    channel: Channel,
    /// The reader's; the template may speak another, where it does not speak this one.
    language: String,
    content: Words,
}

pub async fn post(app: &App, request: &Request, raw_code: &str) -> Result<Reply, Problem> {
    Access::ADMIN_OR_SERVICE.caller(&app.bearer, request.headers()).await?;
    let (code, asked) = (code(raw_code)?, decode(body::object(request.body())?)?);
    let template = app.store.template(code).await?.ok_or_else(no_template)?.template;
    let recipient = recipient(app, &asked).await?;
    let words = render(&template, asked.channel, &asked.variables, &recipient);
    let words = words.map_err(|error| Problem::invalid(error.to_string()))?;
    let answer = View { channel: asked.channel, language: recipient.display.language, content: words };
    Ok(Reply::json(StatusCode::OK, &answer))
}

fn decode(body: Map<String, Value>) -> Result<Asked, Problem> {
    let mut fields = Fields::new(body);
    let names = format!("one of {}", Channel::names());
    let channel = fields.required("channel", &names, |v| Channel::parse(v.as_str()?));
    let variables = fields.optional("variables", "an object", fields::object).unwrap_or_default();
    let user_id = fields.optional("user_id", "a UUID", |v| UserId::parse(v.as_str()?));
    let mut display = BTreeMap::new();
    for preference in Preference::ALL {
        let name = preference.name();
        let value = fields.optional(name, &preference.accepted(), |v| preference.canonical(v.as_str()?));
        display.extend(value.map(|value| (name.to_owned(), value)));
    }
    fields.finish(channel.map(|channel| Asked { channel, variables, user_id, display }))
}

async fn recipient(app: &App, asked: &Asked) -> Result<Recipient, Problem> {
    let Some(id) = asked.user_id else { return Ok(Recipient::nobody(Display::of(&asked.display))) };
    let Some(UserRecord::Present(mut user)) = app.store.user(id).await? else { return Err(Problem::NoUser) };
    user.display.extend(asked.display.clone());
    Ok(Recipient::from(&*user))
}
