//! `POST /api/v1/templates/{code}/render`: the text that a recipient would read. Nothing is sent or stored.

use std::collections::BTreeMap;

use lambda_http::{Request, http::StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use shared::{
    dialects::native::{Access, MaybeUser, NamedUser, Problem},
    domain::{
        Channel, RenderedContent, UserId,
        display::{Display, Preference},
        run::add_data,
        user::UserRecord,
    },
    http::{
        Reply,
        query::{Number, Switch},
        request::{
            Reason, RequestBody,
            kinds::CHANNEL,
            member::{optional, or, required},
        },
    },
    render::{Links, Recipient, render},
    request_body, request_query,
};

use super::{
    code::{State, code},
    problem::refused,
    variables::Variables,
};
use crate::App;

request_body! {
    /// How to render. Display preferences that are given here win over the reader's own.
    pub struct RenderRequest as "RenderRequest" {
        channel: Channel = required(CHANNEL),
        variables: Option<Map<String, Value>> = optional(Variables),
        /// The reader; nobody in particular if it is left out.
        reader: Option<NamedUser> = MaybeUser,
        date_time_format: Option<String> = optional(Preference::DateTimeFormat),
        /// The name of an IANA time zone.
        timezone: Option<String> = optional(Preference::Timezone),
        /// A valid BCP 47 language tag.
        language: Option<String> = optional(Preference::Language),
        measurement_unit: Option<String> = optional(Preference::MeasurementUnit),
        theme: Option<String> = optional(Preference::Theme),
    }
}

request_query! {
    /// What is rendered.
    pub struct RenderQuery {
        /// Whether the draft is rendered, and not what is published. `?draft` is enough.
        draft: bool = or(Switch, false),
        /// A version that is kept, in place of the published one.
        version: Option<u64> = optional(Number),
    }
    rule {
        let is_both = draft == Some(true) && version.flatten().is_some();
        is_both.then_some(("version", Reason::Rule, "must not be given with draft"))
    }
}

/// The rendered content.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "RenderedTemplate")]
pub struct View {
    channel: Channel,
    /// The reader's language. If the template has no such locale, it was rendered in another one.
    language: String,
    content: RenderedContent,
}

pub async fn post(app: &App, request: &Request, raw_code: &str) -> Result<Reply, Problem> {
    let (_, RenderQuery { draft, version }) = Access::ADMIN_OR_SERVICE.caller(&app.bearer, request).await?;
    let code = code(raw_code)?;
    let RenderRequest { channel, variables, reader, date_time_format, timezone, language, measurement_unit, theme } =
        RenderRequest::decode(request.body())?;
    let display = [
        (Preference::DateTimeFormat, date_time_format),
        (Preference::Timezone, timezone),
        (Preference::Language, language),
        (Preference::MeasurementUnit, measurement_unit),
        (Preference::Theme, theme),
    ];
    let display = display.into_iter().filter_map(|(preference, value)| Some((preference.name().to_owned(), value?)));
    let state = State::of(draft);
    let found = match version {
        Some(version) => {
            let found = app.store.template_version(code, version).await;
            found.map_err(|error| refused(error, state.missing()))?
        }
        None => state.read(app, code).await?,
    };
    let template = found.template;
    let reader = reader.map(|reader| reader.id(app.namespace));
    let recipient = recipient(app, reader, display.collect()).await?;
    // Nobody but the reader may have working links.
    let recipient = recipient.with_links((channel == Channel::Email).then(Links::sample));
    // A run gives its template this name.
    let mut variables = variables.unwrap_or_default();
    add_data(&mut variables);
    let words = render(&template, channel, &variables, &recipient);
    let words = words.map_err(|error| Problem::invalid(error.to_string()))?;
    let answer = View { channel, language: recipient.display.language, content: words };
    Ok(Reply::json(StatusCode::OK, &answer))
}

/// The reader, with `display` in place of their own preferences. An anonymous reader if no user is named.
async fn recipient(
    app: &App,
    user_id: Option<UserId>,
    display: BTreeMap<String, String>,
) -> Result<Recipient, Problem> {
    let Some(id) = user_id else { return Ok(Recipient::nobody(Display::of(&display))) };
    let Some(UserRecord::Present(mut user)) = app.store.user(id).await? else { return Err(Problem::NoUser) };
    user.display.extend(display);
    Ok(Recipient::from(&*user))
}
