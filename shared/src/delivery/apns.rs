//! Push through the Apple Push Notification service, over HTTP/2 with provider tokens.

use std::time::Duration;

use reqwest::{Client, Url, header::HeaderValue};
use serde_json::{Map, Value, json};

use super::{
    Outcome, Outgoing,
    apple::{Credentials, ProviderTokens},
    asked_to_wait, unanswered,
};
use crate::domain::{Timestamp, Words, words::Alert};

/// The most bytes that Apple takes of a payload.
const MOST_BYTES: usize = 4096;

/// Sends push messages to Apple's devices.
pub struct Apns {
    client: Client,
    endpoint: String,
    tokens: ProviderTokens,
}

/// What is sent, and how urgently.
struct Push {
    kind: &'static str,
    priority: &'static str,
    payload: Vec<u8>,
}

impl Apns {
    /// Through the API at `endpoint`, `https://api.push.apple.com` on the Internet; a channel's secret may name another.
    pub fn new(endpoint: impl Into<String>) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            // Apple speaks nothing else, with or without TLS.
            .http2_prior_knowledge()
            // A process that was frozen may hold a connection that is long gone: that must show before the request's own
            // time is over.
            .http2_keep_alive_interval(Duration::from_secs(5))
            .http2_keep_alive_timeout(Duration::from_secs(3))
            .connect_timeout(Duration::from_secs(3))
            .build()?;
        Ok(Self { client, endpoint: endpoint.into(), tokens: ProviderTokens::default() })
    }

    /// Sends to one device. `credentials` are JSON: `team_id`, `key_id`, `private_key` (the `.p8` file's text), `topic`,
    /// and for the sandbox its `endpoint`.
    pub async fn send(&self, outgoing: &Outgoing<'_>, credentials: &str) -> Outcome {
        let Ok(credentials) = serde_json::from_str::<Credentials>(credentials) else { return Outcome::Misconfigured };
        let Ok(topic) = HeaderValue::from_str(&credentials.topic) else { return Outcome::Misconfigured };
        let Some(endpoint) = self.endpoint(&credentials) else { return Outcome::Misconfigured };
        let Some(token) = self.tokens.get(&credentials, Timestamp::now()) else { return Outcome::Misconfigured };
        let Some(Push { kind, priority, payload }) = push(outgoing) else { return Outcome::Rejected };
        let Some(url) = device(endpoint, outgoing.address) else { return Outcome::Rejected };
        let mut request = self
            .client
            .post(url)
            .bearer_auth(token)
            .header("apns-id", outgoing.id().to_string())
            // What is sent a second time takes the first one's place on the screen.
            .header("apns-collapse-id", outgoing.notification_id.to_string())
            .header("apns-topic", topic)
            .header("apns-push-type", kind)
            .header("apns-priority", priority)
            .header("content-type", "application/json");
        if let Some(expires_at) = outgoing.expires_at {
            request = request.header("apns-expiration", expires_at.seconds());
        }
        let answer = match request.body(payload).send().await {
            Ok(answer) => answer,
            Err(error) => return unanswered(&error),
        };
        if answer.status().is_success() {
            let id = answer.headers().get("apns-id").and_then(|id| id.to_str().ok());
            return Outcome::Sent { message_id: id.map(str::to_owned) };
        }
        let (status, after) = (answer.status().as_u16(), asked_to_wait(answer.headers()));
        let body: Value = answer.json().await.unwrap_or_default();
        classify(status, body["reason"].as_str(), after)
    }

    fn endpoint(&self, credentials: &Credentials) -> Option<Url> {
        let endpoint = match &credentials.endpoint {
            // The token must not travel in the clear because of a slip in a secret.
            Some(own) if !own.starts_with("https://") => return None,
            Some(own) => own,
            None => &self.endpoint,
        };
        Url::parse(endpoint).ok()
    }
}

/// The device's path. A token is one segment of it, whatever characters it is made of.
fn device(mut endpoint: Url, token: &str) -> Option<Url> {
    if matches!(token, "" | "." | "..") {
        return None;
    }
    endpoint.path_segments_mut().ok()?.pop_if_empty().extend(["3", "device", token]);
    Some(endpoint)
}

/// A visible message.
fn push(outgoing: &Outgoing<'_>) -> Option<Push> {
    // At 5 Apple weighs the device's battery and may group, delay or drop: for what is less urgent than usual.
    let urgent = outgoing.priority <= 3;
    let mut payload: Map<String, Value>;
    let (kind, priority) = match outgoing.words {
        Words::Push(Alert { title, body, data }) => {
            payload = data.clone();
            let mut aps = json!({"alert": {"body": body}});
            if let Some(title) = title {
                aps["alert"]["title"] = json!(title);
            }
            if urgent {
                aps["sound"] = json!("default");
            }
            payload.insert("aps".into(), aps);
            ("alert", if urgent { "10" } else { "5" })
        }
        Words::Email(_) | Words::Sms(_) | Words::Slack(_) | Words::InApp(_) => return None,
    };
    payload.insert("notification_id".into(), json!(outgoing.notification_id));
    let payload = serde_json::to_vec(&payload).ok()?;
    (payload.len() <= MOST_BYTES).then_some(Push { kind, priority, payload })
}

/// Apple's answers, by their reason where it is known and the HTTP status else
/// (<https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns>).
fn classify(status: u16, reason: Option<&str>, after: Option<Duration>) -> Outcome {
    tracing::warn!(provider = "apns", status, reason, "refused");
    match (reason.unwrap_or_default(), status) {
        ("Unregistered" | "ExpiredToken", _) => Outcome::AddressGone,
        // Not gone: with the other environment's end point, or the wrong topic, every device's token is refused like this,
        // and none must be lost by that.
        ("BadDeviceToken" | "DeviceTokenNotForTopic" | "MissingDeviceToken", _) => Outcome::Rejected,
        (
            "BadCollapseId" | "BadExpirationDate" | "BadMessageId" | "BadPriority" | "DuplicateHeaders"
            | "InvalidPushType" | "PayloadEmpty" | "PayloadTooLarge",
            _,
        ) => Outcome::Rejected,
        (
            "BadCertificate"
            | "BadCertificateEnvironment"
            | "BadEnvironmentKeyIdInToken"
            | "BadEnvironmentKeyInToken"
            | "BadPath"
            | "BadTopic"
            | "Forbidden"
            | "InvalidProviderToken"
            | "MethodNotAllowed"
            | "MissingProviderToken"
            | "MissingTopic"
            | "TopicDisallowed"
            | "UnrelatedKeyIdInToken",
            _,
        ) => Outcome::Misconfigured,
        // A clock that is off, or a window that ends: both pass.
        ("ExpiredProviderToken" | "TooManyProviderTokenUpdates" | "TooManyRequests" | "IdleTimeout", _)
        | ("InternalServerError" | "ServiceUnavailable" | "Shutdown", _)
        | (_, 408 | 429 | 500..=599) => Outcome::Retry { after },
        (_, 410) => Outcome::AddressGone,
        (_, 401 | 403 | 404 | 405) => Outcome::Misconfigured,
        (_, 400..=499) => Outcome::Rejected,
        _ => Outcome::Retry { after: None },
    }
}

#[cfg(test)]
mod tests;
