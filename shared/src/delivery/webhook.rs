//! Webhooks, signed as Standard Webhooks 1.0 says (<https://www.standardwebhooks.com>), to the outside only.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::hmac;
use serde_json::json;
use url::Url;

use super::{Outcome, Outgoing, asked_to_wait, unanswered};
use crate::{
    domain::{Timestamp, webhook},
    net::{Client, NetError, Request},
};

/// How long a signing secret is, in bytes.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Calls end points of the recipients' own.
pub struct Webhook {
    client: Client,
    /// The client for hosts that may be inside; its own, so that the rule for all others knows no exception.
    insecure: Option<Client>,
    insecure_hosts: Vec<String>,
}

impl Webhook {
    /// `insecure_hosts` are those, as `host` or `host:port`, that may be called over plain HTTP and may be inside a
    /// network: none, but where an operator has reason to trust them.
    pub fn new(insecure_hosts: Vec<String>) -> Self {
        let insecure = (!insecure_hosts.is_empty()).then(Client::anywhere);
        Self { client: Client::outside(), insecure, insecure_hosts }
    }

    /// Calls one URL. `credentials` are the secret it is signed with (`whsec_…`); while one is replaced by another, both,
    /// with a space between.
    pub async fn send(&self, outgoing: &Outgoing<'_>, credentials: &str) -> Outcome {
        let Some(keys) = keys(credentials) else { return Outcome::Misconfigured };
        let Some((client, url)) = self.target(outgoing.address) else { return Outcome::Rejected };
        post(client, url, outgoing, &keys).await
    }

    /// Where a request may go, and through which client. What is stored was looked at when it came, but perhaps by another
    /// version of the rule.
    fn target(&self, address: &str) -> Option<(&Client, Url)> {
        let url = Url::parse(address).ok()?;
        if let Some(insecure) = &self.insecure
            && self.may_be_inside(&url)
        {
            return Some((insecure, url));
        }
        Some((&self.client, Url::parse(&webhook::parse(address)?).ok()?))
    }

    fn may_be_inside(&self, url: &Url) -> bool {
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else { return false };
        let host_and_port = format!("{host}:{port}");
        let named = self.insecure_hosts.iter().any(|named| named == host || *named == host_and_port);
        named && matches!(url.scheme(), "http" | "https")
    }
}

async fn post(client: &Client, url: Url, outgoing: &Outgoing<'_>, keys: &[hmac::Key]) -> Outcome {
    let (id, now) = (outgoing.id().to_string(), Timestamp::now());
    let Some(body) = body(outgoing, now) else { return Outcome::Rejected };
    let signatures = signatures(keys, &id, now.seconds(), &body);
    let request = Request::post(url.as_str(), "application/json", body)
        .header("webhook-id", &id)
        .header("webhook-timestamp", &now.seconds().to_string())
        .header("webhook-signature", &signatures);
    match client.send(request).await {
        // Of the answer's body nothing is read: it is nobody's business here, and has no end that could be relied on.
        Ok(answer) => classify(answer.status(), asked_to_wait(&answer)),
        // Nobody but the recipient can mend it.
        Err(NetError::LeadsInside | NetError::Malformed) => Outcome::Rejected,
        Err(error) => unanswered(&error),
    }
}

fn body(outgoing: &Outgoing<'_>, now: Timestamp) -> Option<Vec<u8>> {
    let body = json!({
        "type": "notification",
        "timestamp": now,
        "data": {
            "notification_id": outgoing.notification_id,
            "user_id": outgoing.user_id,
            "channel": outgoing.channel,
            "words": outgoing.words,
        },
    });
    serde_json::to_vec(&body).ok()
}

fn keys(credentials: &str) -> Option<Vec<hmac::Key>> {
    let key = |secret: &str| {
        let bytes = STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
        SECRET_BYTES.contains(&bytes.len()).then(|| hmac::Key::new(hmac::HMAC_SHA256, &bytes))
    };
    let keys: Option<Vec<_>> = credentials.split_whitespace().map(key).collect();
    keys.filter(|keys| !keys.is_empty())
}

/// One signature a key, each of id, timestamp and body.
fn signatures(keys: &[hmac::Key], id: &str, timestamp: i64, body: &[u8]) -> String {
    let sign = |key| {
        let mut context = hmac::Context::with_key(key);
        context.update(format!("{id}.{timestamp}.").as_bytes());
        context.update(body);
        format!("v1,{}", STANDARD.encode(context.sign()))
    };
    keys.iter().map(sign).collect::<Vec<_>>().join(" ")
}

/// 410 is Standard Webhooks' way to unsubscribe; a redirection is not followed, so it is a refusal.
fn classify(status: u16, after: Option<Duration>) -> Outcome {
    if !(200..=299).contains(&status) {
        tracing::warn!(provider = "webhook", status, "refused");
    }
    match status {
        200..=299 => Outcome::Sent { message_id: None },
        410 => Outcome::AddressGone,
        // From a gateway between us: what is behind it may have taken the message.
        502 | 504 => Outcome::Unknown,
        408 | 429 | 500..=599 => Outcome::Retry { after },
        _ => Outcome::Rejected,
    }
}

#[cfg(test)]
mod tests;
