//! Contract 3's answer: a user's settings for a channel.

use lambda_http::http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use shared::{
    dialects::notiflows::{Problem, Resource, shown_settings::ShownSettings},
    domain::{Provider, Timestamp, User, UserId},
    http::Reply,
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
}

/// The answer that carries the user's settings for the channel, with the user's `ETag`; 404 where there are none.
pub fn shown(user: &User, channel_id: &str) -> Result<Reply, Problem> {
    let endpoint = user.endpoints.get(channel_id);
    let endpoint = endpoint.ok_or_else(|| Problem::not_found(Resource::ChannelSettings, channel_id))?;
    let view = ChannelSettingsView {
        channel_id,
        created_at: endpoint.created_at,
        provider: endpoint.provider,
        settings: ShownSettings::from(&endpoint.settings),
        updated_at: endpoint.updated_at,
        user_id: user.id,
    };
    Ok(Reply::json(StatusCode::OK, &view).etag(user.version))
}
