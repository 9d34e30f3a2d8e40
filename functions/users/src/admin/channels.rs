//! `/admin/v1/channels`: which providers there are, under which ids. The credentials themselves are in Secrets Manager.

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use shared::{
    dialects::notiflows::{Faults, Problem, Resource, admin, reply},
    domain::{Channel, ConfiguredChannel, Provider, text},
    http::{Once, Reply, auth::Caller, body},
};

use crate::App;

/// What the name of a secret begins with: the worker may read these and no others (`template.yaml`).
const SECRETS: &str = "tidings/";

/// Answers a request for `/admin/v1/channels`.
pub async fn all(app: &App, request: &Request) -> Reply {
    let answer = match *request.method() {
        Method::GET => list(app, request).await,
        _ => Err(Problem::MethodNotAllowed("GET")),
    };
    reply(answer, request)
}

/// Answers a request for `/admin/v1/channels/{channel_id}`.
pub async fn one(app: &App, request: &Request, id: &str) -> Reply {
    let answer = match *request.method() {
        Method::GET => read(app, request, id).await,
        Method::PUT => put(app, request, id).await,
        Method::DELETE => delete(app, request, id).await,
        _ => Err(Problem::MethodNotAllowed("GET, PUT, DELETE")),
    };
    reply(answer, request)
}

async fn list(app: &App, request: &Request) -> Result<Reply, Problem> {
    admin(&app.bearer, request.headers()).await?;
    let items = app.store.channels().await?.into_iter().map(shown).collect();
    Ok(Reply::json(StatusCode::OK, &ChannelList { items }))
}

async fn read(app: &App, request: &Request, id: &str) -> Result<Reply, Problem> {
    let (_, id) = caller(app, request, id).await?;
    let channel = app.store.channel(id).await?;
    let channel = channel.ok_or_else(|| Problem::not_found(Resource::Channel, id))?;
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
        Err(Problem::not_found(Resource::Channel, id))
    };
    Once::of(request, &caller.subject)?.run(&app.store, write).await
}

/// Lets an operator pass who names a channel by an id that can be one: a part of a path, and a key in a user's item.
async fn caller<'a>(app: &App, request: &Request, id: &'a str) -> Result<(Caller, &'a str), Problem> {
    let caller = admin(&app.bearer, request.headers()).await?;
    let good = (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic() && !b"/?#%".contains(&b));
    let accepted = "must be 1 to 128 visible ASCII characters, none of / ? # %";
    if good { Ok((caller, id)) } else { Err(Problem::invalid_param("channel_id", accepted)) }
}

fn decode(id: &str, mut body: Map<String, Value>) -> Result<ConfiguredChannel, Problem> {
    let mut faults = Faults::default();
    let provider = body.remove("provider");
    let provider = match &provider {
        None => {
            faults.add("provider", "can't be blank", "required");
            None
        }
        Some(provider) => {
            let provider = provider.as_str().and_then(Provider::parse);
            if provider.is_none() {
                faults.add("provider", "must be one of apns, fcm, slack, email, sms, webhook, in_app", "invalid");
            }
            provider
        }
    };
    let name = match body.remove("name") {
        None => Some(id.to_owned()),
        Some(Value::String(name)) if text::is_line(&name, 200) => Some(name),
        Some(_) => {
            faults.add("name", "must be a line of 1 to 200 characters", "invalid");
            None
        }
    };
    let secret = match body.remove("secret") {
        None | Some(Value::Null) => None,
        Some(Value::String(secret)) if is_secret(&secret) => Some(secret),
        Some(_) => {
            faults.add("secret", "must be the name of a secret that begins with tidings/, or null", "invalid");
            None
        }
    };
    let position = match body.remove("position") {
        None => 0,
        Some(position) => body::whole(&position).and_then(|n| u16::try_from(n).ok()).unwrap_or_else(|| {
            faults.add("position", "must be a whole number from 0 to 65535; the lowest is tried first", "invalid");
            0
        }),
    };
    let carries = match body.remove("carries") {
        None | Some(Value::Null) => None,
        Some(_) if provider.is_some_and(|provider| provider != Provider::Webhook) => {
            faults.add(
                "carries",
                "is for webhooks only: every other provider has a channel type of its own",
                "invalid",
            );
            None
        }
        Some(carries) => {
            let channel = carries.as_str().and_then(Channel::parse);
            if channel.is_none() {
                faults.add("carries", format!("must be one of {}", Channel::names()), "invalid");
            }
            channel
        }
    };
    faults.unknown("", &body);
    let channel = provider.zip(name).map(|(provider, name)| {
        let id = id.to_owned();
        ConfiguredChannel { id, name, provider, secret, position, carries }
    });
    // Without a channel there is a fault.
    faults.finish(channel)?.ok_or(Problem::Internal)
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

/// All channels.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ConfiguredChannels")]
pub struct ChannelList {
    items: Vec<ChannelView>,
}

fn shown(channel: ConfiguredChannel) -> ChannelView {
    let ConfiguredChannel { id: channel_id, name, provider, secret, position, carries } = channel;
    let carries = (provider == Provider::Webhook).then_some(carries);
    ChannelView { channel_id, name, provider, secret, position, carries }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::dialects::notiflows::Own;

    use super::*;

    fn faults(body: Value) -> Vec<(String, &'static str)> {
        match decode("x", body.as_object().unwrap().clone()) {
            Err(Problem::Own(Own::Validation(faults))) => faults.into_iter().map(|f| (f.field, f.reason)).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_channel_needs_a_provider_and_its_secret_one_of_ours() {
        let channel = decode("x", json!({"provider": "sms"}).as_object().unwrap().clone()).unwrap();
        assert_eq!((channel.provider, channel.name.as_str(), channel.secret), (Provider::Sms, "x", None));
        assert_eq!((channel.position, channel.carries), (0, None));
        let body = json!({"provider": "webhook", "carries": "sms", "position": 7.0});
        let channel = decode("x", body.as_object().unwrap().clone()).unwrap();
        assert_eq!((channel.position, channel.carries), (7, Some(Channel::Sms)));
        for bad in [json!({"provider": "fcm", "carries": "push"}), json!({"provider": "webhook", "carries": "fax"})] {
            assert_eq!(faults(bad), [("carries".to_owned(), "invalid")]);
        }
        assert_eq!(faults(json!({"provider": "sms", "position": -1})), [("position".to_owned(), "invalid")]);
        assert_eq!(faults(json!({})), [("provider".to_owned(), "required")]);
        assert_eq!(faults(json!({"provider": "fax"})), [("provider".to_owned(), "invalid")]);
        for secret in ["", "tidings/", "prod/db", "tidings/a b", "arn:aws:secretsmanager:x"] {
            let body = json!({"provider": "fcm", "name": "", "secret": secret, "more": 1});
            let all = [("name", "invalid"), ("secret", "invalid"), ("more", "unknown")];
            assert_eq!(faults(body), all.map(|(field, reason)| (field.to_owned(), reason)), "{secret}");
        }
    }
}
