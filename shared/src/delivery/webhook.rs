//! Webhooks, signed by Standard Webhooks 1.0 (<https://www.standardwebhooks.com>). They go to public addresses only.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::hmac;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::{Outcome, Outgoing, asked_to_wait, unanswered};
use crate::{
    clock::Clock,
    domain::{
        Channel, NotificationId, RenderedContent, Timestamp, UserId,
        webhook::{self, InsecureHosts, WebhookUrl},
    },
    net::{Client, NetError, Request},
};

/// The length of a signing secret, in bytes.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Calls the recipients' own end points.
pub struct Webhook {
    client: Client,
    /// The client for hosts that may have internal addresses. It is a separate client, so that the other client has no
    /// exception to its rule.
    insecure: Option<Client>,
    insecure_hosts: InsecureHosts,
    clock: Clock,
}

impl Webhook {
    /// A client for public addresses, and for the hosts that an operator trusts.
    pub fn new(insecure_hosts: InsecureHosts, clock: Clock) -> Self {
        let insecure = (!insecure_hosts.is_empty()).then(|| Client::anywhere(clock.clone()));
        Self { client: Client::outside(clock.clone()), insecure, insecure_hosts, clock }
    }

    /// The same, by that client instead of its own. Every host is an outside host.
    pub fn by(self, client: Client) -> Self {
        Self { client, insecure: None, ..self }
    }

    /// Calls one URL. `credentials` are the signing secret (`whsec_…`). While a secret is being replaced, they are the
    /// old and the new one, separated by a space.
    pub async fn send(&self, outgoing: &Outgoing<'_>, credentials: &str) -> Outcome {
        let Some(keys) = keys(credentials) else { return Outcome::Misconfigured };
        let Some((client, url)) = self.target(outgoing.address) else { return Outcome::Rejected };
        post(client, url, outgoing, &keys, &self.clock).await
    }

    /// The checked URL, and the client to call it with; `None` if the URL is not allowed. The URL was checked when it
    /// was stored, but perhaps by another version of the rule, so it is checked again.
    fn target(&self, address: &str) -> Option<(&Client, Url)> {
        let WebhookUrl { url, is_trusted } = webhook::parse(address, &self.insecure_hosts)?;
        let insecure = self.insecure.as_ref().filter(|_| is_trusted);
        Some((insecure.unwrap_or(&self.client), url))
    }
}

async fn post(client: &Client, url: Url, outgoing: &Outgoing<'_>, keys: &[hmac::Key], clock: &Clock) -> Outcome {
    let (id, now) = (outgoing.id().to_string(), clock.now());
    let Some(body) = body(outgoing) else { return Outcome::Rejected };
    let signatures = signatures(keys, &id, now.seconds(), &body);
    let request = Request::post(url.as_str(), "application/json", body)
        .header("webhook-id", &id)
        .header("webhook-timestamp", &now.seconds().to_string())
        .header("webhook-signature", &signatures);
    match client.send(request).await {
        // The body of the answer is not read: it is not needed, and it may be endless.
        Ok(answer) => classify(answer.status(), asked_to_wait(&answer, clock.now())),
        // Only the recipient can repair the URL.
        Err(NetError::LeadsInside | NetError::Malformed) => Outcome::Rejected,
        Err(error) => unanswered(&error),
    }
}

/// The body, which is the same at each attempt: `timestamp` is the time of the event and not of the attempt, as Standard
/// Webhooks asks. The header `webhook-timestamp` has the time of the attempt, because a receiver refuses an old one
/// (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).
fn body(outgoing: &Outgoing<'_>) -> Option<Vec<u8>> {
    serde_json::to_vec(&WebhookEvent::of(outgoing)).ok()
}

/// The body of a webhook.
#[derive(Debug, JsonSchema, Serialize)]
pub struct WebhookEvent<'a> {
    /// The only type that there is.
    #[schemars(extend("const" = "notification"))]
    #[serde(rename = "type")]
    kind: &'static str,
    /// When the notification was accepted, or the later time that its sender asked for.
    timestamp: Timestamp,
    data: WebhookNotification<'a>,
}

/// What a webhook is about.
#[derive(Debug, JsonSchema, Serialize)]
struct WebhookNotification<'a> {
    notification_id: NotificationId,
    /// The recipient.
    user_id: UserId,
    /// The channel type that the webhook carries.
    channel: Channel,
    /// What the recipient is to read, in the form of the channel.
    words: &'a RenderedContent,
}

impl<'a> WebhookEvent<'a> {
    fn of(outgoing: &Outgoing<'a>) -> Self {
        let Outgoing { notification_id, user_id, channel, content, due, .. } = *outgoing;
        let data = WebhookNotification { notification_id, user_id, channel, words: content };
        Self { kind: "notification", timestamp: due, data }
    }

    /// An event of a push message, for the document.
    pub fn example(words: &'a RenderedContent) -> Value {
        let (notification_id, user_id) = (NotificationId::from(Uuid::nil()), UserId::from(Uuid::nil()));
        let data = WebhookNotification { notification_id, user_id, channel: Channel::Push, words };
        json!(Self { kind: "notification", timestamp: Timestamp::from_millis(1_709_287_200_000), data })
    }
}

fn keys(credentials: &str) -> Option<Vec<hmac::Key>> {
    let key = |secret: &str| {
        let bytes = STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
        SECRET_BYTES.contains(&bytes.len()).then(|| hmac::Key::new(hmac::HMAC_SHA256, &bytes))
    };
    let keys: Option<Vec<_>> = credentials.split_whitespace().map(key).collect();
    keys.filter(|keys| !keys.is_empty())
}

/// One signature for each key. A signature covers the id, the timestamp and the body.
fn signatures(keys: &[hmac::Key], id: &str, timestamp: i64, body: &[u8]) -> String {
    let sign = |key| {
        let mut context = hmac::Context::with_key(key);
        context.update(format!("{id}.{timestamp}.").as_bytes());
        context.update(body);
        format!("v1,{}", STANDARD.encode(context.sign()))
    };
    keys.iter().map(sign).collect::<Vec<_>>().join(" ")
}

/// Classifies answers by their status. Only 2xx is a success, and 410 means that the recipient unsubscribes. All else may
/// pass: a server that is being repaired, moved or deployed answers with 401, 404 or a redirection (which is not
/// followed), too. Standard Webhooks says the same.
fn classify(status: u16, after: Option<Duration>) -> Outcome {
    if !(200..=299).contains(&status) {
        tracing::warn!(provider = "webhook", status, "refused");
    }
    match status {
        200..=299 => Outcome::Sent { message_id: None },
        410 => Outcome::AddressGone { since: None },
        // A gateway answered. The server behind it may have accepted the message.
        502 | 504 => Outcome::Unknown,
        _ => Outcome::Retry { after },
    }
}

#[cfg(test)]
mod tests;
