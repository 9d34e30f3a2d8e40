//! Push through the Apple Push Notification service, over HTTP/2 with provider tokens.

use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::{
    Outcome, Outgoing,
    apple::{Credentials, ProviderTokens},
    asked_to_wait, unanswered,
};
use crate::{
    clock::Clock,
    domain::{
        RenderedContent, Timestamp, content_length::PUSH_BYTES, push_data::NOTIFICATION_ID, rendered_content::Alert,
    },
    net::{Client, Request},
};

/// All characters except the unreserved ones (RFC 3986 §2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Sends push messages to Apple's devices.
pub struct Apns {
    client: Client,
    endpoint: String,
    tokens: ProviderTokens,
    clock: Clock,
}

/// The payload of a push message, and how urgent it is.
struct Push {
    kind: &'static str,
    priority: &'static str,
    payload: Vec<u8>,
}

impl Apns {
    /// Sends through the API at `endpoint`. Apple's is `https://api.push.apple.com`. A channel's secret may name
    /// another one.
    pub fn new(endpoint: impl Into<String>, clock: Clock) -> Self {
        // Apple speaks only HTTP/2.
        let (client, tokens) = (Client::http2(clock.clone()), ProviderTokens::default());
        Self { client, endpoint: endpoint.into(), tokens, clock }
    }

    /// The same, by that client instead of its own.
    pub fn by(self, client: Client) -> Self {
        Self { client, ..self }
    }

    /// Sends to one device. `credentials` are JSON: `team_id`, `key_id`, `private_key` (the `.p8` file's text), `topic`,
    /// and for the sandbox its `endpoint`.
    pub async fn send(&self, outgoing: &Outgoing<'_>, credentials: &str) -> Outcome {
        let Ok(credentials) = serde_json::from_str::<Credentials>(credentials) else { return Outcome::Misconfigured };
        let Some(endpoint) = self.endpoint(&credentials) else { return Outcome::Misconfigured };
        let Some(token) = self.tokens.get(&credentials, self.clock.now()) else { return Outcome::Misconfigured };
        let Some(Push { kind, priority, payload }) = push(outgoing) else { return Outcome::Rejected };
        let Some(url) = device(endpoint, outgoing.address) else { return Outcome::Rejected };
        let mut request = Request::post(&url, "application/json", payload)
            .bearer(&token)
            .header("apns-id", &outgoing.id().to_string())
            // A message that is sent twice replaces the first one on the screen.
            .header("apns-collapse-id", &outgoing.notification_id.to_string())
            .header("apns-topic", &credentials.topic)
            .header("apns-push-type", kind)
            .header("apns-priority", priority);
        if let Some(expires_at) = outgoing.expires_at {
            // Apple keeps a message until this time, and not at all if it is 0
            // (<https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns>).
            request = request.header("apns-expiration", &expires_at.seconds().to_string());
        }
        let answer = match self.client.send(request).await {
            Ok(answer) => answer,
            Err(error) => return unanswered(&error),
        };
        let status = answer.status();
        if matches!(status, 200..=299) {
            return Outcome::Sent { message_id: answer.header("apns-id").map(str::to_owned) };
        }
        let after = asked_to_wait(&answer, self.clock.now());
        let body: Value = answer.json().await.unwrap_or_default();
        // In milliseconds; only an answer with status 410 has it.
        let since = body.get("timestamp").and_then(Value::as_i64).map(Timestamp::from_millis);
        classify(status, body.get("reason").and_then(Value::as_str), since, after)
    }

    fn endpoint<'a>(&'a self, credentials: &'a Credentials) -> Option<&'a str> {
        match &credentials.endpoint {
            // A mistake in a secret must not send the token unencrypted.
            Some(own) => own.starts_with("https://").then_some(own),
            None => Some(&self.endpoint),
        }
    }
}

/// The URL of a device. The token is one segment of the path, so all its special characters are percent-encoded (RFC
/// 3986 §2.1).
fn device(endpoint: &str, token: &str) -> Option<String> {
    if matches!(token, "" | "." | "..") {
        return None;
    }
    let endpoint = endpoint.trim_end_matches('/');
    Some(format!("{endpoint}/3/device/{}", utf8_percent_encode(token, RESERVED)))
}

/// Builds a visible push message.
fn push(outgoing: &Outgoing<'_>) -> Option<Push> {
    // With APNs priority 5, Apple saves the device's battery: it may group, delay or drop messages. That is right for
    // messages that are less urgent than usual.
    let urgent = outgoing.is_urgent();
    let mut payload: Map<String, Value>;
    let (kind, priority) = match outgoing.content {
        RenderedContent::Push(Alert { title, body, data }) => {
            payload = data.clone();
            let title = title.iter().map(|title| ("title".to_owned(), json!(title)));
            let alert: Map<_, _> = title.chain([("body".to_owned(), json!(body))]).collect();
            let sound = urgent.then(|| ("sound".to_owned(), json!("default")));
            let aps: Map<_, _> = sound.into_iter().chain([("alert".to_owned(), json!(alert))]).collect();
            payload.insert("aps".into(), aps.into());
            ("alert", if urgent { "10" } else { "5" })
        }
        RenderedContent::Email(_) | RenderedContent::Sms(_) | RenderedContent::Slack(_) | RenderedContent::InApp(_) => {
            return None;
        }
    };
    payload.insert(NOTIFICATION_ID.into(), json!(outgoing.notification_id));
    let payload = serde_json::to_vec(&payload).ok()?;
    (payload.len() <= PUSH_BYTES).then_some(Push { kind, priority, payload })
}

/// Classifies Apple's answers by their reason, or by the HTTP status if the reason is not known
/// (<https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns>).
fn classify(status: u16, reason: Option<&str>, since: Option<Timestamp>, after: Option<Duration>) -> Outcome {
    tracing::warn!(provider = "apns", status, reason, "refused");
    match (reason.unwrap_or_default(), status) {
        ("Unregistered" | "ExpiredToken", _) => Outcome::AddressGone { since },
        // The address may still be good: with the wrong environment or topic, Apple refuses every device token like
        // this, and no token must be lost then.
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
        ("TooManyProviderTokenUpdates" | "TooManyRequests", _) | (_, 429) => Outcome::NotTried { after },
        // The cause is a wrong clock or the end of a token's window. Both go away.
        ("ExpiredProviderToken" | "IdleTimeout" | "InternalServerError" | "ServiceUnavailable" | "Shutdown", _)
        | (_, 408 | 500..=599) => Outcome::Retry { after },
        (_, 410) => Outcome::AddressGone { since },
        (_, 401 | 403 | 404 | 405) => Outcome::Misconfigured,
        (_, 400..=499) => Outcome::Rejected,
        _ => Outcome::Retry { after: None },
    }
}

#[cfg(test)]
mod tests;
