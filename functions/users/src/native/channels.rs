//! `/api/v1/channels`: which providers there are, under which ids. The credentials themselves are in Secrets Manager.

mod openapi;

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use shared::{
    dialects::native::{
        Access, Fields, Problem, fields,
        page::{PageRequest, PageView},
    },
    domain::{Channel, ConfiguredChannel, Provider},
    http::{Once, Reply, auth::Caller, body},
};

use crate::App;
pub use openapi::document;

/// What the name of a secret begins with: the worker may read these and no others (`template.yaml`).
const SECRETS: &str = "tidings/";

/// Answers a request for `/api/v1/channels`.
pub async fn all(app: &App, request: &Request) -> Reply {
    let answer = match *request.method() {
        Method::GET => list(app, request).await,
        _ => Err(Problem::MethodNotAllowed("GET")),
    };
    answer.unwrap_or_else(|problem| problem.reply())
}

/// Answers a request for `/api/v1/channels/{channel_id}`.
pub async fn one(app: &App, request: &Request, id: &str) -> Reply {
    let answer = match *request.method() {
        Method::GET => read(app, request, id).await,
        Method::PUT => put(app, request, id).await,
        Method::DELETE => delete(app, request, id).await,
        _ => Err(Problem::MethodNotAllowed("GET, PUT, DELETE")),
    };
    answer.unwrap_or_else(|problem| problem.reply())
}

async fn list(app: &App, request: &Request) -> Result<Reply, Problem> {
    Access::ADMIN.caller(&app.bearer, request.headers()).await?;
    let wanted = PageRequest::of(request, |place| place.contains('#'))?;
    let (items, page) = wanted.cut(app.store.channels().await?, place);
    Ok(Reply::json(StatusCode::OK, &ChannelList { items: items.into_iter().map(shown).collect(), page }))
}

async fn read(app: &App, request: &Request, id: &str) -> Result<Reply, Problem> {
    let (_, id) = caller(app, request, id).await?;
    let channel = app.store.channel(id).await?;
    let channel = channel.ok_or_else(no_channel)?;
    Ok(Reply::json(StatusCode::OK, &shown(channel)))
}

async fn put(app: &App, request: &Request, id: &str) -> Result<Reply, Problem> {
    let (caller, id) = caller(app, request, id).await?;
    let once = Once::of(request, &caller.subject)?;
    let channel = decode(id, body::object(request.body())?)?;
    let write = async {
        let created = app.store.put_channel(&channel).await?;
        Ok(Reply::json(if created { StatusCode::CREATED } else { StatusCode::OK }, &shown(channel.clone())))
    };
    once.run(&app.store, write).await
}

async fn delete(app: &App, request: &Request, id: &str) -> Result<Reply, Problem> {
    let (caller, id) = caller(app, request, id).await?;
    let write = async {
        if app.store.delete_channel(id).await? {
            return Ok(Reply::empty(StatusCode::NO_CONTENT));
        }
        Err(no_channel())
    };
    Once::of(request, &caller.subject)?.run(&app.store, write).await
}

/// Lets an operator pass who names a channel by an id that can be one: a part of a path, and a key in a user's item.
async fn caller<'a>(app: &App, request: &Request, id: &'a str) -> Result<(Caller, &'a str), Problem> {
    let caller = Access::ADMIN.caller(&app.bearer, request.headers()).await?;
    let good = (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic() && !b"/?#%".contains(&b));
    let refusal = "channel_id must be 1 to 128 visible ASCII characters, none of / ? # %";
    if good { Ok((caller, id)) } else { Err(Problem::invalid(refusal)) }
}

fn no_channel() -> Problem {
    Problem::not_found("Channel not found")
}

/// Where a channel stands in the list: in the order in which channels are tried.
fn place(channel: &ConfiguredChannel) -> String {
    format!("{:05}#{}", channel.position, channel.id)
}

fn decode(id: &str, body: Map<String, Value>) -> Result<ConfiguredChannel, Problem> {
    let mut fields = Fields::new(body);
    let providers = format!("one of {}", Provider::names());
    let provider = fields.required("provider", &providers, |v| Provider::parse(v.as_str()?));
    let name = fields.optional("name", fields::A_NAME, fields::name).unwrap_or_else(|| id.to_owned());
    let accepted = format!("the name of a secret that begins with {SECRETS}, or null");
    let secret = fields.read("secret", &accepted, |v| fields::string(v).filter(|name| is_secret(name)));
    let accepted = "a whole number from 0 to 65535; the lowest is tried first";
    let position = fields.optional("position", accepted, |v| u16::try_from(body::whole(&v)?).ok());
    let carries = fields.read("carries", &format!("one of {}", Channel::names()), |v| Channel::parse(v.as_str()?));
    if carries.value().is_some() && provider.is_some_and(|provider| provider != Provider::Webhook) {
        fields.fault("carries is for webhooks only: every other provider has a channel type of its own");
    }
    fields.finish(provider.map(|provider| ConfiguredChannel {
        id: id.to_owned(),
        name,
        provider,
        secret: secret.into_value(),
        position: position.unwrap_or_default(),
        carries: carries.into_value(),
    }))
}

/// A name that Secrets Manager takes, among those that the worker may read.
fn is_secret(name: &str) -> bool {
    let character = |b: u8| b.is_ascii_alphanumeric() || b"/_+=.@-".contains(&b);
    name.len() <= 512 && name.bytes().all(character) && name.strip_prefix(SECRETS).is_some_and(|rest| !rest.is_empty())
}

/// A channel as it is shown.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ConfiguredChannel")]
pub struct ChannelView {
    channel_id: String,
    name: String,
    provider: Provider,
    secret: Option<String>,
    position: u16,
    /// Of webhooks only.
    #[serde(skip_serializing_if = "Option::is_none")]
    carries: Option<Option<Channel>>,
}

/// A page of channels, in the order in which they are tried.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ConfiguredChannels")]
pub struct ChannelList {
    items: Vec<ChannelView>,
    page: PageView,
}

fn shown(channel: ConfiguredChannel) -> ChannelView {
    let ConfiguredChannel { id: channel_id, name, provider, secret, position, carries } = channel;
    let carries = (provider == Provider::Webhook).then_some(carries);
    ChannelView { channel_id, name, provider, secret, position, carries }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &Value) -> Result<ConfiguredChannel, Problem> {
        decode("x", body.as_object().unwrap().clone())
    }

    #[test]
    fn a_channel_needs_a_provider_and_has_defaults_for_the_rest() {
        let channel = read(&json!({"provider": "sms", "carries": null, "secret": null})).unwrap();
        assert_eq!((channel.provider, channel.name.as_str(), channel.secret), (Provider::Sms, "x", None));
        assert_eq!((channel.position, channel.carries), (0, None));
        let channel = read(&json!({"provider": "webhook", "carries": "sms", "position": 7.0})).unwrap();
        assert_eq!((channel.position, channel.carries), (7, Some(Channel::Sms)));
    }

    #[test]
    fn what_is_wrong_is_told_all_at_once() {
        const PROVIDER: &str = "one of apns, fcm, slack, email, sms, webhook, in_app";
        const POSITION: &str = "position must be a whole number from 0 to 65535; the lowest is tried first";
        let required = format!("provider is required: it must be {PROVIDER}");
        let provider = format!("provider must be {PROVIDER}");
        let carries = "carries is for webhooks only: every other provider has a channel type of its own";
        for (body, expected) in [
            (json!({}), required.as_str()),
            (json!({"provider": "fax"}), &provider),
            (json!({"provider": null}), &provider),
            (json!({"provider": "sms", "position": -1}), POSITION),
            (json!({"provider": "sms", "position": null}), POSITION),
            (json!({"provider": "fcm", "carries": "push"}), carries),
            (
                json!({"provider": "webhook", "carries": "fax"}),
                "carries must be one of email, push, sms, slack, in_app",
            ),
        ] {
            assert_eq!(read(&body), Err(Problem::invalid(expected)), "{body}");
        }
        for secret in ["", "tidings/", "prod/db", "tidings/a b", "arn:aws:secretsmanager:x"] {
            let faults = [
                "name must be a line of 1 to 200 characters",
                "secret must be the name of a secret that begins with tidings/, or null",
                "more is not a known field",
            ];
            let body = json!({"provider": "fcm", "name": "", "secret": secret, "more": 1});
            assert_eq!(read(&body), Err(Problem::validation(faults.map(str::to_owned).into())), "{secret}");
        }
    }
}
