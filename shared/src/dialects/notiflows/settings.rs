//! `{"settings": {…}}`, in the shape that the channel's provider takes.

use serde_json::{Map, Value, json};

use super::{Faults, Problem, device_tokens::device_tokens};
use crate::domain::{EmailAddress, Provider, Settings, phone, webhook};

/// Reads the body for `provider`.
pub fn decode(mut body: Map<String, Value>, provider: Provider) -> Result<Settings, Problem> {
    let mut faults = Faults::default();
    let settings = read(body.remove("settings"), "settings", provider, &mut faults);
    faults.unknown("", &body);
    faults.finish(settings)
}

/// The same, for a user's own request: a user must not aim company channels or webhooks.
pub fn decode_own(body: Map<String, Value>, provider: Provider) -> Result<Settings, Problem> {
    let allowed = match provider {
        Provider::Apns | Provider::Fcm => "device_tokens",
        Provider::Slack => "slack_user_id",
        Provider::Email | Provider::Sms | Provider::Webhook | Provider::InApp => {
            return Err(Problem::invalid(
                "settings",
                "cannot be set by users for this channel's provider",
                "forbidden",
            ));
        }
    };
    if let Some(Value::Object(settings)) = body.get("settings")
        && let Some(other) = settings.keys().find(|key| *key != allowed)
    {
        let mut faults = Faults::default();
        faults.add(format!("settings.{other}"), "cannot be set by users", "forbidden");
        return faults.finish(Settings::default());
    }
    decode(body, provider)
}

/// Reads the value of `field`, which is to be an object of settings for `provider`.
pub fn read(given: Option<Value>, field: &str, provider: Provider, faults: &mut Faults) -> Settings {
    match given {
        Some(Value::Object(given)) => of_provider(given, field, provider, faults),
        None => {
            faults.add(field, "can't be blank", "required");
            Settings::default()
        }
        Some(_) => {
            faults.add(field, "must be an object", "invalid");
            Settings::default()
        }
    }
}

/// The settings as they are shown: what is set, and nothing else.
pub fn encode(settings: &Settings) -> Map<String, Value> {
    let Settings { device_tokens, slack_channel_id, slack_user_id, address, phone, url } = settings;
    let texts = [
        ("address", address),
        ("phone", phone),
        ("slack_channel_id", slack_channel_id),
        ("slack_user_id", slack_user_id),
        ("url", url),
    ];
    let tokens = (!device_tokens.is_empty()).then(|| ("device_tokens".to_owned(), json!(device_tokens)));
    let texts = texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text.as_ref()?))));
    tokens.into_iter().chain(texts).collect()
}

fn of_provider(mut given: Map<String, Value>, field: &str, provider: Provider, faults: &mut Faults) -> Settings {
    let mut settings = Settings::default();
    match provider {
        Provider::Apns | Provider::Fcm => {
            settings.device_tokens = device_tokens(given.remove("device_tokens"), field, faults);
        }
        Provider::Slack => {
            let none = !["slack_channel_id", "slack_user_id"].iter().any(|id| given.contains_key(*id));
            settings.slack_channel_id = slack_id(&mut given, field, "slack_channel_id", &['C', 'G', 'D'], faults);
            settings.slack_user_id = slack_id(&mut given, field, "slack_user_id", &['U', 'W'], faults);
            if none {
                faults.add(field, "must have a slack_channel_id or a slack_user_id", "required");
            }
        }
        Provider::Email => {
            if let Some(address) = given.remove("address") {
                let parsed = address.as_str().and_then(EmailAddress::parse);
                settings.address = parsed.map(|address| address.as_str().to_owned());
                if settings.address.is_none() {
                    faults.add(format!("{field}.address"), "must be an email address", "invalid");
                }
            }
        }
        Provider::Sms => {
            let number = |text: &str| phone::is_e164(text).then(|| text.to_owned());
            let accepted = "must be a telephone number such as +14155552671 (E.164)";
            settings.phone = required(&mut given, field, "phone", number, accepted, faults);
        }
        Provider::Webhook => {
            let accepted =
                "must be an https URL without credentials, and not of a private, loopback or link-local address";
            settings.url = required(&mut given, field, "url", webhook::parse, accepted, faults);
        }
        Provider::InApp => faults.add(field, "must not be given: the inbox needs none", "invalid"),
    }
    for key in given.keys() {
        faults.add(format!("{field}.{key}"), "is not a setting of this channel's provider", "unknown");
    }
    settings
}

/// A text that must be there and that `read` takes.
fn required(
    given: &mut Map<String, Value>,
    parent: &str,
    key: &str,
    read: impl FnOnce(&str) -> Option<String>,
    accepted: &'static str,
    faults: &mut Faults,
) -> Option<String> {
    let Some(value) = given.remove(key) else {
        faults.add(format!("{parent}.{key}"), "can't be blank", "required");
        return None;
    };
    let read = value.as_str().and_then(read);
    if read.is_none() {
        faults.add(format!("{parent}.{key}"), accepted, "invalid");
    }
    read
}

fn slack_id(
    given: &mut Map<String, Value>,
    parent: &str,
    key: &str,
    first: &[char],
    faults: &mut Faults,
) -> Option<String> {
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
        faults.add(format!("{parent}.{key}"), message, "invalid");
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialects::notiflows::Own;

    fn faults(body: Value, provider: Provider) -> Vec<(String, &'static str)> {
        match decode(body.as_object().unwrap().clone(), provider) {
            Err(Problem::Own(Own::Validation(faults))) => faults.into_iter().map(|f| (f.field, f.reason)).collect(),
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
    fn no_more_than_twenty_faults_are_listed_and_a_list_is_not_walked_beyond_its_bound() {
        let bad = json!({"settings": {"device_tokens": vec![""; 1000]}});
        assert_eq!(faults(bad, Provider::Fcm).len(), 20);
        let mut many: Vec<_> = (0..51).map(|n| json!(n.to_string())).collect();
        many.extend(vec![json!(""); 1000]);
        let length = [("settings.device_tokens".to_owned(), "length")];
        assert_eq!(faults(json!({"settings": {"device_tokens": many}}), Provider::Fcm), length);
        let same = json!({"settings": {"device_tokens": vec!["a"; 10_000]}});
        assert_eq!(decode(same.as_object().unwrap().clone(), Provider::Fcm).unwrap().device_tokens, ["a"]);
    }

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
        of(json!({"settings": {}}), Provider::Sms, "settings.phone", "required");
        of(json!({"settings": {"phone": "0301234567"}}), Provider::Sms, "settings.phone", "invalid");
        of(json!({"settings": {"url": "https://127.0.0.1/"}}), Provider::Webhook, "settings.url", "invalid");
        of(json!({"settings": {"url": 1}}), Provider::Webhook, "settings.url", "invalid");
        assert_eq!(
            faults(json!({"settings": {"slack_user_id": "U1", "device_tokens": ["a"]}}), Provider::Slack),
            [("settings.device_tokens".to_owned(), "unknown")]
        );
    }
}
