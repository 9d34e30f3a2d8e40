//! What the providers got of many notifications, found in one walk over all requests.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use serde_json::Value;
use shared::domain::Delivery;

use super::requests::named;
use crate::providers::Providers;

/// The titles of what was sent, and what of it has a text.
#[derive(Debug, Default)]
pub(super) struct Captured {
    titles: HashMap<String, String>,
    found: HashSet<String>,
    /// Slack's messages do not name a notification: these are the ids that Slack gave to those with the text.
    in_slack: HashSet<String>,
}

impl Captured {
    /// Reads all requests. `text` is in lower case; an empty one is not looked for.
    pub(super) fn read(providers: &Providers, text: &str) -> Self {
        let captured = RefCell::new(Self::default());
        // Nothing is wanted, so nothing is copied.
        providers.deliveries_where(|request| {
            captured.borrow_mut().note(request, text);
            false
        });
        captured.into_inner()
    }

    fn note(&mut self, request: &Value, text: &str) {
        let body = &request["request"]["body"];
        let has_text = !text.is_empty() && contains(body, text);
        if let Some(id) = named(request) {
            if let Some(title) = title(body) {
                // An email's subject says more than the others' titles.
                let entry = self.titles.entry(id.to_owned()).or_insert_with(|| title.to_owned());
                if request["provider"] == "ses" {
                    title.clone_into(entry);
                }
            }
            if has_text {
                self.found.insert(id.to_owned());
            }
        } else if let Some(id) = request["message_id"].as_str().filter(|_| has_text) {
            self.in_slack.insert(id.to_owned());
        }
    }

    /// The title of what was sent.
    pub(super) fn title(&self, id: &str) -> Option<&str> {
        self.titles.get(id).map(String::as_str)
    }

    /// Whether something with the text was sent.
    pub(super) fn has(&self, id: &str, deliveries: &[Delivery]) -> bool {
        let outcomes = || deliveries.iter().flat_map(|delivery| delivery.addresses.values());
        let mut ids = outcomes().filter_map(|outcome| outcome.provider_message_id.as_deref());
        self.found.contains(id) || ids.any(|id| self.in_slack.contains(id))
    }
}

fn title(body: &Value) -> Option<&str> {
    let titles = [
        "/Content/Simple/Subject/Data",
        "/message/notification/title",
        "/aps/alert/title",
        "/data/words/push/title",
        "/MessageBody",
    ];
    titles.iter().find_map(|pointer| body.pointer(pointer)?.as_str()).filter(|title| !title.is_empty())
}

/// Whether a text of the value has this text, which is in lower case.
pub(super) fn contains(value: &Value, text: &str) -> bool {
    match value {
        Value::String(own) => own.to_lowercase().contains(text),
        Value::Array(all) => all.iter().any(|one| contains(one, text)),
        Value::Object(all) => all.values().any(|one| contains(one, text)),
        Value::Number(number) => number.to_string().contains(text),
        Value::Null | Value::Bool(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::domain::{AddressOutcome, AddressState, Channel, Timestamp};

    use super::*;

    #[test]
    fn titles_and_texts_are_found_by_notification() {
        let mut captured = Captured::default();
        let tags = json!([{"Name": "notification_id", "Value": "n"}]);
        let simple = json!({"Subject": {"Data": "The Subject"}, "Body": {"Text": {"Data": "Some Words"}}});
        let push = json!({"message": {"data": {"notification_id": "n"}, "notification": {"title": "A push"}}});
        let email = json!({"EmailTags": tags, "Content": {"Simple": simple}});
        for (provider, body) in [("fcm", &push), ("ses", &email), ("fcm", &push)] {
            captured.note(&json!({"provider": provider, "request": {"body": body}}), "some w");
        }
        let slack = json!({"provider": "slack", "message_id": "1.5", "request": {"body": {"text": "some words"}}});
        captured.note(&slack, "some w");
        assert_eq!((captured.title("n"), captured.title("m")), (Some("The Subject"), None));
        assert!(captured.has("n", &[]) && !captured.has("m", &[]));
        let outcome = AddressOutcome {
            channel_id: "c".into(),
            state: AddressState::Sent,
            provider_message_id: Some("1.5".into()),
        };
        let mut delivery = Delivery::queued(Channel::Slack, Timestamp::EPOCH);
        delivery.addresses.insert("a".to_owned(), outcome);
        assert!(captured.has("m", &[delivery]), "by Slack's id");
    }
}
