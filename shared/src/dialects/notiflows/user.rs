//! Contract 3's user, as every answer shows one.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    domain::{Scope, Timestamp, User, UserId, json::Object},
    http::{auth::Caller, openapi::Open},
};

/// The user, as Notiflows' dialect answers; what was never set is `null`.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[schemars(rename = "NotiflowsUser")]
pub struct UserView {
    id: UserId,
    external_id: String,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    phone: Option<String>,
    avatar: Option<String>,
    locale: Option<String>,
    timezone: Option<String>,
    #[schemars(with = "Open")]
    custom_fields: Object,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<&User> for UserView {
    fn from(user: &User) -> Self {
        let User {
            id,
            external_id: _,
            email,
            first_name,
            last_name,
            phone,
            avatar,
            display,
            custom,
            created_at,
            updated_at,
            // Fields of contract 1 only, or fields that have paths of their own.
            name: _,
            push_token: _,
            channels: _,
            groups: _,
            quiet: _,
            web_push: _,
            handles: _,
            endpoints: _,
            teams: _,
            org: _,
            suppressed: _,
            links_ended: _,
            version: _,
        } = user;
        Self {
            id: *id,
            external_id: external_id(user),
            email: email.clone(),
            first_name: first_name.clone(),
            last_name: last_name.clone(),
            phone: phone.clone(),
            avatar: avatar.clone(),
            // The language and time zone of contract 4.
            locale: display.get("language").cloned(),
            timezone: display.get("timezone").cloned(),
            custom_fields: custom.clone(),
            created_at: *created_at,
            updated_at: *updated_at,
        }
    }
}

/// What a key without `users:read` may see of a user.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "NotiflowsUserIdentity")]
pub struct IdentityView {
    id: UserId,
    external_id: String,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// What an application may read: everything, or the identity alone.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(untagged)]
#[schemars(inline)]
pub enum Readable<T> {
    /// The key has `users:read`.
    Whole(T),
    /// The key does not have it.
    Identity(IdentityView),
}

impl<T> Readable<T> {
    /// `whole` if this application may read users.
    pub fn by(caller: &Caller, user: &User, whole: T) -> Self {
        if caller.may(Scope::UsersRead) {
            return Self::Whole(whole);
        }
        let User { id, created_at, updated_at, .. } = *user;
        Self::Identity(IdentityView { id, external_id: external_id(user), created_at, updated_at })
    }
}

fn external_id(user: &User) -> String {
    user.external_id.clone().unwrap_or_else(|| user.id.to_string())
}
