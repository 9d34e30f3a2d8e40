//! The issuer's keys (RFC 7517): a fixed document, or one that is fetched from a URL.

use std::{sync::Arc, time::Duration};

use lambda_http::http::Uri;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use super::{TokenFault, Unauthenticated};
use crate::{
    cache::Aged,
    clock::Clock,
    jwt::{
        Algorithm, DecodingKey,
        jwk::{Jwk, PublicKeyUse},
    },
    net::{CONNECT, Client, NetError, Request},
    telemetry,
};

/// How long fetched keys are used before they are fetched again.
const KEEP: Duration = Duration::from_secs(3600);
/// How long they are used if the issuer cannot be reached. A key that the issuer no longer names must not be good for ever.
const MAX_AGE: Duration = Duration::from_secs(24 * 3600);
/// The shortest time between two fetches, whatever key ids the tokens name. Without it, a forger could make us call the
/// issuer with each token, and so could an outage.
const PAUSE: Duration = Duration::from_secs(60);
/// The largest document that is read, in bytes.
const MAX_BYTES: usize = 256 * 1024;
/// The longest that the issuer may take.
const TIME_LIMIT: Duration = Duration::from_secs(5);
const _: () = assert!(TIME_LIMIT.as_millis() > CONNECT.as_millis(), "a request takes longer than a connection may");

/// A key of the issuer that can check signatures.
#[derive(Debug)]
pub struct Key {
    jwk: Jwk,
    decoding: DecodingKey,
}

impl Key {
    /// Reads a member of `keys`. `None` if it is not for signatures, or of a kind that is not known here: such a key
    /// must be ignored (RFC 7517, section 5), and it must not hide a key of the same id that is (section 4.5).
    fn read(given: Value) -> Option<Arc<Self>> {
        let jwk: Jwk = serde_json::from_value(given).ok()?;
        if jwk.common.public_key_use == Some(PublicKeyUse::Encryption) {
            return None;
        }
        let decoding = DecodingKey::from_jwk(&jwk).ok()?;
        Some(Arc::new(Self { jwk, decoding }))
    }

    /// The decoded key for signatures of that algorithm. A key is used with its own algorithm only.
    pub fn for_algorithm(&self, algorithm: Algorithm) -> Result<&DecodingKey, TokenFault> {
        let own = self.jwk.common.key_algorithm;
        if own.is_some_and(|own| own.to_string() != format!("{algorithm:?}")) {
            return Err(TokenFault::OtherAlgorithm);
        }
        Ok(&self.decoding)
    }
}

/// The keys of one document. They are decoded once, and not again for each token.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Document")]
pub struct KeySet(Vec<Arc<Key>>);

/// A JWK Set (RFC 7517, section 5), its keys not yet read.
#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

/// A document without a key that can check signatures.
#[derive(Debug, thiserror::Error)]
#[error("none of the {0} keys can check signatures")]
struct NoUsableKey(usize);

impl TryFrom<Document> for KeySet {
    type Error = NoUsableKey;

    fn try_from(Document { keys }: Document) -> Result<Self, NoUsableKey> {
        let count = keys.len();
        let usable: Vec<_> = keys.into_iter().filter_map(Key::read).collect();
        if usable.is_empty() { Err(NoUsableKey(count)) } else { Ok(Self(usable)) }
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
        /// Tells how old the keys are.
        clock: Clock,
        /// The keys of the last fetch.
        fetched: Mutex<Fetched>,
    },
}

/// Whether the issuer's keys can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssuerKeys {
    /// They are a part of the deployment.
    Fixed,
    /// The issuer has answered with them within the hour.
    Fetched,
    /// The issuer does not answer. The last keys are still used.
    Old,
    /// There are none.
    None,
}

/// Keys that were fetched, and when.
#[derive(Debug, Default)]
pub struct Fetched {
    set: Option<Aged<KeySet>>,
    /// That they were asked for.
    tried: Option<Aged<()>>,
}

/// A setting that is neither a JWKS document with a usable key nor an https URL.
#[derive(Debug, thiserror::Error)]
#[error("must be a JWKS document with a key that can check signatures, or its https URL")]
pub struct InvalidJwks;

impl Jwks {
    /// Reads the setting. `clock` measures how long a connection to the issuer was idle.
    pub fn parse(setting: &str, clock: Clock) -> Result<Self, InvalidJwks> {
        if setting.trim_start().starts_with('{') {
            return serde_json::from_str(setting).map(Self::Inline).map_err(|_| InvalidJwks);
        }
        if !setting.starts_with("https://") {
            return Err(InvalidJwks);
        }
        let url: Uri = setting.parse().map_err(|_| InvalidJwks)?;
        if url.host().is_none() {
            return Err(InvalidJwks);
        }
        Ok(Self::at(setting.to_owned(), clock))
    }

    fn at(url: String, clock: Clock) -> Self {
        Self::Url { url, client: Client::anywhere(clock.clone()), clock, fetched: Mutex::default() }
    }

    /// Whether the keys can be had. It asks the issuer if its last answer is old, as a token with an unknown key does.
    pub async fn state(&self) -> IssuerKeys {
        let Self::Url { url, client, clock, fetched } = self else { return IssuerKeys::Fixed };
        let mut fetched = fetched.lock().await;
        let is_fresh =
            |fetched: &Fetched| fetched.set.as_ref().is_some_and(|set| set.get_within(KEEP, clock).is_some());
        if !is_fresh(&fetched) && fetched.tried.as_ref().is_none_or(|tried| tried.get(clock).is_none()) {
            fetched.again(url, client, clock).await;
        }
        match fetched.set.as_ref().and_then(|set| set.get(clock)) {
            Some(_) if is_fresh(&fetched) => IssuerKeys::Fetched,
            Some(_) => IssuerKeys::Old,
            None => IssuerKeys::None,
        }
    }

    /// The key with that id. Without an id, the only key that there is.
    pub async fn find(&self, kid: Option<&str>) -> Result<Option<Arc<Key>>, Unauthenticated> {
        match self {
            Self::Inline(set) => Ok(set.pick(kid)),
            Self::Url { url, client, clock, fetched } => {
                let mut fetched = fetched.lock().await;
                let known = fetched.set.as_ref().and_then(|set| set.get_within(KEEP, clock)?.pick(kid));
                if known.is_some() {
                    return Ok(known);
                }
                if fetched.tried.as_ref().is_none_or(|tried| tried.get(clock).is_none()) {
                    fetched.again(url, client, clock).await;
                }
                // If the issuer cannot be reached, its last answer still holds for a while.
                let set = fetched.set.as_ref().and_then(|set| set.get(clock));
                Ok(set.ok_or(Unauthenticated::KeysUnavailable)?.pick(kid))
            }
        }
    }
}

impl Fetched {
    async fn again(&mut self, url: &str, client: &Client, clock: &Clock) {
        let now = clock.moment();
        self.tried = Some(Aged::new((), now, PAUSE));
        let fetched = clock.timeout(TIME_LIMIT, fetch(url, client)).await;
        match fetched.unwrap_or(Err(FetchError::Late)) {
            Ok(set) => self.set = Some(Aged::new(set, now, MAX_AGE)),
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

async fn fetch(url: &str, client: &Client) -> Result<KeySet, FetchError> {
    let answer = client.send(Request::get(url).header("accept", "application/json")).await?;
    match answer.status() {
        200..=299 => Ok(serde_json::from_slice(&answer.bytes_up_to(MAX_BYTES).await?)?),
        status => Err(FetchError::Status(status)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::json;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;
    use crate::{clock::ManualClock, domain::Timestamp};

    const KEY: &str =
        r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"one","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

    /// An issuer that answers its first request and then stops, a count of its requests, and the clock of the keys.
    async fn issuer() -> (Jwks, Arc<AtomicUsize>, ManualClock) {
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
        let manual = ManualClock::new(Timestamp::from_millis(1_709_287_200_000));
        (Jwks::at(url, manual.clock()), asked, manual)
    }

    #[tokio::test]
    async fn unknown_key_ids_do_not_have_the_keys_fetched_each_time() {
        let (jwks, asked, manual) = issuer().await;
        assert!(jwks.find(Some("one")).await.unwrap().is_some());
        for _ in 0..5 {
            assert!(jwks.find(Some("forged")).await.unwrap().is_none());
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        // A key of which nothing is known may be new.
        manual.freeze(PAUSE);
        assert!(jwks.find(Some("forged")).await.unwrap().is_none());
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn an_issuer_out_of_reach_leaves_what_it_said_last_for_a_day() {
        let (jwks, asked, manual) = issuer().await;
        // Each step is a freeze, how long ago the keys were fetched then, and how often the issuer was asked.
        let millisecond = Duration::from_millis(1);
        for (freeze, age, count) in [
            (Duration::ZERO, Duration::ZERO, 1),
            (KEEP - millisecond, KEEP - millisecond, 1),
            (millisecond, KEEP, 2),
            (PAUSE - millisecond, KEEP + PAUSE - millisecond, 2),
            (millisecond, KEEP + PAUSE, 3),
            (MAX_AGE - KEEP - PAUSE - millisecond, MAX_AGE - millisecond, 4),
        ] {
            manual.freeze(freeze);
            assert!(jwks.find(Some("one")).await.unwrap().is_some(), "{age:?}");
            assert_eq!(asked.load(Ordering::SeqCst), count, "{age:?}");
        }
        manual.freeze(millisecond);
        assert_eq!(jwks.find(Some("one")).await.err(), Some(Unauthenticated::KeysUnavailable));
    }

    #[tokio::test]
    async fn an_issuer_that_answers_no_more_is_noticed_before_its_keys_are_too_old() {
        let (jwks, asked, manual) = issuer().await;
        assert_eq!(jwks.state().await, IssuerKeys::Fetched);
        assert_eq!((jwks.state().await, asked.load(Ordering::SeqCst)), (IssuerKeys::Fetched, 1));
        manual.freeze(KEEP);
        assert_eq!((jwks.state().await, asked.load(Ordering::SeqCst)), (IssuerKeys::Old, 2));
        assert_eq!((jwks.state().await, asked.load(Ordering::SeqCst)), (IssuerKeys::Old, 2));
        manual.freeze(MAX_AGE);
        assert_eq!(jwks.state().await, IssuerKeys::None);
        assert_eq!(Jwks::parse(KEY, Clock::system()).unwrap().state().await, IssuerKeys::Fixed);
    }

    #[tokio::test]
    async fn a_wall_clock_that_is_set_back_leaves_no_key_good_for_ever() {
        let (jwks, asked, manual) = issuer().await;
        assert!(jwks.find(Some("one")).await.unwrap().is_some());
        manual.set(Timestamp::EPOCH);
        assert_eq!(jwks.find(Some("one")).await.err(), Some(Unauthenticated::KeysUnavailable));
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_setting_is_a_document_or_an_https_url() {
        assert!(matches!(Jwks::parse(KEY, Clock::system()), Ok(Jwks::Inline(_))));
        assert!(matches!(Jwks::parse("https://issuer.example/jwks", Clock::system()), Ok(Jwks::Url { .. })));
        for bad in
            ["", "http://issuer.example/jwks", "{}", "{\"keys\":1}", "{\"keys\":[]}", r#"{"keys":[{"kty":"AKP"}]}"#]
        {
            assert!(Jwks::parse(bad, Clock::system()).is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_key_that_is_of_no_use_here_hides_no_other_one() {
        let own: Value = serde_json::from_str(KEY).unwrap();
        let own = own["keys"][0].clone();
        let mut for_encryption = own.clone();
        for_encryption["use"] = "enc".into();
        for other in [
            for_encryption,
            json!({"kty": "RSA", "kid": 5, "n": "AQAB", "e": "AQAB"}),
            json!({"kty": "RSA", "kid": "one", "n": "AQAB", "e": "AQAB", "x5c": "text"}),
            json!({"kty": "AKP", "kid": "one", "alg": "ML-DSA-44", "pub": "AQAB"}),
            json!({"kid": "one"}),
            json!("text"),
        ] {
            let document = json!({"keys": [other, own]}).to_string();
            let jwks = Jwks::parse(&document, Clock::system()).unwrap();
            for kid in [Some("one"), None] {
                let key = jwks.find(kid).await.unwrap().unwrap();
                assert!(key.for_algorithm(Algorithm::EdDSA).is_ok(), "{document}");
            }
        }
    }
}
