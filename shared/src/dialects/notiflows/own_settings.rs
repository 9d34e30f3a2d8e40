//! Settings of a channel in a user's own request. Users must not set company channels or webhooks.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::{
    Problem, decode,
    kinds::SLACK_USER,
    settings::{Devices, NO_SLACK_ID, settings},
};
use crate::{
    domain::{AddressKind, Provider, Settings},
    http::request::{
        Fault, Reason, RequestBody,
        fault::Text,
        kind::{Kind, Place, Refused},
        kinds::schema_of,
        member::{optional, required},
    },
    request_body,
};

const NOT_BY_USERS: &str = "cannot be set by users for this channel's provider";

request_body! {
    /// What users set for a channel themselves: they must not aim company channels or webhooks.
    pub struct OwnSettingsReplacement as "OwnSettingsReplacement" (provider: Provider) {
        settings: Settings = required(OwnSettings(provider)),
    }
}

request_body! {
    /// `slack`.
    struct SlackUser as "SlackUserSettings" {
        /// Starts with U or W.
        slack_user_id: Option<String> = optional(SLACK_USER),
    }
    rule { (slack_user_id == Some(None)).then_some(NO_SLACK_ID) }
    extend { json!({"required": ["slack_user_id"]}) }
}

/// The settings that users may set themselves.
#[derive(Debug)]
struct OwnSettings<'a>(Option<&'a Provider>);

impl OwnSettings<'_> {
    /// The names of what users may set, where they may set anything for this provider.
    fn names(provider: Provider) -> Option<&'static [&'static str]> {
        match provider.address_kind() {
            AddressKind::DeviceTokens => Some(Devices::FIELDS),
            AddressKind::SlackId => Some(SlackUser::FIELDS),
            AddressKind::Email | AddressKind::Phone | AddressKind::Url | AddressKind::UserId => None,
        }
    }
}

impl Kind for OwnSettings<'_> {
    type Value = Settings;

    fn accepted(&self) -> Text {
        "an object".into()
    }

    fn read(&self, given: Value, place: &mut Place<'_>) -> Result<Settings, Refused> {
        settings(given, self.0, place, |fields, kind| match kind {
            AddressKind::DeviceTokens => Devices::read(fields, &()).map(Settings::from),
            AddressKind::SlackId => SlackUser::read(fields, &()).map(Settings::from),
            AddressKind::Email | AddressKind::Phone | AddressKind::Url | AddressKind::UserId => {
                fields.fault("", Reason::Forbidden, NOT_BY_USERS);
                None
            }
        })
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        schema_of::<Self>(schemas)
    }
}

impl JsonSchema for OwnSettings<'_> {
    fn schema_name() -> Cow<'static, str> {
        "OwnSettings".into()
    }

    fn json_schema(schemas: &mut SchemaGenerator) -> Schema {
        let each = [schema_of::<Devices>(schemas), schema_of::<SlackUser>(schemas)];
        json_schema!({"description": "The settings that users may set themselves.", "anyOf": each})
    }
}

/// Reads a user's own request. A field that users must not set is reported before any other fault.
pub fn decode_own(body: Map<String, Value>, provider: Provider) -> Result<Settings, Problem> {
    let Some(names) = OwnSettings::names(provider) else {
        return Err(Problem::invalid("settings", NOT_BY_USERS, "forbidden"));
    };
    if let Some(Value::Object(settings)) = body.get("settings")
        && let Some(other) = settings.keys().find(|key| !names.contains(&key.as_str()))
    {
        let (field, text) = (format!("settings.{other}"), "cannot be set by users".into());
        return Err(Problem::Fields(Fault { field, reason: Reason::Forbidden, text }.into()));
    }
    let OwnSettingsReplacement { settings } = decode(body, None, &provider)?;
    Ok(settings)
}

impl From<SlackUser> for Settings {
    fn from(SlackUser { slack_user_id }: SlackUser) -> Self {
        Self { slack_user_id, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_set_device_tokens_and_their_own_slack_id_only() {
        let of = |settings: Value, provider| {
            decode_own(json!({"settings": settings}).as_object().unwrap().clone(), provider).is_ok()
        };
        assert!(of(json!({"device_tokens": ["a"]}), Provider::Apns));
        assert!(of(json!({"slack_user_id": "U1"}), Provider::Slack));
        assert!(!of(json!({"slack_channel_id": "C1"}), Provider::Slack));
        assert!(!of(json!({"slack_user_id": "U1", "slack_channel_id": "C1"}), Provider::Slack));
        assert!(!of(json!({"address": "a@example.com"}), Provider::Email));
        assert!(!of(json!({"phone": "+14155552671"}), Provider::Sms));
        assert!(!of(json!({"url": "https://example.com/"}), Provider::Webhook));
    }
}
