//! Contract 1's user.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    domain::{Channel, Timestamp, User, UserId},
    http::Reply,
};
use lambda_http::http::StatusCode;

/// The whole user, as contract 1 answers it.
#[derive(Debug, Serialize)]
pub struct UserView {
    id: UserId,
    name: Option<String>,
    email: Option<String>,
    push_token: Option<String>,
    preferences: BTreeMap<Channel, bool>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl UserView {
    /// The answer that carries `user`, with its `ETag`.
    pub fn reply(status: StatusCode, user: User) -> Reply {
        let name = user.shown_name();
        let User {
            id,
            email,
            push_token,
            channels,
            created_at,
            updated_at,
            version,
            // What other dialects own is not shown here.
            name: _,
            external_id: _,
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
        } = user;
        let view = Self { id, name, email, push_token, preferences: channels, created_at, updated_at };
        Reply::json(status, &view).etag(version)
    }
}
