//! `{"settings": {…}}`, in the shape that the channel's provider takes.

use serde_json::{Map, Value, json};
use shared::domain::{EmailAddress, Provider, Settings};

use crate::problem::{FieldFault, Problem};

/// The most device tokens of one user on one channel.
const MOST_TOKENS: usize = 50;
/// The most bytes of a device token.
const TOKEN_BYTES: usize = 4096;

/// Reads the body for `provider`.
pub fn decode(mut body: Map<String, Value>, provider: Provider) -> Result<Settings, Problem> {
    let mut faults = Faults::default();
    let settings = body.remove("settings");
    for key in body.keys() {
        faults.add(key.clone(), "is not a known field", "unknown");
    }
    let decoded = match settings {
        Some(Value::Object(settings)) => read(settings, provider, &mut faults),
        None => {
            faults.add("settings".into(), "can't be blank", "required");
            Settings::default()
        }
        Some(_) => {
            faults.add("settings".into(), "must be an object", "invalid");
            Settings::default()
        }
    };
    if faults.0.is_empty() { Ok(decoded) } else { Err(Problem::Validation(faults.0)) }
}

/// The settings as they are shown: what is set, and nothing else.
pub fn encode(settings: &Settings) -> Map<String, Value> {
    let Settings { device_tokens, slack_channel_id, slack_user_id, address } = settings;
    let texts = [("address", address), ("slack_channel_id", slack_channel_id), ("slack_user_id", slack_user_id)];
    let tokens = (!device_tokens.is_empty()).then(|| ("device_tokens".to_owned(), json!(device_tokens)));
    let texts = texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text.as_ref()?))));
    tokens.into_iter().chain(texts).collect()
}

#[derive(Default)]
struct Faults(Vec<FieldFault>);

impl Faults {
    fn add(&mut self, field: String, message: &'static str, reason: &'static str) {
        self.0.push(FieldFault { field, message, reason });
    }
}

fn read(mut given: Map<String, Value>, provider: Provider, faults: &mut Faults) -> Settings {
    let mut settings = Settings::default();
    match provider {
        Provider::Apns | Provider::Fcm => settings.device_tokens = device_tokens(given.remove("device_tokens"), faults),
        Provider::Slack => {
            settings.slack_channel_id = slack_id(&mut given, "slack_channel_id", &['C', 'G', 'D'], faults);
            settings.slack_user_id = slack_id(&mut given, "slack_user_id", &['U', 'W'], faults);
            if settings.slack_channel_id.is_none() && settings.slack_user_id.is_none() && faults.0.is_empty() {
                faults.add("settings".into(), "must have a slack_channel_id or a slack_user_id", "required");
            }
        }
        Provider::Email => {
            let address = given.remove("address");
            settings.address = address
                .as_ref()
                .and_then(Value::as_str)
                .and_then(EmailAddress::parse)
                .map(|address| address.as_str().to_owned());
            if address.is_some() && settings.address.is_none() {
                faults.add("settings.address".into(), "must be an email address", "invalid");
            }
        }
    }
    for key in given.keys() {
        faults.add(format!("settings.{key}"), "is not a setting of this channel's provider", "unknown");
    }
    settings
}

/// Each token once, in the order given.
fn device_tokens(given: Option<Value>, faults: &mut Faults) -> Vec<String> {
    const FIELD: &str = "settings.device_tokens";
    let tokens = match given {
        None => {
            faults.add(FIELD.into(), "can't be blank", "required");
            return Vec::new();
        }
        Some(Value::Array(tokens)) => tokens,
        Some(_) => {
            faults.add(FIELD.into(), "must be a list of device tokens", "invalid");
            return Vec::new();
        }
    };
    let mut kept = Vec::new();
    for (index, token) in tokens.into_iter().enumerate() {
        match token {
            Value::String(token) if (1..=TOKEN_BYTES).contains(&token.len()) && !token.contains('\0') => {
                if !kept.contains(&token) {
                    kept.push(token);
                }
            }
            _ => faults.add(format!("{FIELD}[{index}]"), "must be a string of 1 to 4096 bytes", "invalid"),
        }
    }
    if !(1..=MOST_TOKENS).contains(&kept.len()) && faults.0.is_empty() {
        faults.add(FIELD.into(), "must have 1 to 50 device tokens", "length");
    }
    kept
}

fn slack_id(given: &mut Map<String, Value>, key: &str, first: &[char], faults: &mut Faults) -> Option<String> {
    let value = given.remove(key)?;
    let good = |id: &&str| {
        id.starts_with(first)
            && (2..=32).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    let id = value.as_str().filter(good).map(str::to_owned);
    if id.is_none() {
        let message = if first.contains(&'C') {
            "must be a Slack id that starts with C, G or D"
        } else {
            "must be a Slack id that starts with U or W"
        };
        faults.add(format!("settings.{key}"), message, "invalid");
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(body: Value, provider: Provider) -> Vec<(String, &'static str)> {
        match decode(body.as_object().unwrap().clone(), provider) {
            Err(Problem::Validation(faults)) => faults.into_iter().map(|f| (f.field, f.reason)).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn device_tokens_keep_their_order_and_come_once() {
        let body = json!({"settings": {"device_tokens": ["b", "a", "b"]}});
        let settings = decode(body.as_object().unwrap().clone(), Provider::Fcm).unwrap();
        assert_eq!(settings.device_tokens, ["b", "a"]);
        assert_eq!(Value::Object(encode(&settings)), json!({"device_tokens": ["b", "a"]}));
    }

    #[test]
    fn a_fault_names_its_field_and_its_reason() {
        let of = |body, provider, field: &str, reason| assert_eq!(faults(body, provider), [(field.to_owned(), reason)]);
        of(json!({}), Provider::Apns, "settings", "required");
        of(json!({"settings": null}), Provider::Apns, "settings", "invalid");
        of(json!({"settings": {}}), Provider::Apns, "settings.device_tokens", "required");
        of(json!({"settings": {"device_tokens": []}}), Provider::Fcm, "settings.device_tokens", "length");
        of(json!({"settings": {"device_tokens": ["a", ""]}}), Provider::Fcm, "settings.device_tokens[1]", "invalid");
        let many: Vec<_> = (0..51).map(|n| n.to_string()).collect();
        of(json!({"settings": {"device_tokens": many}}), Provider::Fcm, "settings.device_tokens", "length");
        of(json!({"settings": {}}), Provider::Slack, "settings", "required");
        of(json!({"settings": {"slack_user_id": "C1"}}), Provider::Slack, "settings.slack_user_id", "invalid");
        of(json!({"settings": {"address": "x"}}), Provider::Email, "settings.address", "invalid");
        of(json!({"settings": {}, "more": 1}), Provider::Email, "more", "unknown");
        assert_eq!(
            faults(json!({"settings": {"slack_user_id": "U1", "device_tokens": ["a"]}}), Provider::Slack),
            [("settings.device_tokens".to_owned(), "unknown")]
        );
    }
}
