//! Finds the providers' requests that belong to a notification.

use serde_json::{Map, Value, json};
use shared::domain::{Channel, Delivery, Notification, delivery::address_key};

use crate::providers::Providers;

/// The requests, oldest first: `{provider, channel, to, at, response, message_id, method, path, headers, body}`.
pub(super) fn of(providers: &Providers, notification: &Notification, deliveries: &[Delivery]) -> Vec<Value> {
    let id = notification.id.to_string();
    let created = notification.created_at.to_string();
    let slack = deliveries.iter().find(|delivery| delivery.channel == Channel::Slack);
    let belongs = |request: &Value| match named(request) {
        Some(named) => named == id,
        None => slack.is_some_and(|slack| is_slacks(request, slack, &created)),
    };
    providers.deliveries_where(belongs).iter().map(short).collect()
}

/// The notification that a request names. Slack's messages do not name one.
pub(super) fn named(request: &Value) -> Option<&str> {
    let body = &request["request"]["body"];
    match request["provider"].as_str()? {
        "ses" => {
            let tags = body["EmailTags"].as_array()?;
            tags.iter().find(|tag| tag["Name"] == "notification_id")?["Value"].as_str()
        }
        "fcm" => body.pointer("/message/data/notification_id")?.as_str(),
        "apns" => body["notification_id"].as_str(),
        "sms" => body.pointer("/Context/notification_id")?.as_str(),
        "webhook" => body.pointer("/data/notification_id")?.as_str(),
        _ => None,
    }
}

/// Whether a Slack message belongs to this delivery. An accepted message has the id that Slack gave it. A refused
/// message is found by its address and its time.
fn is_slacks(request: &Value, delivery: &Delivery, created: &str) -> bool {
    if request["provider"] != "slack" {
        return false;
    }
    let (to, at) = (request["to"].as_str().unwrap_or_default(), request["at"].as_str().unwrap_or_default());
    delivery.addresses.iter().any(|(key, outcome)| match request["message_id"].as_str() {
        Some(ts) => outcome.provider_message_id.as_deref() == Some(ts),
        None => *key == address_key(&outcome.channel_id, to) && *created <= *at && *at <= *delivery.at.to_string(),
    })
}

/// Credentials are left out: the record of a request has hidden them already.
const CREDENTIALS: [&str; 3] = ["authorization", "cookie", "x-amz-security-token"];

fn short(request: &Value) -> Value {
    let asked = &request["request"];
    let headers = asked["headers"].as_object().into_iter().flatten();
    let headers: Map<_, _> = headers
        .filter(|(name, _)| !CREDENTIALS.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    json!({
        "provider": request["provider"], "channel": request["channel"], "to": request["to"], "at": request["at"],
        "response": request["response"], "message_id": request["message_id"],
        "method": asked["method"], "path": asked["path"], "headers": headers, "body": asked["body"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::domain::{AddressOutcome, AddressState, Timestamp};

    #[test]
    fn every_provider_but_slack_names_the_notification() {
        let named = |provider: &str, body: Value| {
            named(&json!({"provider": provider, "request": {"body": body}})).map(str::to_owned)
        };
        let tags = json!([{"Name": "user_id", "Value": "u"}, {"Name": "notification_id", "Value": "n"}]);
        let bodies = [
            ("ses", json!({"EmailTags": tags})),
            ("fcm", json!({"message": {"data": {"notification_id": "n"}}})),
            ("apns", json!({"notification_id": "n"})),
            ("sms", json!({"Context": {"notification_id": "n"}})),
            ("webhook", json!({"data": {"notification_id": "n"}})),
        ];
        for (provider, body) in bodies {
            assert_eq!(named(provider, body).as_deref(), Some("n"), "{provider}");
        }
        for provider in ["ses", "fcm", "apns", "slack", "sms", "webhook"] {
            assert_eq!(named(provider, json!("no JSON")), None, "{provider}");
        }
    }

    #[test]
    fn no_credential_is_among_the_headers() {
        let headers = json!({"authorization": "[redacted]", "cookie": "a", "x-amz-security-token": "b", "x-kept": "c"});
        let shown = short(&json!({"request": {"method": "POST", "path": "/x", "headers": headers}}));
        assert_eq!((&shown["headers"], &shown["path"]), (&json!({"x-kept": "c"}), &json!("/x")));
    }

    #[test]
    fn a_message_in_slack_is_known_by_slacks_id_or_by_its_address_and_time() {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
        let outcome = AddressOutcome {
            channel_id: "c".into(),
            state: AddressState::Sent,
            provider_message_id: Some("1.5".into()),
        };
        let mut delivery = Delivery::queued(Channel::Slack, at(20));
        delivery.addresses = [(address_key("c", "C1"), outcome)].into();
        let request = |change: Value| {
            let mut request = json!({"provider": "slack", "to": "C1", "at": at(15), "message_id": "1.5"});
            request.as_object_mut().unwrap().extend(change.as_object().unwrap_or(&Map::new()).clone());
            is_slacks(&request, &delivery, &at(10).to_string())
        };
        assert!(request(json!({})));
        assert!(!request(json!({"message_id": "1.6"})), "another notification's");
        let refused = |change: Value| {
            let mut whole = json!({"message_id": null});
            whole.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            request(whole)
        };
        assert!(refused(json!({})));
        for change in [json!({"to": "C2"}), json!({"at": at(9)}), json!({"at": at(21)}), json!({"provider": "x"})] {
            assert!(!refused(change.clone()), "{change}");
        }
    }
}
