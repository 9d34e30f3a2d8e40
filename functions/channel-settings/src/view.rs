//! Contract 3's answer: a user's settings for a channel.

use lambda_http::http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use shared::{
    dialects::notiflows::{Problem, Resource, shown_settings::ShownSettings},
    domain::{Provider, Scope, Timestamp, User, UserId},
    http::{Reply, auth::Caller, openapi::not_null},
};

/// A user's settings for a channel.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ChannelSettings")]
pub struct ChannelSettingsView<'a> {
    channel_id: &'a str,
    created_at: Timestamp,
    provider: Provider,
    settings: ShownSettings<'a>,
    updated_at: Timestamp,
    user_id: UserId,
    /// When a webhook answered 410 (gone). Nothing is sent there until the settings are set again.
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    gone_at: Option<Timestamp>,
}

/// What a key without `channel_settings:read` may see of settings.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ChannelSettingsIdentity")]
pub struct IdentityView<'a> {
    channel_id: &'a str,
    created_at: Timestamp,
    updated_at: Timestamp,
    user_id: UserId,
}

/// The answer to an application's write: everything that the key may read.
#[derive(JsonSchema, Serialize)]
#[serde(untagged)]
#[schemars(inline)]
pub enum Readable<'a> {
    /// The key has `channel_settings:read`.
    Whole(ChannelSettingsView<'a>),
    /// The key does not have it.
    Identity(IdentityView<'a>),
}

/// As [`shown`], but only what this application may read.
pub fn shown_to(caller: &Caller, user: &User, channel_id: &str) -> Result<Reply, Problem> {
    let whole = view(user, channel_id)?;
    let view = if caller.may(Scope::ChannelSettingsRead) {
        Readable::Whole(whole)
    } else {
        let ChannelSettingsView { channel_id, created_at, updated_at, user_id, provider: _, settings: _, gone_at: _ } =
            whole;
        Readable::Identity(IdentityView { channel_id, created_at, updated_at, user_id })
    };
    Ok(Reply::json(StatusCode::OK, &view).etag(user.version))
}

/// The answer that carries the user's settings for the channel, with the user's `ETag`; 404 where there are none.
pub fn shown(user: &User, channel_id: &str) -> Result<Reply, Problem> {
    Ok(Reply::json(StatusCode::OK, &view(user, channel_id)?).etag(user.version))
}

fn view<'a>(user: &'a User, channel_id: &'a str) -> Result<ChannelSettingsView<'a>, Problem> {
    let endpoint = user.endpoints.get(channel_id);
    let endpoint = endpoint.ok_or_else(|| Problem::not_found(Resource::ChannelSettings, channel_id))?;
    Ok(ChannelSettingsView {
        channel_id,
        created_at: endpoint.created_at,
        provider: endpoint.provider,
        settings: ShownSettings::from(&endpoint.settings),
        updated_at: endpoint.updated_at,
        user_id: user.id,
        gone_at: endpoint.gone_at,
    })
}
