//! What an operator sets up, in the OpenAPI document.

use schemars::JsonSchema;
use serde_json::json;
use shared::{
    dialects::notiflows::openapi::Refusals,
    domain::{Channel, Provider, Scope},
    http::openapi::{ChannelId, Document, Line, not_null},
};

use super::{
    api_keys::{KeyList, NewKeyView},
    channels::{ChannelList, ChannelView},
};

/// No key of an application is used here, so none can call too often; what the table throttles stays.
const LISTS: &[u16] = &[401, 403, 429, 500, 503];

/// Read by `api_keys::decode`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is used")]
struct NewKey {
    name: Option<Line>,
    /// What it may be used for; all where none is named.
    #[schemars(length(min = 1))]
    scopes: Option<Vec<Scope>>,
}

/// Read by `channels::decode`.
#[derive(JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend("if" = {"properties": {"provider": {"const": "webhook"}}}, "else" = {"properties": {"carries": {"type": "null"}}})
)]
#[expect(dead_code, reason = "only its shape is used")]
struct ChannelReplacement {
    provider: Provider,
    /// What people call it; else its id.
    #[schemars(transform = not_null)]
    name: Option<Line>,
    /// The name of the secret that holds the provider's credentials.
    #[schemars(length(max = 512), regex(pattern = r"^tidings/[A-Za-z0-9/_+=.@\-]+$"))]
    secret: Option<String>,
    /// Among several for one channel type, the lowest is tried first.
    #[schemars(transform = not_null)]
    position: Option<u16>,
    /// The channel type that a webhook carries; of no other provider.
    carries: Option<Channel>,
}

/// The operations.
pub fn document(doc: &mut Document) {
    doc.tag(
        "Administration",
        "Keys of applications, channels, dead letters: what an operator sets up and looks after.",
    );
    keys(doc);
    channels(doc);
}

fn keys(doc: &mut Document) {
    let scopes = json!(["users:read", "users:write"]);
    let (at, name) = ("2024-03-01T10:00:00.000Z", "Billing");
    let key = json!({"api_key": "pk_2f1c9a7be0d44c58", "name": name, "scopes": scopes, "created_at": at});
    let mut new = key.clone();
    new["secret_key"] = json!("sk_it_is_shown_once");
    doc.post("/admin/v1/api-keys", "createApiKey", "Make a key pair; the secret is shown once")
        .bearer("admin")
        .body::<NewKey>(json!({"name": name, "scopes": scopes}))
        .answers::<NewKeyView>(201, "The pair", new)
        .refuses::<Refusals>(&[400, 401, 403, 413, 422, 429, 500, 503]);
    doc.get("/admin/v1/api-keys", "listApiKeys", "All keys, without their secrets")
        .bearer("admin")
        .answers::<KeyList>(200, "The keys", json!({"items": [key]}))
        .refuses::<Refusals>(LISTS);
    doc.delete("/admin/v1/api-keys/{api_key}", "deleteApiKey", "Delete a key: within a minute it opens nothing")
        .bearer("admin")
        .path::<String>("api_key", "Its public half", "pk_2f1c9a7be0d44c58")
        .answers_empty(204, "It is deleted")
        .refuses::<Refusals>(&[401, 403, 404, 429, 500, 503]);
}

fn channels(doc: &mut Document) {
    const PATH: &str = "/admin/v1/channels/{channel_id}";
    const ID: &str = "01HQXYZ123456789ABCDEFGHIJ";
    let channel =
        json!({"channel_id": ID, "name": "Slack", "provider": "slack", "secret": "tidings/slack", "position": 0});
    doc.get("/admin/v1/channels", "listChannels", "Which providers there are, and in which order they are tried")
        .bearer("admin")
        .answers::<ChannelList>(200, "The channels", json!({"items": [channel]}))
        .refuses::<Refusals>(LISTS);
    doc.get(PATH, "readChannel", "One channel")
        .bearer("admin")
        .path::<ChannelId>("channel_id", "Its id", ID)
        .answers::<ChannelView>(200, "The channel", channel.clone())
        .refuses::<Refusals>(&[400, 401, 403, 404, 429, 500, 503]);
    doc.put(PATH, "putChannel", "Set a channel up, or anew")
        .bearer("admin")
        .path::<ChannelId>("channel_id", "Its id", ID)
        .once()
        .body::<ChannelReplacement>(json!({"provider": "slack", "name": "Slack", "secret": "tidings/slack"}))
        .answers::<ChannelView>(200, "The channel as replaced", channel.clone())
        .answers::<ChannelView>(201, "The channel, which is new", channel)
        .refuses::<Refusals>(&[400, 401, 403, 409, 413, 422, 429, 500, 503]);
    doc.delete(PATH, "deleteChannel", "Take a channel away")
        .bearer("admin")
        .path::<ChannelId>("channel_id", "Its id", ID)
        .once()
        .answers_empty(204, "It is gone")
        .refuses::<Refusals>(&[400, 401, 403, 404, 409, 429, 500, 503]);
}
