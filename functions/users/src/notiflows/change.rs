//! The body of `PUT /admin/v1/users/{external_id}`: partial; `null` clears, but for the address.

mod entries;

use std::collections::BTreeMap;

use lambda_http::Body;
use serde_json::{Map, Value};
use shared::{
    dialects::notiflows::{
        Problem, decode, has,
        kinds::{AVATAR, LOCALE, NAME, NAME_OR_NULL, PHONE, TIMEZONE},
        preferences::PreferencesChange,
    },
    domain::{
        ConfiguredChannel, EmailAddress, Field, Provider, Scope, Settings, UserChange,
        json::Object,
        user_change::{DisplayChange, EmailRule, ProfileChange},
    },
    http::{
        auth::Caller,
        body,
        request::{
            RequestBody,
            kind::Kind,
            kinds::EMAIL,
            member::{nullable, optional},
            objects::{ExactObject, nested},
        },
    },
    request_body,
};

use crate::App;
use entries::{Channels, Entries, MAX_CHANNELS};

const CHANNEL_SETTINGS: &str = "channel_settings";

request_body! {
    /// The fields to change; all others stay. `null` clears a field.
    pub struct NotiflowsUserChange as "NotiflowsUserChange" (channels: Channels) {
        first_name: Field<String> = nullable(NAME.saying(NAME_OR_NULL)),
        last_name: Field<String> = nullable(NAME.saying(NAME_OR_NULL)),
        phone: Field<String> = nullable(PHONE.saying("a telephone number such as +14155552671 (E.164), or null")),
        /// An http or https URL.
        avatar: Field<String> = nullable(AVATAR),
        locale: Field<String> = nullable(LOCALE),
        timezone: Field<String> = nullable(TIMEZONE),
        email: Option<EmailAddress> = optional(EMAIL),
        /// Merged at every depth, `null` removes; 8 KiB at most once merged.
        custom_fields: Option<Object> = optional(ExactObject("custom_fields")),
        preferences: Option<PreferencesChange> = optional(nested::<PreferencesChange>("an object")),
        channel_settings: Option<BTreeMap<String, (Provider, Settings)>> = optional(Entries(channels)),
    }
}

/// Reads the body. The configured channels are read only if the body has settings for some, and only for a caller who may
/// write settings: anybody else could learn from the answers which channels there are.
pub async fn of_request(app: &App, caller: &Caller, given: &Body) -> Result<UserChange, Problem> {
    let body = body::object_beside(given, &NotiflowsUserChange::from_text())?;
    let channels = match body.get(CHANNEL_SETTINGS) {
        Some(entries @ Value::Array(given)) if !given.is_empty() => {
            has(caller, Scope::ChannelSettingsWrite)?;
            configured(app, entries).await?
        }
        _ => Vec::new(),
    };
    read(body, given, &Channels { configured: channels, insecure_hosts: app.insecure_hosts.clone() })
}

/// The configured channels. If the body names an unknown one, they are read again: it may be new.
async fn configured(app: &App, entries: &Value) -> Result<Vec<ConfiguredChannel>, Problem> {
    let named = || entries.as_array().into_iter().flatten().filter_map(|entry| entry["channel_id"].as_str());
    let lack = |known: &[ConfiguredChannel]| {
        named().take(MAX_CHANNELS).any(|id| !known.iter().any(|channel| channel.id == id))
    };
    Ok(app.setup.channels_or_fresh(&app.store, lack).await?.to_vec())
}

fn read(object: Map<String, Value>, body: &[u8], channels: &Channels) -> Result<UserChange, Problem> {
    let NotiflowsUserChange {
        first_name,
        last_name,
        phone,
        avatar,
        locale,
        timezone,
        email,
        custom_fields,
        preferences,
        channel_settings,
    } = decode(object, Some(body), channels)?;
    let mut change = UserChange {
        profile: ProfileChange { first_name, last_name, phone, avatar },
        display: DisplayChange { language: locale, timezone, ..DisplayChange::default() },
        email,
        email_rule: EmailRule::ByAdmin,
        custom: custom_fields.unwrap_or_default(),
        endpoints: channel_settings.unwrap_or_default(),
        ..UserChange::default()
    };
    preferences.into_iter().for_each(|preferences| preferences.add_to(&mut change));
    Ok(change)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::{
        dialects::notiflows::FieldFault,
        domain::{Channel, Json, webhook::InsecureHosts},
    };

    use super::*;

    fn decoded(body: Value) -> Result<UserChange, Vec<(String, &'static str)>> {
        of_text(&body.to_string())
    }

    fn of_text(text: &str) -> Result<UserChange, Vec<(String, &'static str)>> {
        let configured = [("android", Provider::Fcm), ("text", Provider::Sms), ("hook", Provider::Webhook)]
            .map(|(id, provider)| ConfiguredChannel::new(id, provider));
        let insecure_hosts = InsecureHosts::new(vec!["hooks.internal".into()]);
        let channels = Channels { configured: configured.into(), insecure_hosts };
        let body = Body::from(text);
        read(body::object_beside(&body, &NotiflowsUserChange::from_text()).unwrap(), &body, &channels).map_err(
            |problem| match problem {
                Problem::Fields(faults) => {
                    faults.into_iter().map(FieldFault::from).map(|f| (f.field, f.reason)).collect()
                }
                other => panic!("{other:?}"),
            },
        )
    }

    #[test]
    fn every_part_has_its_place() {
        let change = decoded(json!({
            "email": "a@example.com", "first_name": "Ada", "last_name": null, "phone": "+14155552671",
            "avatar": "https://example.com/a.png", "locale": "en-us", "timezone": "Europe/Berlin",
            "custom_fields": {"plan": "pro"}, "preferences": {"channel_types": {"sms": false}},
            "channel_settings": [
                {"channel_id": "android", "settings": {"device_tokens": ["t"]}},
                {"channel_id": "hook", "settings": {"url": "http://hooks.internal/a"}},
            ],
        }))
        .unwrap();
        assert_eq!(change.profile.first_name, Field::Value("Ada".into()));
        assert_eq!((&change.profile.last_name, change.name), (&Field::Null, None));
        assert_eq!(change.display.language, Field::Value("en-US".into()));
        assert_eq!(change.channels, [(Channel::Sms, false)].into());
        assert_eq!(change.endpoints["android"].1.device_tokens, ["t"]);
        assert_eq!(change.endpoints["hook"].1.url.as_deref(), Some("http://hooks.internal/a"));
    }

    #[test]
    fn custom_fields_keep_every_digit_that_the_table_can_hold() {
        let kept = r#"{"n":-1234567890123456789012345678901234567.8,"s":1e-130}"#;
        let change = of_text(&format!(r#"{{"custom_fields":{kept}}}"#)).unwrap();
        assert_eq!(change.custom, Json::object(kept, "it").unwrap());
        for number in ["123456789012345678901234567890123456789", "1e126", "-1e-131"] {
            let fault = of_text(&format!(r#"{{"custom_fields":{{"a":{{"b.c":{number}}}}}}}"#));
            assert_eq!(fault, Err(vec![("custom_fields.a.b.c".to_owned(), "invalid")]), "{number}");
        }
    }

    #[test]
    fn a_fault_names_its_field() {
        for (body, field, reason) in [
            (json!({"email": null}), "email", "invalid"),
            (json!({"first_name": ""}), "first_name", "invalid"),
            (json!({"phone": "0301"}), "phone", "invalid"),
            (json!({"avatar": "javascript:alert(1)"}), "avatar", "invalid"),
            (json!({"locale": "x_y"}), "locale", "invalid"),
            (json!({"timezone": "Mars/Base"}), "timezone", "invalid"),
            (json!({"custom_fields": null}), "custom_fields", "invalid"),
            (json!({"custom_fields": {"": 1}}), "custom_fields", "invalid"),
            (json!({"custom_fields": {"a": [{"": 1}]}}), "custom_fields.a.0", "invalid"),
            (json!({"preferences": true}), "preferences", "invalid"),
            (json!({"preferences": {"channel_types": {"fax": true}}}), "preferences.channel_types.fax", "unknown"),
            (json!({"channel_settings": {}}), "channel_settings", "invalid"),
            (json!({"channel_settings": [{"channel_id": "no"}]}), "channel_settings[0].channel_id", "invalid"),
            (json!({"channel_settings": [{"channel_id": "text"}]}), "channel_settings[0].settings", "required"),
            (json!({"id": "x"}), "id", "unknown"),
        ] {
            assert_eq!(decoded(body), Err(vec![(field.to_owned(), reason)]));
        }
    }
}
