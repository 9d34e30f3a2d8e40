//! `/api/v1/channels`: the configured channels. The credentials themselves are in Secrets Manager.

mod openapi;

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use schemars::{JsonSchema, json_schema};
use serde::Serialize;
use serde_json::json;
use shared::{
    dialects::native::{
        Access, NoQuery, Own, Problem,
        kinds::MAX_NAME,
        page::{DEFAULT_LIMIT, LIMIT, PageRequest, PageView},
    },
    domain::{Channel, ConfiguredChannel, Field, Provider, Rate},
    http::{
        IdempotentRequest, Reply,
        auth::Caller,
        etag,
        query::Cursor,
        request::{
            Reason, RequestBody,
            kind::Kind,
            kinds::{CHANNEL, Line, OneOf, PerSecond, Text, Whole, text},
            member::{nullable, optional, or, required},
        },
    },
    request_body, request_query,
    store::{ChannelError, WrittenChannel},
};

use crate::App;
pub use openapi::document;

/// The beginning of a secret's name: the worker may read these secrets and no others (`template.yaml`).
const SECRETS: &str = "tidings/";
/// The most bytes of a secret's name.
const MAX_SECRET: usize = 512;

/// Answers a request for `/api/v1/channels`.
pub async fn all(app: &App, request: &Request) -> Reply {
    let answer = match *request.method() {
        Method::GET => list(app, request).await,
        _ => Err(Problem::MethodNotAllowed("GET, HEAD")),
    };
    answer.unwrap_or_else(|problem| problem.reply())
}

/// Answers a request for `/api/v1/channels/{channel_id}`.
pub async fn one(app: &App, request: &Request, id: &str) -> Reply {
    let answer = match *request.method() {
        Method::GET => read(app, request, id).await,
        Method::PUT => put(app, request, id).await,
        Method::DELETE => delete(app, request, id).await,
        _ => Err(Problem::MethodNotAllowed("GET, HEAD, PUT, DELETE")),
    };
    answer.unwrap_or_else(|problem| problem.reply())
}

request_query! {
    /// Which channels are listed.
    pub struct ListQuery {
        /// How many items a page has.
        limit: usize = or(LIMIT, DEFAULT_LIMIT),
        /// Where the page begins: the `after` of the page before. It is left out for the first page. On the last page `after` is `null`, and nothing follows.
        after: Option<String> = optional(Cursor(|place| place.contains('#'))),
    }
}

async fn list(app: &App, request: &Request) -> Result<Reply, Problem> {
    let (_, ListQuery { limit, after }) = Access::ADMIN.caller(&app.bearer, request).await?;
    let wanted = PageRequest { limit, after };
    let channels = wanted.walk(app.store.channels().await?, place);
    let (items, page) = wanted.read(request, channels, |_, channel| shown(channel)).await?;
    Ok(Reply::json(StatusCode::OK, &ChannelList { items, page }))
}

async fn read(app: &App, request: &Request, id: &str) -> Result<Reply, Problem> {
    let (_, id) = caller(app, request, id).await?;
    let (channel, version) = app.store.channel(id).await?.ok_or_else(no_channel)?;
    Ok(Reply::json(StatusCode::OK, &shown(channel)).etag(version))
}

async fn put(app: &App, request: &Request, id: &str) -> Result<Reply, Problem> {
    let (caller, id) = caller(app, request, id).await?;
    let idempotent = IdempotentRequest::of(request, &caller)?;
    let channel = ChannelReplacement::decode(request.body())?.channel(id);
    let precondition = etag::precondition(request.headers());
    let write = async {
        let WrittenChannel { is_new, version } =
            app.store.put_channel(&channel, precondition.as_ref()).await.map_err(refused)?;
        if channel.rate_per_second.is_some() {
            app.store.forget_line(&channel.id).await?;
        }
        let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
        Ok(Reply::json(status, &shown(channel.clone())).etag(version))
    };
    idempotent.run(&app.store, write).await
}

async fn delete(app: &App, request: &Request, id: &str) -> Result<Reply, Problem> {
    let (caller, id) = caller(app, request, id).await?;
    let precondition = etag::precondition(request.headers());
    let write = async {
        app.store.delete_channel(id, precondition.as_ref()).await.map_err(refused)?;
        Ok(Reply::empty(StatusCode::NO_CONTENT))
    };
    IdempotentRequest::of(request, &caller)?.run(&app.store, write).await
}

/// Accepts an operator who names a channel by a valid id: the id is a part of a path, and a key in a user's item.
async fn caller<'a>(app: &App, request: &Request, id: &'a str) -> Result<(Caller, &'a str), Problem> {
    let (caller, NoQuery) = Access::ADMIN.caller(&app.bearer, request).await?;
    let good = (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic() && !b"/?#%".contains(&b));
    let refusal = "channel_id must be 1 to 128 visible ASCII characters, none of / ? # %";
    if good { Ok((caller, id)) } else { Err(Problem::invalid(refusal)) }
}

fn refused(error: ChannelError) -> Problem {
    match error {
        ChannelError::NotFound => no_channel(),
        ChannelError::Stale => Own::Stale("The channel has changed since it was read").into(),
        ChannelError::Store(error) => error.into(),
    }
}

fn no_channel() -> Problem {
    Problem::not_found("Channel not found")
}

/// The place of a channel in the list. Channels are in the order in which they are tried.
fn place(channel: &ConfiguredChannel) -> String {
    format!("{:05}#{}", channel.position, channel.id)
}

request_body! {
    /// A complete channel.
    pub struct ChannelReplacement as "ChannelReplacement" {
        provider: Provider = required(PROVIDER),
        /// The name that people see; the id if it is left out.
        name: Option<String> = optional(Line(MAX_NAME)),
        /// The name of the secret that holds the provider's credentials. A new value of the secret is used within a minute.
        secret: Field<String> = nullable(SECRET),
        /// If several channels carry one channel type, the lowest is tried first.
        position: u16 = or(Whole(0_u16, u16::MAX).saying(POSITION), 0),
        /// The channel type that a webhook carries. Only webhooks have it.
        carries: Field<Channel> = nullable(CHANNEL),
        /// How many messages a second all workers together may send, counted in addresses. No limit if it is
        /// left out or null.
        rate_per_second: Field<Rate> = nullable(PerSecond),
    }
    rule {
        let is_set = carries.as_ref().is_some_and(|carries| carries.value().is_some());
        let other = is_set && provider.is_some_and(|provider| provider.carries().is_some());
        other.then_some(("carries", Reason::Rule, NOT_CARRIED))
    }
    extend {
        json!({
            "if": {"properties": {"provider": {"const": "webhook"}}},
            "else": {"properties": {"carries": {"type": "null"}}},
        })
    }
}

const PROVIDER: OneOf<Provider> = OneOf { names: Provider::names, parse: Provider::parse };
const SECRET: Text<String> = text(
    "the name of a secret that begins with tidings/, or null",
    |name| is_secret(name).then(|| name.to_owned()),
    |_| json_schema!({"type": "string", "maxLength": MAX_SECRET, "pattern": r"^tidings/[A-Za-z0-9/_+=.@\-]+$"}),
);
const POSITION: &str = "a whole number from 0 to 65535; the lowest is tried first";
const NOT_CARRIED: &str = "is for webhooks only: every other provider has a channel type of its own";

impl ChannelReplacement {
    /// The channel of this id.
    fn channel(self, id: &str) -> ConfiguredChannel {
        let Self { provider, name, secret, position, carries, rate_per_second } = self;
        ConfiguredChannel {
            id: id.to_owned(),
            name: name.unwrap_or_else(|| id.to_owned()),
            provider,
            secret: secret.into_value(),
            position,
            carries: carries.into_value(),
            rate_per_second: rate_per_second.into_value(),
        }
    }
}

/// A name that Secrets Manager accepts, among those that the worker may read.
fn is_secret(name: &str) -> bool {
    let character = |b: u8| b.is_ascii_alphanumeric() || b"/_+=.@-".contains(&b);
    name.len() <= MAX_SECRET
        && name.bytes().all(character)
        && name.strip_prefix(SECRETS).is_some_and(|rest| !rest.is_empty())
}

/// A configured channel.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ConfiguredChannel")]
pub struct ChannelView {
    channel_id: String,
    name: String,
    provider: Provider,
    secret: Option<String>,
    position: u16,
    /// Only webhooks have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    carries: Option<Option<Channel>>,
    /// Only channels with a rate have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_per_second: Option<Rate>,
}

/// A page of channels, in the order in which they are tried.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ConfiguredChannels")]
pub struct ChannelList {
    items: Vec<ChannelView>,
    page: PageView,
}

fn shown(channel: ConfiguredChannel) -> ChannelView {
    let ConfiguredChannel { id: channel_id, name, provider, secret, position, carries, rate_per_second } = channel;
    let carries = provider.carries().is_none().then_some(carries);
    ChannelView { channel_id, name, provider, secret, position, carries, rate_per_second }
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;
    use serde_json::Value;

    use super::*;

    fn read(body: &Value) -> Result<ConfiguredChannel, Problem> {
        Ok(ChannelReplacement::decode(&Body::from(body.to_string()))?.channel("x"))
    }

    #[test]
    fn a_channel_needs_a_provider_and_has_defaults_for_the_rest() {
        let channel = read(&json!({"provider": "sms", "carries": null, "secret": null})).unwrap();
        assert_eq!((channel.provider, channel.name.as_str(), channel.secret), (Provider::Sms, "x", None));
        assert_eq!((channel.position, channel.carries, channel.rate_per_second), (0, None, None));
        for (given, shown_as) in [(json!(14.0), json!(14)), (json!(0.5), json!(0.5)), (json!(1e4), json!(10_000))] {
            let channel = read(&json!({"provider": "sms", "rate_per_second": given})).unwrap();
            assert_eq!(serde_json::to_value(shown(channel)).unwrap()["rate_per_second"], shown_as);
        }
        assert_eq!(read(&json!({"provider": "sms", "rate_per_second": null})).unwrap().rate_per_second, None);
        let channel = read(&json!({"provider": "webhook", "carries": "sms", "position": 7.0})).unwrap();
        assert_eq!((channel.position, channel.carries), (7, Some(Channel::Sms)));
    }

    #[test]
    fn what_is_wrong_is_told_all_at_once() {
        const PROVIDER: &str = "one of apns, fcm, slack, email, sms, webhook, in_app";
        const POSITION: &str = "position must be a whole number from 0 to 65535; the lowest is tried first";
        const RATE: &str = "rate_per_second must be a number of messages a second from 0.001 to 10000";
        let required = format!("provider is required: it must be {PROVIDER}");
        let provider = format!("provider must be {PROVIDER}");
        let carries = "carries is for webhooks only: every other provider has a channel type of its own";
        for (body, expected) in [
            (json!({}), required.as_str()),
            (json!({"provider": "fax"}), &provider),
            (json!({"provider": null}), &provider),
            (json!({"provider": "sms", "position": -1}), POSITION),
            (json!({"provider": "sms", "position": null}), POSITION),
            (json!({"provider": "sms", "rate_per_second": 0}), RATE),
            (json!({"provider": "sms", "rate_per_second": 10_000.5}), RATE),
            (json!({"provider": "sms", "rate_per_second": "14"}), RATE),
            (json!({"provider": "fcm", "carries": "push"}), carries),
            (
                json!({"provider": "webhook", "carries": "fax"}),
                "carries must be one of email, push, sms, slack, in_app",
            ),
        ] {
            assert_eq!(read(&body).unwrap_err().errors(), [expected], "{body}");
        }
        for secret in ["", "tidings/", "prod/db", "tidings/a b", "arn:aws:secretsmanager:x"] {
            let faults = [
                "name must be a line of 1 to 200 characters",
                "secret must be the name of a secret that begins with tidings/, or null",
                "more is not a known field",
            ];
            let body = json!({"provider": "fcm", "name": "", "secret": secret, "more": 1});
            assert_eq!(read(&body).unwrap_err().errors(), faults, "{secret}");
        }
    }
}
