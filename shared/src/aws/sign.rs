//! Signature Version 4 of requests to AWS
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html>), for the requests that are made here: a path
//! of plain segments, no query, a body in memory. The key that signs is good for a day and kept that long.

use std::{
    fmt::{self, Write},
    sync::{Arc, Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use jiff::{Timestamp, tz::TimeZone};
use lambda_http::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use ring::{digest, hmac};

const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What requests are signed with.
pub(super) struct Credentials {
    key_id: String,
    /// `AWS4` and the secret key.
    secret: String,
    token: Option<HeaderValue>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// A request that cannot be signed.
#[derive(Debug, thiserror::Error)]
#[error("the request cannot be signed: {0}")]
pub(super) struct SignError(&'static str);

/// Signs requests to one service.
#[derive(Debug)]
pub(super) struct Signer {
    credentials: Arc<Credentials>,
    region: Arc<str>,
    service: &'static str,
    day: Mutex<Option<Day>>,
}

/// What is the same all day.
#[derive(Clone, Debug)]
struct Day {
    /// Days since 1970.
    number: u64,
    /// `20261122`.
    date: String,
    /// `20261122/us-east-1/dynamodb/aws4_request`.
    scope: String,
    key: hmac::Key,
}

impl Credentials {
    /// `None` where the token cannot stand in a header.
    pub fn new(key_id: String, secret: &str, token: Option<String>) -> Option<Self> {
        let token = token.map(HeaderValue::try_from).transpose().ok()?;
        Some(Self { key_id, secret: format!("AWS4{secret}"), token })
    }

    /// Good for no account.
    pub fn worthless() -> Self {
        Self { key_id: "local".into(), secret: "AWS4local".into(), token: None }
    }
}

impl Signer {
    pub fn new(credentials: Arc<Credentials>, region: Arc<str>, service: &'static str) -> Self {
        Self { credentials, region, service, day: Mutex::default() }
    }

    /// Adds `X-Amz-Date`, the session's token and `Authorization`, by which every header that is there is signed, but for the
    /// length that the connection itself goes by.
    pub fn sign(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &mut HeaderMap,
        body: &[u8],
        now: SystemTime,
    ) -> Result<(), SignError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-_.~".contains(&b);
        if uri.query().is_some() || !uri.path().bytes().all(plain) {
            // They would have to be brought into a canonical form first.
            return Err(SignError("its path is not plain"));
        }
        let seconds = now.duration_since(UNIX_EPOCH).map_err(|_| SignError("the clock is before 1970"))?.as_secs();
        let day = self.day(seconds)?;
        let time = time(&day.date, seconds);
        headers.insert(DATE, HeaderValue::try_from(&time).map_err(|_| SignError("its time"))?);
        headers.extend(self.credentials.token.clone().map(|token| (TOKEN, token)));
        let (canonical, signed) = canonical(method, uri, headers, body)?;
        let mut text = String::with_capacity(256);
        let hash = digest::digest(&digest::SHA256, canonical.as_bytes());
        // Writing to a string cannot fail.
        let _ = write!(text, "{ALGORITHM}\n{time}\n{}\n", day.scope);
        push_hex(&mut text, hash.as_ref());
        let signature = hmac::sign(&day.key, text.as_bytes());
        let mut value = String::with_capacity(320);
        let (key_id, scope) = (&self.credentials.key_id, &day.scope);
        let _ = write!(value, "{ALGORITHM} Credential={key_id}/{scope}, SignedHeaders={signed}, Signature=");
        push_hex(&mut value, signature.as_ref());
        headers.insert(header::AUTHORIZATION, HeaderValue::try_from(value).map_err(|_| SignError("its key's id"))?);
        Ok(())
    }

    fn day(&self, seconds: u64) -> Result<Day, SignError> {
        let number = seconds / 86_400;
        let mut day = self.day.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(day) = day.as_ref().filter(|day| day.number == number) {
            return Ok(day.clone());
        }
        let at = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
        let date = at.ok_or(SignError("the clock"))?.to_zoned(TimeZone::UTC).strftime("%Y%m%d").to_string();
        let mut key = hmac::Key::new(hmac::HMAC_SHA256, self.credentials.secret.as_bytes());
        for part in [&date, &*self.region, self.service, "aws4_request"] {
            key = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
        }
        let scope = format!("{date}/{}/{}/aws4_request", self.region, self.service);
        Ok(day.insert(Day { number, date, scope, key }).clone())
    }
}

/// `20261122T041500Z`.
fn time(date: &str, seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{date}T{hours:02}{minutes:02}{seconds:02}Z")
}

/// The request as it is signed, and the names of its signed headers.
fn canonical(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Result<(String, String), SignError> {
    let mut sorted: Vec<_> = headers.iter().filter(|(name, _)| *name != header::CONTENT_LENGTH).collect();
    sorted.sort_unstable_by_key(|(name, _)| name.as_str());
    let (mut text, mut names) = (String::with_capacity(2048), String::with_capacity(128));
    let _ = write!(text, "{method}\n{}\n\n", uri.path());
    for (name, value) in sorted {
        let value = value.to_str().map_err(|_| SignError("a header is not plain"))?;
        text.push_str(name.as_str());
        text.push(':');
        text.push_str(value);
        text.push('\n');
        if !names.is_empty() {
            names.push(';');
        }
        names.push_str(name.as_str());
    }
    text.push('\n');
    text.push_str(&names);
    text.push('\n');
    push_hex(&mut text, digest::digest(&digest::SHA256, body).as_ref());
    Ok((text, names))
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// 30 August 2015, 12:36:00 UTC.
    const THEN: Duration = Duration::from_secs(1_440_938_160);

    fn signer(token: Option<&str>) -> Signer {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let credentials = Credentials::new("AKIDEXAMPLE".into(), secret, token.map(str::to_owned)).unwrap();
        Signer::new(Arc::new(credentials), "us-east-1".into(), "service")
    }

    fn signed(signer: &Signer, method: Method, more: &[(HeaderName, &str)], body: &str, at: Duration) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("example.amazonaws.com"));
        headers.extend(more.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())));
        signer.sign(&method, &Uri::from_static("/"), &mut headers, body.as_bytes(), UNIX_EPOCH + at).unwrap();
        headers
    }

    fn signature(headers: &HeaderMap) -> &str {
        headers[header::AUTHORIZATION].to_str().unwrap().rsplit('=').next().unwrap()
    }

    /// The cases `get-vanilla`, `post-vanilla` and `post-x-www-form-urlencoded` of AWS's own test suite for this algorithm.
    #[test]
    fn known_requests_have_their_known_signatures() {
        let form = [(header::CONTENT_TYPE, "application/x-www-form-urlencoded")];
        for (method, more, body, wanted) in [
            (Method::GET, &[][..], "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            (Method::POST, &[][..], "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
            (
                Method::POST,
                &form[..],
                "Param1=value1",
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
        ] {
            let headers = signed(&signer(None), method, more, body, THEN);
            assert_eq!(signature(&headers), wanted, "{more:?}");
            assert_eq!(headers[DATE], "20150830T123600Z");
        }
    }

    #[test]
    fn what_was_signed_is_named_and_the_token_is_among_it() {
        let length = [(header::CONTENT_LENGTH, "2"), (HeaderName::from_static("x-amz-target"), "T.Do")];
        let headers = signed(&signer(Some("session")), Method::POST, &length, "{}", THEN);
        assert_eq!(headers[TOKEN], "session");
        let value = headers[header::AUTHORIZATION].to_str().unwrap();
        let wanted = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                      SignedHeaders=host;x-amz-date;x-amz-security-token;x-amz-target, Signature=";
        assert!(value.starts_with(wanted), "{value}");
        let other = signed(&signer(Some("another")), Method::POST, &length, "{}", THEN);
        assert_ne!(signature(&headers), signature(&other));
    }

    #[test]
    fn every_day_has_its_key() {
        let (signer, day) = (signer(None), Duration::from_secs(86_400));
        let at = |signer: &Signer, when| signature(&signed(signer, Method::GET, &[], "", when)).to_owned();
        let (first, next) = (at(&signer, THEN), at(&signer, THEN + day));
        assert_eq!(first, at(&signer, THEN), "and back again");
        assert_eq!(next, at(&super::tests::signer(None), THEN + day), "as of one that has seen no other day");
        assert_ne!(first, next);
    }

    #[test]
    fn what_would_need_a_canonical_form_is_refused() {
        for uri in ["/a?b=c", "/a%20b", "/é"].map(|uri| uri.parse::<Uri>()).into_iter().flatten() {
            let mut headers = HeaderMap::new();
            assert!(signer(None).sign(&Method::GET, &uri, &mut headers, b"", UNIX_EPOCH + THEN).is_err(), "{uri}");
        }
    }

    #[test]
    fn nobody_prints_a_secret() {
        let text = format!("{:?}", signer(Some("session")));
        assert!(!text.contains("wJalr") && !text.contains("session"), "{text}");
    }
}
