//! Google service accounts: a signed assertion is exchanged for an OAuth 2.0 access token (RFC 7523), which is cached
//! until it is about to expire.

use std::{sync::Arc, time::Duration};

use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use serde::{Deserialize, Serialize};
use tokio::{sync::Mutex, time::timeout};

use super::Outcome;
use crate::{
    domain::Timestamp,
    jwt::{Algorithm, EncodingKey, Header, encode},
    net::{Client, NetError, Request},
};

const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
/// The start of the form. The assertion follows unchanged, because its characters need no encoding in a form.
const GRANT: &str = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
/// The time-out of a token request.
const TIME_LIMIT: Duration = Duration::from_secs(3);
/// A token is replaced this long before it expires.
const MARGIN: Duration = Duration::from_secs(300);

/// The used members of Google's JSON key file.
#[derive(Clone, Deserialize)]
pub(super) struct ServiceAccount {
    pub project_id: String,
    private_key_id: Option<String>,
    private_key: String,
    client_email: String,
    token_uri: String,
}

#[derive(Serialize)]
struct Assertion<'a> {
    iss: &'a str,
    scope: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: u64,
}

/// The access token of one process, for the service account that was last used.
#[derive(Default)]
pub(super) struct AccessTokens(Mutex<Option<Held>>);

/// An access token.
pub(super) struct Access {
    pub token: Arc<str>,
    /// Whether the token comes from the cache.
    pub kept: bool,
}

struct Held {
    account: String,
    token: Arc<str>,
    until: Timestamp,
}

impl AccessTokens {
    /// A token for `account`. The error is the outcome of the delivery's attempt without a token.
    pub async fn get(&self, client: &Client, account: &ServiceAccount, now: Timestamp) -> Result<Access, Outcome> {
        let mut held = self.0.lock().await;
        if let Some(held) = held.as_ref()
            && held.account == account.private_key
            && held.until > now
        {
            return Ok(Access { token: held.token.clone(), kept: true });
        }
        // Without a token nothing was sent. The time-out here keeps the worker's own time-out from making the result
        // unknown.
        let granted = timeout(TIME_LIMIT, fetch(client, account, now)).await;
        let granted = granted.unwrap_or(Err(Outcome::Retry { after: None }))?;
        let token: Arc<str> = granted.access_token.into();
        let keep = Duration::from_secs(granted.expires_in).saturating_sub(MARGIN);
        *held = Some(Held { account: account.private_key.clone(), token: token.clone(), until: now.plus(keep) });
        Ok(Access { token, kept: false })
    }

    /// Removes the token from the cache, because the provider no longer accepts it.
    pub async fn forget(&self) {
        *self.0.lock().await = None;
    }
}

async fn fetch(client: &Client, account: &ServiceAccount, now: Timestamp) -> Result<Granted, Outcome> {
    let assertion = Assertion {
        iss: &account.client_email,
        scope: SCOPE,
        aud: &account.token_uri,
        iat: now.seconds(),
        exp: now.seconds() + 3600,
    };
    let header = Header { kid: account.private_key_id.clone(), ..Header::new(Algorithm::RS256) };
    let key = PrivateKeyDer::from_pem_slice(account.private_key.as_bytes()).map_err(|_| Outcome::Misconfigured)?;
    let key = EncodingKey::from_rsa_der(key.secret_der());
    let assertion = encode(&header, &assertion, &key).map_err(|_| Outcome::Misconfigured)?;
    let form = format!("{GRANT}{assertion}");
    let request = Request::post(&account.token_uri, "application/x-www-form-urlencoded", form);
    let answer = client.send(request).await.map_err(|error| match error {
        NetError::Malformed => Outcome::Misconfigured,
        _ => Outcome::Retry { after: None },
    })?;
    match answer.status() {
        200 => answer.json().await.map_err(|_| Outcome::Retry { after: None }),
        429 | 500..=599 => Err(Outcome::Retry { after: None }),
        _ => Err(Outcome::Misconfigured),
    }
}
