//! Contract 1's user.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    domain::{Channel, Timestamp, User, UserId},
    http::{
        Reply,
        openapi::{Channels, not_null},
    },
};
use lambda_http::http::StatusCode;

/// The whole user, as the native API answers.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "User")]
pub struct UserView {
    id: UserId,
    /// Your own id of the user. It is left out if there is none, and if it is a UUID: then it is `id`.
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
    name: Option<String>,
    email: Option<String>,
    /// The token of one device. Devices that were set by channel are not shown here.
    push_token: Option<String>,
    /// The channels that were ever switched. One that is not there is on.
    #[schemars(with = "Channels")]
    preferences: BTreeMap<Channel, bool>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// What a caller without a token is answered where the deployment tells such callers no more: nothing that says who the
/// user is.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "RedactedUser")]
pub struct RedactedUserView {
    id: UserId,
    /// Always null.
    name: (),
    /// Always null.
    email: (),
    /// Always null.
    push_token: (),
    #[schemars(with = "Channels")]
    preferences: BTreeMap<Channel, bool>,
    updated_at: Timestamp,
}

impl RedactedUserView {
    /// The answer that carries this much of `user`, with its `ETag`.
    pub fn reply(status: StatusCode, user: User) -> Reply {
        let User { id, channels: preferences, updated_at, version, .. } = user;
        let view = Self { id, name: (), email: (), push_token: (), preferences, updated_at };
        Reply::json(status, &view).etag(version)
    }
}

impl UserView {
    /// The user of the contract's own document.
    pub fn example() -> Value {
        json!({
            "id": "123e4567-e89b-12d3-a456-426614174000",
            "name": "John Doe",
            "email": "john@example.com",
            "push_token": null,
            "preferences": {"email": false, "push": true},
            "created_at": "2024-03-01T10:00:00.000Z",
            "updated_at": "2024-03-01T10:05:00.000Z",
        })
    }

    /// The answer that carries `user`, with its `ETag`.
    pub fn reply(status: StatusCode, user: User) -> Reply {
        let version = user.version;
        Reply::json(status, &Self::from(user)).etag(version)
    }
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        let name = user.shown_name();
        let User {
            id,
            external_id,
            email,
            push_token,
            channels,
            created_at,
            updated_at,
            // Fields of other dialects are not shown here.
            version: _,
            name: _,
            first_name: _,
            last_name: _,
            phone: _,
            avatar: _,
            custom: _,
            web_push: _,
            handles: _,
            groups: _,
            quiet: _,
            display: _,
            endpoints: _,
            suppressed: _,
            teams: _,
            org: _,
            links_ended: _,
        } = user;
        Self { id, external_id, name, email, push_token, preferences: channels, created_at, updated_at }
    }
}
