//! The issuer's keys (RFC 7517): a fixed document, or one that is fetched from a URL.

use std::{sync::Arc, time::Duration};

use lambda_http::http::Uri;
use tokio::{sync::Mutex, time::timeout};

use super::Unauthenticated;
use crate::{
    cache::is_fresh,
    clock::Clock,
    domain::Timestamp,
    jwt::{
        Algorithm, DecodingKey,
        jwk::{Jwk, JwkSet},
    },
    net::{Client, NetError, Request},
    telemetry,
};

/// How long fetched keys are used before they are fetched again.
const KEEP: Duration = Duration::from_secs(3600);
/// The shortest time between two fetches, whatever key ids the tokens name. Without it, a forger could make us call the
/// issuer with each token, and so could an outage.
const PAUSE: Duration = Duration::from_secs(60);
/// The largest document that is read, in bytes.
const MAX_BYTES: usize = 256 * 1024;
/// The longest that the issuer may take.
const TIME_LIMIT: Duration = Duration::from_secs(3);

/// A key of the issuer.
#[derive(Debug)]
pub struct Key {
    jwk: Jwk,
    /// The decoded key. `None` if it is of a kind that cannot check signatures.
    decoding: Option<DecodingKey>,
}

impl Key {
    fn new(jwk: Jwk) -> Arc<Self> {
        Arc::new(Self { decoding: DecodingKey::from_jwk(&jwk).ok(), jwk })
    }

    /// The decoded key for signatures of that algorithm. A key is used with its own algorithm only.
    pub fn for_algorithm(&self, algorithm: Algorithm) -> Option<&DecodingKey> {
        let own = self.jwk.common.key_algorithm;
        let fits = own.is_none_or(|own| own.to_string() == format!("{algorithm:?}"));
        self.decoding.as_ref().filter(|_| fits)
    }
}

/// The keys of one document. They are decoded once, and not again for each token.
#[derive(Debug)]
pub struct KeySet(Vec<Arc<Key>>);

impl From<JwkSet> for KeySet {
    fn from(set: JwkSet) -> Self {
        Self(set.keys.into_iter().map(Key::new).collect())
    }
}

impl KeySet {
    fn pick(&self, kid: Option<&str>) -> Option<Arc<Key>> {
        match (kid, self.0.as_slice()) {
            (Some(_), keys) => keys.iter().find(|key| key.jwk.common.key_id.as_deref() == kid).cloned(),
            (None, [only]) => Some(only.clone()),
            (None, _) => None,
        }
    }
}

/// Where the keys come from.
#[derive(Debug)]
pub enum Jwks {
    /// A fixed document.
    Inline(KeySet),
    /// A document behind a URL, kept for an hour.
    Url {
        /// The document's URL.
        url: String,
        /// The client that fetches it.
        client: Client,
        /// The keys of the last fetch.
        fetched: Mutex<Fetched>,
    },
}

/// Keys that were fetched, and when.
#[derive(Debug, Default)]
pub struct Fetched {
    set: Option<KeySet>,
    succeeded: Option<Timestamp>,
    tried: Option<Timestamp>,
}

/// A setting that is neither a JWKS document nor an https URL.
#[derive(Debug, thiserror::Error)]
#[error("must be a JWKS document or its https URL")]
pub struct InvalidJwks;

impl Jwks {
    /// Reads the setting. `clock` measures how long a connection to the issuer was idle.
    pub fn parse(setting: &str, clock: Clock) -> Result<Self, InvalidJwks> {
        if setting.trim_start().starts_with('{') {
            let set = serde_json::from_str::<JwkSet>(setting).map_err(|_| InvalidJwks)?;
            return Ok(Self::Inline(set.into()));
        }
        if !setting.starts_with("https://") {
            return Err(InvalidJwks);
        }
        let url: Uri = setting.parse().map_err(|_| InvalidJwks)?;
        if url.host().is_none() {
            return Err(InvalidJwks);
        }
        Ok(Self::Url { url: setting.to_owned(), client: Client::anywhere(clock), fetched: Mutex::default() })
    }

    /// The key with that id at `now`. Without an id, the only key that there is.
    pub async fn find(&self, kid: Option<&str>, now: Timestamp) -> Result<Option<Arc<Key>>, Unauthenticated> {
        match self {
            Self::Inline(set) => Ok(set.pick(kid)),
            Self::Url { url, client, fetched } => {
                let mut fetched = fetched.lock().await;
                let known = fetched.set.as_ref().and_then(|set| set.pick(kid));
                if known.is_some() && is_within(fetched.succeeded, now, KEEP) {
                    return Ok(known);
                }
                if !is_within(fetched.tried, now, PAUSE) {
                    fetched.again(url, client, now).await;
                }
                // If the issuer cannot be reached, its last answer still holds.
                let set = fetched.set.as_ref().ok_or(Unauthenticated::KeysUnavailable)?;
                Ok(set.pick(kid))
            }
        }
    }
}

impl Fetched {
    async fn again(&mut self, url: &str, client: &Client, now: Timestamp) {
        self.tried = Some(now);
        let fetched = timeout(TIME_LIMIT, fetch(url, client)).await;
        match fetched.unwrap_or(Err(FetchError::Late)) {
            Ok(set) => {
                self.set = Some(set.into());
                self.succeeded = self.tried;
            }
            Err(error) => tracing::error!(error = telemetry::chain(&error), "the issuer's keys cannot be read"),
        }
    }
}

/// Why the keys cannot be had.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("the issuer takes too long")]
    Late,
    #[error("the issuer does not answer")]
    NoAnswer(#[from] NetError),
    #[error("the issuer answers with status {0}")]
    Status(u16),
    #[error("the issuer's answer holds no keys")]
    NoKeys(#[from] serde_json::Error),
}

async fn fetch(url: &str, client: &Client) -> Result<JwkSet, FetchError> {
    let answer = client.send(Request::get(url).header("accept", "application/json")).await?;
    match answer.status() {
        200..=299 => Ok(serde_json::from_slice(&answer.bytes_up_to(MAX_BYTES).await?)?),
        status => Err(FetchError::Status(status)),
    }
}

fn is_within(since: Option<Timestamp>, now: Timestamp, time: Duration) -> bool {
    since.is_some_and(|since| is_fresh(since, now, time))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    const NOW: Timestamp = Timestamp::EPOCH;
    const KEY: &str =
        r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"one","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

    /// An issuer that answers its first request and then stops, and a count of its requests.
    async fn issuer() -> (Jwks, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let first = count.fetch_add(1, Ordering::SeqCst) == 0;
                let _ = stream.read(&mut [0; 1024]).await;
                let (status, body) = if first { ("200 OK", KEY) } else { ("500 Gone", "") };
                let length = body.len();
                let answer =
                    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        (Jwks::Url { url, client: Client::anywhere(Clock::system()), fetched: Mutex::default() }, asked)
    }

    #[tokio::test]
    async fn unknown_key_ids_do_not_have_the_keys_fetched_each_time() {
        let (jwks, asked) = issuer().await;
        assert!(jwks.find(Some("one"), NOW).await.unwrap().is_some());
        for _ in 0..5 {
            assert!(jwks.find(Some("forged"), NOW).await.unwrap().is_none());
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn an_issuer_out_of_reach_leaves_what_it_said_last() {
        let (jwks, asked) = issuer().await;
        assert!(jwks.find(Some("one"), NOW).await.unwrap().is_some());
        let Jwks::Url { fetched, .. } = &jwks else { unreachable!() };
        assert_eq!(fetched.lock().await.succeeded, Some(NOW));
        assert!(jwks.find(Some("one"), NOW.plus(KEEP)).await.unwrap().is_some());
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_setting_is_a_document_or_an_https_url() {
        assert!(matches!(Jwks::parse(KEY, Clock::system()), Ok(Jwks::Inline(_))));
        assert!(matches!(Jwks::parse("https://issuer.example/jwks", Clock::system()), Ok(Jwks::Url { .. })));
        for bad in ["", "http://issuer.example/jwks", "{}", "{\"keys\":1}"] {
            assert!(Jwks::parse(bad, Clock::system()).is_err(), "{bad}");
        }
    }
}
