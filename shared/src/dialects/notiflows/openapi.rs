//! Contract 3's refusals in the OpenAPI document, and the sets in which its operations have them.

use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::{
    Credential, Own, Problem, Resource, Slowed,
    device_tokens::{MOST_TOKENS, TOKEN_BYTES},
    problem::Envelope,
};
use crate::{
    domain::Scope,
    http::{
        Reply,
        body::BodyError,
        openapi::{Dialect, Email, Phone, not_null},
    },
};

/// Of an operation that reads.
pub const READS: &[u16] = &[400, 401, 403, 404, 429, 500, 503];
/// Of one that lists, and so finds something always.
pub const LISTS: &[u16] = &[400, 401, 403, 429, 500, 503];
/// Of one that changes what is there.
pub const WRITES: &[u16] = &[400, 401, 403, 404, 409, 412, 413, 422, 429, 500, 503];
/// Of one that takes something away, without a body.
pub const DELETES: &[u16] = &[400, 401, 403, 404, 409, 412, 429, 500, 503];
/// The same of a user's own operations, which need no scope.
pub const OWN_READS: &[u16] = &[401, 404, 429, 500, 503];
/// See [`OWN_READS`].
pub const OWN_WRITES: &[u16] = &[400, 401, 404, 409, 412, 413, 422, 429, 500, 503];
/// See [`OWN_READS`].
pub const OWN_DELETES: &[u16] = &[400, 401, 404, 409, 412, 429, 500, 503];

/// What a channel's provider takes; read by `settings::decode`.
#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
pub enum ProviderSettings {
    /// `apns`, `fcm`.
    Devices(Devices),
    /// `slack`: at least one of the two.
    Slack(Slack),
    /// `email`; the user's own address where none is given.
    Email(Address),
    /// `sms`.
    Sms(Number),
    /// `webhook`: https, and no private address.
    Webhook(Target),
}

/// What of it users may set themselves; read by `settings::decode_own`.
#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
pub enum OwnSettings {
    /// `apns`, `fcm`.
    Devices(Devices),
    /// `slack`.
    Slack(SlackUser),
}

/// Device tokens.
#[derive(Debug, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Devices {
    /// In the order in which they were given.
    #[schemars(length(min = 1, max = MOST_TOKENS), inner(length(min = 1, max = TOKEN_BYTES)))]
    pub device_tokens: Vec<String>,
}

/// Slack ids.
#[derive(Debug, JsonSchema)]
#[schemars(inline, deny_unknown_fields, extend("minProperties" = 1))]
pub struct Slack {
    /// Starts with C, G or D.
    #[schemars(transform = not_null, regex(pattern = "^[CGD][A-Z0-9]{1,31}$"))]
    pub slack_channel_id: Option<String>,
    /// Starts with U or W.
    #[schemars(transform = not_null, regex(pattern = "^[UW][A-Z0-9]{1,31}$"))]
    pub slack_user_id: Option<String>,
}

/// A user's Slack id.
#[derive(Debug, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct SlackUser {
    /// Starts with U or W.
    #[schemars(regex(pattern = "^[UW][A-Z0-9]{1,31}$"))]
    pub slack_user_id: String,
}

/// An address.
#[derive(Debug, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Address {
    /// Where mail goes.
    #[schemars(transform = not_null)]
    pub address: Option<Email>,
}

/// A telephone number.
#[derive(Debug, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Number {
    /// E.164.
    pub phone: Phone,
}

/// A webhook's target.
#[derive(Debug, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Target {
    /// https, without credentials.
    #[schemars(extend("format" = "uri"), regex(pattern = "^https://"))]
    pub url: String,
}

/// Settings as they are shown: what is set, and nothing else.
#[derive(Debug, JsonSchema)]
#[schemars(inline)]
#[allow(missing_docs, reason = "their names are the requests'")]
pub struct ShownSettings {
    #[schemars(skip_serializing_if = "Option::is_none", transform = not_null)]
    pub device_tokens: Option<Vec<String>>,
    #[schemars(skip_serializing_if = "Option::is_none", transform = not_null)]
    pub slack_channel_id: Option<String>,
    #[schemars(skip_serializing_if = "Option::is_none", transform = not_null)]
    pub slack_user_id: Option<String>,
    #[schemars(skip_serializing_if = "Option::is_none", transform = not_null)]
    pub address: Option<String>,
    #[schemars(skip_serializing_if = "Option::is_none", transform = not_null)]
    pub phone: Option<String>,
    #[schemars(skip_serializing_if = "Option::is_none", transform = not_null)]
    pub url: Option<String>,
}

/// Contract 3's refusals.
#[derive(Debug)]
pub struct Refusals;

impl Dialect for Refusals {
    const NAME: &'static str = "NotiflowsError";

    fn schema(schemas: &mut SchemaGenerator) -> Schema {
        schemas.subschema_for::<Envelope<'static>>()
    }

    fn samples() -> Vec<(&'static str, Reply)> {
        let no_user = Problem::not_found(Resource::User, "user-4711");
        [
            ("the body is no JSON object", Problem::Body(BodyError::NotAnObject)),
            ("a parameter is not valid", Problem::invalid_param("limit", "must be a whole number from 1 to 1000")),
            ("a credential is missing or proves nothing", Own::NoCredential(Credential::ApiKey).into()),
            ("a right is missing", Own::MissingScope(Scope::UsersRead.as_str()).into()),
            ("what is named is not there", no_user),
            ("the idempotency key was used for another request", Problem::KeyConflict { key: "order-4711".to_owned() }),
            ("the first request with this idempotency key is still at work", Problem::KeyRunning),
            ("it has another version than If-Match names", Problem::Stale),
            ("the body is larger than 256 KiB", Problem::Body(BodyError::TooLarge)),
            ("fields are not valid, each told", Problem::invalid("settings", "can't be blank", "required")),
            ("the key calls too often", Own::Slowed(Slowed { limit: 600, retry_after: 3 }).into()),
            ("the table asks for fewer calls", Problem::Throttled),
            ("something is wrong on our side", Problem::Internal),
            ("the same request may pass in a moment", Problem::Unavailable),
        ]
        .map(|(when, problem)| (when, problem.reply("req_7d1c5a9be2f84b0c9d3e6f1a2b4c8d70")))
        .into()
    }
}
