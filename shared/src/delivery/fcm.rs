//! Push through Firebase Cloud Messaging, HTTP v1 (`projects.messages.send`).

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Outcome, Outgoing, asked_to_wait,
    google::{AccessTokens, ServiceAccount},
    unanswered,
};
use crate::{
    clock::Clock,
    domain::{RenderedContent, Timestamp, push_data::NOTIFICATION_ID, rendered_content::Alert},
    net::{Answer, Client, Request},
};

const A_MINUTE: Duration = Duration::from_secs(60);
/// FCM keeps a message for at most 28 days, and refuses a longer time.
const LONGEST_TTL: Duration = Duration::from_secs(28 * 24 * 60 * 60);

/// Sends push messages.
pub struct Fcm {
    client: Client,
    endpoint: String,
    tokens: AccessTokens,
    clock: Clock,
}

#[derive(Deserialize)]
struct Accepted {
    name: String,
}

impl Fcm {
    /// Sends through the API at `endpoint`. Google's is `https://fcm.googleapis.com`.
    pub fn new(endpoint: impl Into<String>, clock: Clock) -> Self {
        let (client, tokens) = (Client::anywhere(clock.clone()), AccessTokens::default());
        Self { client, endpoint: endpoint.into(), tokens, clock }
    }

    /// The same, by that client instead of its own.
    pub fn by(self, client: Client) -> Self {
        Self { client, ..self }
    }

    /// Sends to one device, with the service account that `credentials` (Google's JSON key file) names.
    pub async fn send(&self, outgoing: &Outgoing<'_>, credentials: &str) -> Outcome {
        let Ok(account) = serde_json::from_str::<ServiceAccount>(credentials) else { return Outcome::Misconfigured };
        let Some(message) = message(outgoing, self.clock.now()) else { return Outcome::Rejected };
        let access = match self.tokens.get(&self.client, &account, &self.clock).await {
            Ok(access) => access,
            Err(outcome) => return outcome,
        };
        let url = format!("{}/v1/projects/{}/messages:send", self.endpoint, account.project_id);
        let request = Request::post(&url, "application/json", message.to_string()).bearer(&access.token);
        let answer = match self.client.send(request).await {
            Ok(answer) => answer,
            Err(error) => return unanswered(&error),
        };
        let status = answer.status();
        if matches!(status, 200..=299) {
            let accepted = answer.json::<Accepted>().await;
            // An answer with status 200 is a success, even if its body is lost.
            return Outcome::Sent { message_id: accepted.ok().map(|accepted| accepted.name) };
        }
        if status == 401 {
            self.tokens.forget(&account, &access.token, &self.clock).await;
            // A cached token may have been revoked. The next attempt gets a new token.
            if access.kept {
                return Outcome::Retry { after: None };
            }
        }
        refused(answer, self.clock.now()).await
    }
}

/// Builds a visible push message.
fn message(outgoing: &Outgoing<'_>, now: Timestamp) -> Option<Value> {
    let Alert { title, body, data } = match outgoing.content {
        RenderedContent::Push(alert) => alert,
        RenderedContent::Email(_) | RenderedContent::Sms(_) | RenderedContent::Slack(_) | RenderedContent::InApp(_) => {
            return None;
        }
    };
    let mut data: Map<_, _> = data.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    data.insert(NOTIFICATION_ID.into(), json!(outgoing.notification_id));
    let mut message = Map::new();
    message.insert("token".into(), json!(outgoing.address));
    message.insert("notification".into(), json!({"title": title, "body": body}));
    message.insert("data".into(), data.into());
    let [android, apns, webpush] = platforms(outgoing, now);
    message.extend([("android".to_owned(), android), ("apns".to_owned(), apns), ("webpush".to_owned(), webpush)]);
    Some(json!({"message": message}))
}

/// The parts for Android, for Apple's systems and for browsers. A token is of an app on one of them, and only FCM knows which, so
/// whatever is said to one is said to each
/// (<https://firebase.google.com/docs/cloud-messaging/customize-messages/cross-platform>).
///
/// - An attempt whose outcome is unknown is repeated. The message with the same tag or id then takes the place of the first one on the
///   screen, instead of standing beside it
///   (<https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages#AndroidNotification>). A browser's notification
///   without a title and a text of its own has those that all platforms get (`#WebpushConfig` of that page).
/// - Apple's devices are silent unless a sound is named; Android's and browsers have a sound of their own. Phones are woken for whatever
///   is shown, unless FCM is told that it may wait
///   (<https://firebase.google.com/docs/cloud-messaging/customize-messages/setting-message-priority>; RFC 8030 §5.3).
/// - Each has an expiry of its own. Apple's is a point in time, in seconds
///   (<https://firebase.google.com/docs/cloud-messaging/concept-options#ttl>; RFC 8030 §5.2).
fn platforms(outgoing: &Outgoing<'_>, now: Timestamp) -> [Value; 3] {
    let id = outgoing.notification_id;
    let mut android = object([("notification", json!({"tag": id}))]);
    let mut webpush = android.clone();
    let mut apns = Map::new();
    let mut to_apple = object([("apns-collapse-id", json!(id))]);
    let mut to_browsers = Map::new();
    if outgoing.is_urgent() {
        apns.extend(object([("payload", json!({"aps": {"sound": "default"}}))]));
    } else {
        android.extend(object([("priority", json!("NORMAL"))]));
        to_apple.extend(object([("apns-priority", json!("5"))]));
        to_browsers.extend(object([("Urgency", json!("low"))]));
    }
    if let Some(expires_at) = outgoing.expires_at {
        let left = expires_at.saturating_duration_since(now).min(LONGEST_TTL).as_secs();
        android.extend(object([("ttl", json!(format!("{left}s")))]));
        to_apple.extend(object([("apns-expiration", json!(expires_at.seconds().to_string()))]));
        to_browsers.extend(object([("TTL", json!(left.to_string()))]));
    }
    apns.extend(object([("headers", to_apple.into())]));
    if !to_browsers.is_empty() {
        webpush.extend(object([("headers", to_browsers.into())]));
    }
    [android, apns, webpush].map(Value::Object)
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A data value as a string, because FCM accepts only strings.
fn text(value: &Value) -> Value {
    match value {
        Value::String(_) => value.clone(),
        other => Value::String(other.to_string()),
    }
}

async fn refused(answer: Answer, now: Timestamp) -> Outcome {
    let status = answer.status();
    let after = asked_to_wait(&answer, now);
    let body: Value = answer.json().await.unwrap_or_default();
    classify(status, &body, after)
}

/// Classifies FCM's answers by the `errorCode` in their details, or by the HTTP status if there is none
/// (<https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode>).
fn classify(status: u16, body: &Value, after: Option<Duration>) -> Outcome {
    let details = body.pointer("/error/details").and_then(Value::as_array);
    let code = details.into_iter().flatten().find_map(|detail| detail.get("errorCode")?.as_str());
    tracing::warn!(provider = "fcm", status, code, "refused");
    match (code, status) {
        (Some("UNREGISTERED"), _) => Outcome::AddressGone { since: None },
        (Some("THIRD_PARTY_AUTH_ERROR"), _) => Outcome::Misconfigured,
        // A device token of another project can never work here.
        (Some("INVALID_ARGUMENT" | "SENDER_ID_MISMATCH"), _) => Outcome::Rejected,
        // Google asks to wait one minute if the answer gives no other time.
        (Some("QUOTA_EXCEEDED"), _) | (_, 429) => Outcome::NotTried { after: after.or(Some(A_MINUTE)) },
        (Some("UNAVAILABLE" | "INTERNAL"), _) => Outcome::Retry { after },
        // A gateway answered. FCM behind it may have accepted the message.
        (_, 502 | 504) => Outcome::Unknown,
        (_, 408 | 500..=599) => Outcome::Retry { after },
        (_, 401 | 403 | 404) => Outcome::Misconfigured,
        (_, 400..=499) => Outcome::Rejected,
        _ => Outcome::Retry { after: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{delivery::tests::outgoing, domain::Channel};

    #[test]
    fn what_is_accepted_counts_all_that_google_gets() {
        let data = json!({"order": {"id": 7, "name": "a \"b\""}, "text": "ü"}).as_object().unwrap().clone();
        let alert = Alert { title: Some("T".into()), body: "b".into(), data };
        let counted = alert.push_bytes();
        let content = RenderedContent::Push(alert);
        let message = message(&outgoing(Channel::Push, "token", &content), Timestamp::EPOCH).unwrap();
        let sent = json!({"notification": message["message"]["notification"], "data": message["message"]["data"]});
        assert!(sent.to_string().len() <= counted, "{sent}");
    }

    fn platforms_of(priority: u8, expires_at: Option<i64>) -> (String, [Value; 3]) {
        let content = RenderedContent::Push(Alert { body: "b".into(), ..Alert::default() });
        let outgoing = outgoing(Channel::Push, "t", &content);
        let expires_at = expires_at.map(Timestamp::from_millis);
        let outgoing = Outgoing { expires_at, priority, ..outgoing };
        let message = message(&outgoing, Timestamp::from_millis(1_000_500)).unwrap();
        let platforms = ["android", "apns", "webpush"].map(|platform| message["message"][platform].clone());
        (outgoing.notification_id.to_string(), platforms)
    }

    #[test]
    fn a_message_replaces_itself_and_expires_on_every_platform() {
        for (expires_at, expiry) in [
            (None, None),
            (Some(1_061_000), Some(("60s", "1061", "60"))),
            (Some(1_000_000), Some(("0s", "1000", "0"))),
            // FCM keeps no message for longer than 28 days.
            (Some(10_000_000_000), Some(("2419200s", "10000000", "2419200"))),
        ] {
            let (id, [android, apns, webpush]) = platforms_of(3, expires_at);
            let tags = [
                &android["notification"]["tag"],
                &apns["headers"]["apns-collapse-id"],
                &webpush["notification"]["tag"],
            ];
            assert_eq!(tags, [id.as_str(); 3], "{expires_at:?}");
            let told = android["ttl"].as_str().map(|ttl| {
                let [end, left] = [&apns["headers"]["apns-expiration"], &webpush["headers"]["TTL"]];
                (ttl, end.as_str().unwrap(), left.as_str().unwrap())
            });
            assert_eq!(told, expiry, "{expires_at:?}");
        }
    }

    #[test]
    fn a_phone_is_woken_and_heard_unless_the_message_is_less_urgent_than_usual() {
        for priority in 1..=5 {
            let (id, platforms) = platforms_of(priority, None);
            let shown = json!({"notification": {"tag": id}});
            let expected = if priority <= 3 {
                let apns = json!({"headers": {"apns-collapse-id": id}, "payload": {"aps": {"sound": "default"}}});
                [shown.clone(), apns, shown]
            } else {
                let android = json!({"notification": {"tag": id}, "priority": "NORMAL"});
                let apns = json!({"headers": {"apns-collapse-id": id, "apns-priority": "5"}});
                [android, apns, json!({"notification": {"tag": id}, "headers": {"Urgency": "low"}})]
            };
            assert_eq!(platforms, expected, "{priority}");
        }
    }

    #[test]
    fn documented_errors_are_told_apart() {
        let error = |code: &str| {
            json!({"error": {"details": [
                {"@type": "type.googleapis.com/google.rpc.BadRequest"},
                {"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code}
            ]}})
        };
        let later = |seconds| Outcome::Retry { after: Some(Duration::from_secs(seconds)) };
        let too_many = |seconds| Outcome::NotTried { after: Some(Duration::from_secs(seconds)) };
        for (status, body, after, outcome) in [
            (404, error("UNREGISTERED"), None, Outcome::AddressGone { since: None }),
            (403, error("SENDER_ID_MISMATCH"), None, Outcome::Rejected),
            (401, error("THIRD_PARTY_AUTH_ERROR"), None, Outcome::Misconfigured),
            (400, error("INVALID_ARGUMENT"), None, Outcome::Rejected),
            (429, error("QUOTA_EXCEEDED"), Some(60), too_many(60)),
            (503, error("UNAVAILABLE"), None, Outcome::Retry { after: None }),
            (500, error("INTERNAL"), None, Outcome::Retry { after: None }),
            (401, Value::Null, None, Outcome::Misconfigured),
            // The project does not exist. That does not mean that the device is gone.
            (404, Value::Null, None, Outcome::Misconfigured),
            (500, Value::Null, Some(2), later(2)),
            (429, Value::Null, None, too_many(60)),
            (502, Value::Null, Some(2), Outcome::Unknown),
        ] {
            let after = after.map(Duration::from_secs);
            assert_eq!(classify(status, &body, after), outcome, "{status} {body}");
        }
    }
}
