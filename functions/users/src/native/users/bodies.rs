//! Bodies of user requests.

use std::collections::BTreeMap;

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::Value;
use shared::{
    dialects::native::kinds::{EXTERNAL_ID, MAX_NAME, PUSH_TOKEN, forgotten},
    domain::{Channel, EmailAddress, ExternalId, Field, UserChange, UserId, text, user_change::NewUser},
    http::request::{
        fault::Text,
        kind::{Kind, Place, Refused},
        kinds::{EMAIL, Line},
        member::{nullable, optional, required},
        objects::CHANNELS,
    },
    request_body,
};
use uuid::Uuid;

/// The most teams of one user.
const MAX_TEAMS: usize = 50;
/// A team's name.
const TEAM: Line = Line(128);

request_body! {
    /// A new user.
    pub struct NewUserBody as "NewUser" {
        /// Your own id of the user, by which requests may name the user. It never changes, and is compared letter by letter. If it is a UUID, it is the user's `id`, and `external_id` is not shown.
        external_id: Option<ExternalId> = optional(EXTERNAL_ID),
        name: String = required(Line(MAX_NAME)),
        email: EmailAddress = required(EMAIL),
        /// The token of one device: an FCM registration token, or an APNs device token if no FCM channel is configured.
        /// Further devices, and APNs beside FCM, are set by channel (`putChannelSettingsV1`, with a key pair of
        /// `createApiKey`). A token that another user registers later is that user's from then on.
        push_token: Field<String> = nullable(PUSH_TOKEN),
        preferences: Option<BTreeMap<Channel, bool>> = optional(CHANNELS),
        /// Accepted and not stored, because Tidings has no log-in with a password.
        password: Field<()> = forgotten(),
    }
}

request_body! {
    /// The fields to change; all others stay.
    pub struct UserChangeBody as "UserChange" {
        name: Option<String> = optional(Line(MAX_NAME)),
        email: Option<EmailAddress> = optional(EMAIL),
        /// The token of one device: an FCM registration token, or an APNs device token if no FCM channel is configured.
        /// Further devices, and APNs beside FCM, are set by channel (`putChannelSettingsV1`, with a key pair of
        /// `createApiKey`). A token that another user registers later is that user's from then on. `null` removes the token
        /// of this field.
        push_token: Field<String> = nullable(PUSH_TOKEN),
        preferences: Option<BTreeMap<Channel, bool>> = optional(CHANNELS),
        /// Only an admin may change it.
        teams: Option<Vec<String>> = optional(Teams),
        /// Accepted and not stored, because Tidings has no log-in with a password.
        password: Field<()> = forgotten(),
    }
}

impl NewUserBody {
    /// Whether the caller chooses the user's id.
    pub fn has_external_id(&self) -> bool {
        self.external_id.is_some()
    }

    /// The user, who belongs to that organisation. The id is that of the external id, in its namespace; without one it is `id`.
    pub fn user(self, id: UserId, namespace: Uuid, org: Option<String>) -> NewUser {
        let Self { external_id, name, email, push_token, preferences, password: _ } = self;
        let id = external_id.as_ref().map_or(id, |external| external.user_id(namespace));
        let external_id = external_id.and_then(|external| external.stored().map(str::to_owned));
        let (push_token, channels) = (push_token.value().cloned(), preferences.unwrap_or_default());
        NewUser { id, external_id, name, email, push_token, channels, teams: Vec::new(), org }
    }
}

impl From<UserChangeBody> for UserChange {
    fn from(body: UserChangeBody) -> Self {
        let UserChangeBody { name, email, push_token, preferences, teams, password: _ } = body;
        Self { name, email, push_token, channels: preferences.unwrap_or_default(), teams, ..Self::default() }
    }
}

/// Names of teams, each once.
#[derive(Debug)]
struct Teams;

impl Kind for Teams {
    type Value = Vec<String>;

    fn accepted(&self) -> Text {
        "a list of at most 50 team names".into()
    }

    fn read(&self, given: Value, _: &mut Place<'_>) -> Result<Vec<String>, Refused> {
        let Value::Array(teams) = given else { return Err(Refused::Type) };
        let mut names = Vec::new();
        for team in teams {
            let Value::String(name) = team else { return Err(Refused::Value) };
            if !names.contains(&name) {
                names.push(name);
            }
            if names.len() > MAX_TEAMS {
                return Err(Refused::Value);
            }
        }
        if names.iter().all(|name| text::is_line(name, TEAM.0)) { Ok(names) } else { Err(Refused::Value) }
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "array", "maxItems": MAX_TEAMS, "items": TEAM.schema(schemas)})
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;
    use serde_json::json;
    use shared::{
        dialects::native::Problem,
        http::request::{RequestBody, Undecodable},
    };

    use super::*;

    fn new_user(body: Value) -> Result<NewUserBody, Problem> {
        NewUserBody::decode(&Body::from(body.to_string())).map_err(Problem::from)
    }

    fn change(body: Value) -> Result<UserChangeBody, Undecodable> {
        UserChangeBody::decode(&Body::from(body.to_string()))
    }

    #[test]
    fn every_fault_of_a_new_user_is_told() {
        let body = json!({"email": "nobody", "push_token": "", "preferences": {"email": 1}, "admin": true});
        let faults = new_user(body).unwrap_err().errors();
        assert_eq!(
            faults,
            [
                "name is required: it must be a line of 1 to 200 characters",
                "email must be an email address",
                "push_token must be a device token of 1 to 4096 visible ASCII characters, or null",
                "preferences.email must be true or false",
                "admin is not a known field",
            ]
        );
    }

    #[test]
    fn a_change_keeps_absent_null_and_value_apart() {
        let of = |body| change(body).unwrap().push_token;
        assert_eq!(of(json!({})), Field::Absent);
        assert_eq!(of(json!({"push_token": null})), Field::Null);
        assert_eq!(of(json!({"push_token": "t"})), Field::Value("t".into()));
        assert!(change(json!({"name": null})).is_err());
    }

    #[test]
    fn a_password_is_taken_and_forgotten() {
        let body = json!({"name": "J", "email": "j@example.com", "password": "hunter2"});
        let new = new_user(body).unwrap().user(UserId::from(Uuid::nil()), Uuid::nil(), None);
        assert!(!format!("{new:?}").contains("hunter2"));
    }
}
