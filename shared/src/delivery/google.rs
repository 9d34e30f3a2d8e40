//! Google service accounts: a signed assertion is exchanged for an OAuth 2.0 access token (RFC 7523), which is cached
//! until it is about to expire.

use std::{sync::Arc, time::Duration};

use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::Outcome;
use crate::{
    cache::{Aged, Places},
    clock::Clock,
    domain::Timestamp,
    jwt::{Algorithm, EncodingKey, Header, encode},
    net::{CONNECT, Client, NetError, Request, within},
};

const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
/// The start of the form. The assertion follows unchanged, because its characters need no encoding in a form.
const GRANT: &str = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
/// The time-out of a token request.
const TIME_LIMIT: Duration = Duration::from_secs(5);
const _: () = assert!(TIME_LIMIT.as_millis() > CONNECT.as_millis(), "a request takes longer than a connection may");
/// A token is replaced this long before it expires.
const MARGIN: Duration = Duration::from_secs(300);
/// The life of an assertion, and the most that is believed of a token's: Google's are both good for an hour
/// (<https://developers.google.com/identity/protocols/oauth2/service-account>).
const MAX_AGE: Duration = Duration::from_secs(3600);

/// The used members of Google's JSON key file.
#[derive(Clone, PartialEq, Eq, Hash, Deserialize)]
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

/// The access tokens of one process, one for each service account.
#[derive(Default)]
pub(super) struct AccessTokens(Places<ServiceAccount, Mutex<Option<Held>>>);

/// An access token.
pub(super) struct Access {
    pub token: Arc<str>,
    /// Whether the token comes from the cache.
    pub kept: bool,
}

type Held = Aged<Arc<str>>;

impl AccessTokens {
    /// A token for `account`. The error is the outcome of the delivery's attempt without a token.
    pub async fn get(&self, client: &Client, account: &ServiceAccount, clock: &Clock) -> Result<Access, Outcome> {
        let place = self.0.of(account, Mutex::default);
        let mut held = place.lock().await;
        if let Some(token) = held.as_ref().and_then(|held| held.get(clock)) {
            return Ok(Access { token: token.clone(), kept: true });
        }
        let since = clock.moment();
        // Without a token nothing was sent: the limit is this request's own, and the message's is another one.
        let granted = within(clock, TIME_LIMIT, fetch(client, account, clock.now())).await;
        let granted = granted.unwrap_or(Err(Outcome::Retry { after: None }))?;
        let token: Arc<str> = granted.access_token.into();
        let keep = Duration::from_secs(granted.expires_in).min(MAX_AGE).saturating_sub(MARGIN);
        *held = Some(Aged::new(token.clone(), since, keep));
        Ok(Access { token, kept: false })
    }

    /// Removes a token from the cache, because the provider no longer accepts it. If another one has taken its place
    /// meanwhile, that one stays.
    pub async fn forget(&self, account: &ServiceAccount, token: &Arc<str>, clock: &Clock) {
        let place = self.0.of(account, Mutex::default);
        place.lock().await.take_if(|held| held.get(clock).is_none_or(|held| held == token));
    }
}

async fn fetch(client: &Client, account: &ServiceAccount, now: Timestamp) -> Result<Granted, Outcome> {
    let assertion = Assertion {
        iss: &account.client_email,
        scope: SCOPE,
        aud: &account.token_uri,
        iat: now.seconds(),
        exp: now.plus(MAX_AGE).seconds(),
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
        429 => Err(Outcome::NotTried { after: None }),
        500..=599 => Err(Outcome::Retry { after: None }),
        _ => Err(Outcome::Misconfigured),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        clock::ManualClock,
        net::tests::server::{Server, Step},
    };

    /// An account whose tokens come from a server: one connection and answer for each of these lives, in seconds.
    fn account(lives: &[u64]) -> (ServiceAccount, Server) {
        let answer = |life: &u64| {
            let body = json!({"access_token": format!("token for {life}"), "expires_in": life}).to_string();
            let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}", body.len());
            vec![Step::Answer(format!("{head}\r\n\r\n{body}"))]
        };
        let server = Server::start(lives.iter().map(answer).collect());
        let account = json!({
            "project_id": "p", "client_email": "p@example.com", "token_uri": server.url,
            "private_key": include_str!("../../testdata/rsa-test-key.pem"),
        });
        (serde_json::from_value(account).unwrap(), server)
    }

    #[tokio::test]
    async fn a_token_is_used_until_five_minutes_before_its_end_also_if_the_process_is_frozen() {
        let (account, server) = account(&[3600, u64::MAX, 60, 3600]);
        let manual = ManualClock::new(Timestamp::from_millis(1_709_287_200_000));
        let (clock, tokens) = (manual.clock(), AccessTokens::default());
        let client = Client::anywhere(clock.clone());
        let get = async || tokens.get(&client, &account, &clock).await.ok().map(|access| access.kept);
        let millisecond = Duration::from_millis(1);
        let life = MAX_AGE - MARGIN;
        assert_eq!((get().await, get().await), (Some(false), Some(true)));
        manual.freeze(life - millisecond);
        assert_eq!(get().await, Some(true));
        manual.freeze(millisecond);
        assert_eq!(get().await, Some(false));
        // An answer that promises more than an hour is not believed.
        manual.freeze(life);
        assert_eq!(get().await, Some(false));
        // One that lives less than the margin is used once.
        assert_eq!((get().await, get().await), (Some(false), Some(true)));
        // The wall clock is set back, and nobody knows how old the token is.
        manual.set(Timestamp::EPOCH);
        assert_eq!(get().await, None, "the server has no further answer");
        assert_eq!(server.seen().len(), 4);
    }

    #[tokio::test]
    async fn each_account_has_its_token_and_only_the_one_that_was_refused_is_forgotten() {
        let ((one, first), (other, second)) = (account(&[3600, 3000]), account(&[2000]));
        let (clock, tokens) = (Clock::system(), AccessTokens::default());
        let client = Client::anywhere(clock.clone());
        let get = async |account| {
            let Access { token, kept } = tokens.get(&client, account, &clock).await.ok().unwrap();
            (token.to_string(), kept)
        };
        let old: Arc<str> = "token for 3600".into();
        assert_eq!(get(&one).await, (old.to_string(), false));
        assert_eq!(get(&other).await, ("token for 2000".into(), false));
        assert_eq!(get(&one).await, (old.to_string(), true));
        tokens.forget(&other, &old, &clock).await;
        assert!(get(&other).await.1);
        tokens.forget(&one, &old, &clock).await;
        assert_eq!(get(&one).await, ("token for 3000".into(), false));
        // A late refusal of the old token does not cost the new one.
        tokens.forget(&one, &old, &clock).await;
        assert!(get(&one).await.1);
        assert_eq!((first.seen().len(), second.seen().len()), (2, 1));
    }
}
