//! The body of `PUT /admin/v1/users/{external_id}`: partial; `null` clears, but for the address.

use std::time::Duration;

use lambda_http::Body;
use serde_json::{Map, Value};
use shared::{
    dialects::notiflows::{Faults, Problem, preferences, settings},
    domain::{
        ConfiguredChannel, EmailAddress, Field, Json, UserChange,
        display::Preference,
        phone, text,
        user_change::{DisplayChange, ProfileChange},
    },
    http::body,
};

use crate::App;

const CUSTOM_FIELDS: &str = "custom_fields";
/// The most channels whose settings one request carries: all that it changes has to fit one expression.
pub const MOST_CHANNELS: usize = 10;
/// The most bytes of a picture's URL.
const AVATAR_BYTES: usize = 2048;

/// Reads the body. The configured channels are looked at only where it carries settings for some.
pub async fn decode(app: &App, given: &Body) -> Result<UserChange, Problem> {
    let body = body::object(given)?;
    // Read from the text: a `Value` holds numbers as `f64`.
    let custom = if body.contains_key(CUSTOM_FIELDS) { body::member(given, CUSTOM_FIELDS)? } else { None };
    let channels = match body.get("channel_settings") {
        None => Vec::new(),
        Some(entries) => configured(app, entries).await?,
    };
    read(body, custom, &channels)
}

/// The configured channels. Where one that is named is not among those known, they are looked for again: it may be new.
async fn configured(app: &App, entries: &Value) -> Result<Vec<ConfiguredChannel>, Problem> {
    let known = app.channels.get(|| app.store.channels()).await?;
    let named = entries.as_array().into_iter().flatten().filter_map(|entry| entry["channel_id"].as_str());
    let all_known = named.take(MOST_CHANNELS).all(|id| known.iter().any(|channel| channel.id == id));
    if all_known {
        return Ok(known.to_vec());
    }
    Ok(app.channels.get_within(Duration::ZERO, || app.store.channels()).await?.to_vec())
}

fn read(
    mut body: Map<String, Value>,
    custom: Option<&str>,
    channels: &[ConfiguredChannel],
) -> Result<UserChange, Problem> {
    let mut faults = Faults::default();
    let mut change = UserChange::default();
    let mut field = |name: &'static str, accepted, read: fn(&str) -> Option<String>| {
        text_field(&mut body, name, accepted, read, &mut faults)
    };
    change.profile = ProfileChange {
        first_name: field("first_name", "must be a line of 1 to 200 characters, or null", line),
        last_name: field("last_name", "must be a line of 1 to 200 characters, or null", line),
        phone: field("phone", "must be a telephone number such as +14155552671 (E.164), or null", number),
        avatar: field("avatar", "must be an http or https URL of at most 2048 bytes, or null", picture),
    };
    change.display = DisplayChange {
        language: field("locale", "must be a BCP 47 language tag such as en-US, or null", language),
        timezone: field("timezone", "must be an IANA time zone such as Europe/Berlin, or null", timezone),
        ..DisplayChange::default()
    };
    change.email = match body.remove("email") {
        None => None,
        Some(email) => {
            let email = email.as_str().and_then(EmailAddress::parse);
            if email.is_none() {
                faults.add("email", "must be an email address", "invalid");
            }
            email
        }
    };
    body.remove(CUSTOM_FIELDS);
    match custom.map(|text| Json::object(text, CUSTOM_FIELDS)) {
        None => {}
        Some(Ok(patch)) => change.custom = patch,
        Some(Err(error)) => faults.add(error.at, error.fault.to_string(), "invalid"),
    }
    match body.remove("preferences") {
        None => {}
        Some(Value::Object(given)) => preferences::decode(given, "preferences.", &mut change, &mut faults),
        Some(_) => faults.add("preferences", "must be an object", "invalid"),
    }
    match body.remove("channel_settings") {
        None => {}
        Some(Value::Array(entries)) => channel_settings(entries, channels, &mut change, &mut faults),
        Some(_) => faults.add("channel_settings", "must be a list", "invalid"),
    }
    faults.unknown("", &body);
    faults.finish(change)
}

fn channel_settings(entries: Vec<Value>, channels: &[ConfiguredChannel], change: &mut UserChange, faults: &mut Faults) {
    const LIST: &str = "channel_settings";
    if entries.len() > MOST_CHANNELS {
        return faults.add(LIST, "must have at most 10 entries", "length");
    }
    for (index, entry) in entries.into_iter().enumerate() {
        let field = format!("{LIST}[{index}]");
        let Value::Object(mut entry) = entry else {
            faults.add(field, "must be an object with channel_id and settings", "invalid");
            continue;
        };
        let id = entry.remove("channel_id");
        let given = entry.remove("settings");
        faults.unknown(&format!("{field}."), &entry);
        let channel = id.as_ref().and_then(Value::as_str).and_then(|id| channels.iter().find(|c| c.id == id));
        let Some(channel) = channel else {
            faults.add(format!("{field}.channel_id"), "must be the id of a channel that is set up", "invalid");
            continue;
        };
        let settings = settings::read(given, &format!("{field}.settings"), channel.provider, faults);
        if change.endpoints.insert(channel.id.clone(), (channel.provider, settings)).is_some() {
            faults.add(format!("{field}.channel_id"), "must not stand twice in the list", "invalid");
        }
    }
}

fn text_field(
    body: &mut Map<String, Value>,
    name: &'static str,
    accepted: &'static str,
    read: fn(&str) -> Option<String>,
    faults: &mut Faults,
) -> Field<String> {
    match body.remove(name) {
        None => Field::Absent,
        Some(Value::Null) => Field::Null,
        Some(value) => value.as_str().and_then(read).map_or_else(
            || {
                faults.add(name, accepted, "invalid");
                Field::Absent
            },
            Field::Value,
        ),
    }
}

fn line(given: &str) -> Option<String> {
    text::is_line(given, 200).then(|| given.to_owned())
}

fn number(given: &str) -> Option<String> {
    phone::is_e164(given).then(|| given.to_owned())
}

fn language(given: &str) -> Option<String> {
    Preference::Language.canonical(given)
}

fn timezone(given: &str) -> Option<String> {
    Preference::Timezone.canonical(given)
}

fn picture(given: &str) -> Option<String> {
    let rest = given.strip_prefix("https://").or_else(|| given.strip_prefix("http://"))?;
    let good = !rest.is_empty() && given.len() <= AVATAR_BYTES && given.bytes().all(|b| b.is_ascii_graphic());
    good.then(|| given.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::{
        dialects::notiflows::Own,
        domain::{Channel, Provider},
    };

    use super::*;

    fn decoded(body: Value) -> Result<UserChange, Vec<(String, &'static str)>> {
        let custom = body.get(CUSTOM_FIELDS).map(Value::to_string);
        with_custom(body, custom.as_deref())
    }

    fn with_custom(body: Value, custom: Option<&str>) -> Result<UserChange, Vec<(String, &'static str)>> {
        let channel = |id: &str, provider| ConfiguredChannel {
            id: id.into(),
            name: id.into(),
            provider,
            secret: None,
            position: 0,
            carries: None,
        };
        let channels = [channel("android", Provider::Fcm), channel("text", Provider::Sms)];
        read(body.as_object().unwrap().clone(), custom, &channels).map_err(|problem| match problem {
            Problem::Own(Own::Validation(faults)) => faults.into_iter().map(|f| (f.field, f.reason)).collect(),
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn every_part_has_its_place() {
        let change = decoded(json!({
            "email": "a@example.com", "first_name": "Ada", "last_name": null, "phone": "+14155552671",
            "avatar": "https://example.com/a.png", "locale": "en-us", "timezone": "Europe/Berlin",
            "custom_fields": {"plan": "pro"}, "preferences": {"channel_types": {"sms": false}},
            "channel_settings": [{"channel_id": "android", "settings": {"device_tokens": ["t"]}}],
        }))
        .unwrap();
        assert_eq!(change.profile.first_name, Field::Value("Ada".into()));
        assert_eq!((&change.profile.last_name, change.name), (&Field::Null, None));
        assert_eq!(change.display.language, Field::Value("en-US".into()));
        assert_eq!(change.channels, [(Channel::Sms, false)].into());
        assert_eq!(change.endpoints["android"].1.device_tokens, ["t"]);
    }

    #[test]
    fn custom_fields_keep_every_digit_that_the_table_can_hold() {
        let kept = r#"{"n":-1234567890123456789012345678901234567.8,"s":1e-130}"#;
        let change = with_custom(json!({}), Some(kept)).unwrap();
        assert_eq!(change.custom, Json::object(kept, "it").unwrap());
        for number in ["123456789012345678901234567890123456789", "1e126", "-1e-131"] {
            let fault = with_custom(json!({}), Some(&format!(r#"{{"a":{{"b.c":{number}}}}}"#)));
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
