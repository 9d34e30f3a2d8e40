//! Idempotency keys: a repeated write with the same key and the same body gets the first answer again, and is not done
//! again.
//!
//! ```text
//! let once = IdempotentRequest::of(request, &caller)?.about(&user);
//! once.run(&app.store, async { …the work, which ends in a reply… }).await
//! ```
//!
//! A kept answer is found by the kind of credential, the subject, the organisation, the route and the key. It is given
//! only to a request with the same content, and only after the caller's right was checked again: a token's roles and
//! teams before this module is asked, and what is stored about the user by [`IdempotentRequest::run`].

mod whose;

use std::{future::Future, time::Duration};

use lambda_http::{
    Request, RequestExt,
    http::{HeaderName, header},
};
use ulid::Ulid;
use uuid::Uuid;

use super::{
    Reply,
    auth::{Caller, Reach},
    path,
};
use crate::{
    domain::{Timestamp, user_change::AllowedUser},
    hash::sha256_hex,
    store::{Reservation, Reserved, Store, StoreError},
    telemetry,
};
use whose::{Seen, Whose, may_see};

/// The header that every write takes: a string (RFC 9651), or the bare key.
const STANDARD: HeaderName = HeaderName::from_static("idempotency-key");
/// Contract 4's own header.
const OWN: HeaderName = HeaderName::from_static("x-idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("x-idempotency-replayed");

/// Lambda ends an invocation at its deadline. A key is held a little longer, since clocks differ.
const MARGIN: Duration = Duration::from_secs(1);
/// The longest that an invocation lasts if the request does not say it: API Gateway waits no longer.
const LONGEST: Duration = Duration::from_secs(30);
/// The most characters of a key.
const MAX_CHARACTERS: usize = 255;

/// Why a request was not done under its key.
#[derive(Debug, thiserror::Error)]
pub enum IdempotencyError {
    /// The header holds no key; what it must hold.
    #[error("{header} must be {accepted}")]
    Malformed {
        /// The header's name.
        header: &'static str,
        /// What would be a key.
        accepted: &'static str,
    },
    /// The key was used for another request, or for a user who was erased.
    #[error("this idempotency key was used for another request")]
    Conflict {
        /// The key, without its quotes.
        key: String,
    },
    /// The first request with this key is still running.
    #[error("the first request with this idempotency key is still running")]
    Running,
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One request under its key, if it has one.
#[derive(Debug)]
pub struct IdempotentRequest {
    key: Option<Key>,
}

/// An idempotency key, and the request that came with it.
#[derive(Debug)]
struct Key {
    /// The key as the caller wrote it.
    text: String,
    /// A hash of the credential's kind, the subject, the organisation, the route and the key.
    hash: String,
    /// A hash of all of the request that decides its answer: the body, the query, the preconditions, and the scopes of an
    /// application's key, because an answer holds what the key may read.
    request_hash: String,
    /// Whose data the answer will hold.
    whose: Whose,
    /// When the invocation ends, if the request says it.
    deadline: Option<Timestamp>,
}

impl IdempotentRequest {
    /// Reads `Idempotency-Key`. The caller is `None` if the request needs no credential and has none.
    pub fn of<'a>(request: &Request, caller: impl Into<Option<&'a Caller>>) -> Result<Self, IdempotencyError> {
        Ok(Self::under(standard(request)?, request, caller.into()))
    }

    /// As [`Self::of`], but contract 4's `X-Idempotency-Key` (a UUID or ULID) is read first.
    pub fn of_valara(request: &Request, caller: &Caller) -> Result<Self, IdempotencyError> {
        let key = match own(request)? {
            Some(key) => Some(key),
            None => standard(request)?,
        };
        Ok(Self::under(key, request, Some(caller)))
    }

    /// The answer will hold this user's data. The erasure of the user removes it, and it is given again only while the
    /// stored user meets the caller's rule.
    pub fn about(mut self, user: &AllowedUser) -> Self {
        if let Some(key) = &mut self.key {
            key.whose = Whose::Named(user.clone());
        }
        self
    }

    /// The work makes a user, or changes the one who is there; its reply says whom ([`Reply::about`]). The kept answer is given again
    /// only while that user is among those of `reach`.
    ///
    /// The key is not the user's before the answer is kept: the work may have to finish the erasure of somebody who had the same id,
    /// and an erasure takes all keys of its user.
    pub fn making(mut self, reach: Reach) -> Self {
        if let Some(key) = &mut self.key {
            key.whose = Whose::Made(reach);
        }
        self
    }

    /// A value that is the same each time the same request comes with the same key. An id made of it lets a repeated
    /// request recognise its own earlier work, if the first try ended before its answer was stored.
    pub fn seed(&self) -> Option<String> {
        self.key.as_ref().map(|Key { hash, request_hash, .. }| format!("{hash}#{request_hash}"))
    }

    /// Does `work`, unless it was done before. A refusal frees the key. The time is the store's.
    pub async fn run<P>(self, store: &Store, work: impl Future<Output = Result<Reply, P>>) -> Result<Reply, P>
    where
        P: From<IdempotencyError>,
    {
        let Some(key) = self.key else { return work.await };
        let now = store.clock.now();
        let ends = key.deadline.unwrap_or_else(|| now.plus(LONGEST));
        let lease = store.random.uuid();
        let owner = if let Whose::Named(user) = &key.whose { Some(user.id()) } else { None };
        let reservation = Reservation::new(key.hash, key.request_hash, owner, ends.plus(MARGIN), lease);
        match store.reserve(&reservation, now).await.map_err(IdempotencyError::from)? {
            Reserved::Started => {}
            Reserved::Done { answer, owner } => {
                let is_made = matches!(key.whose, Whose::Made(_));
                return match may_see(store, key.whose.answered(owner).as_ref()).await.map_err(IdempotencyError::from)? {
                    Seen::Allowed => Ok(Reply::saved(answer).header(REPLAYED, "true")),
                    // The work has the same rule in the condition of its write, and the dialect's own refusal.
                    Seen::Refused if !is_made => work.await,
                    // Whoever has the id now is not the user whom the request has made.
                    Seen::Refused | Seen::Erased => Err(IdempotencyError::Conflict { key: key.text }.into()),
                };
            }
            Reserved::Conflict => return Err(IdempotencyError::Conflict { key: key.text }.into()),
            Reserved::Running => return Err(IdempotencyError::Running.into()),
        }
        let done = work.await;
        let answer = done.as_ref().ok().filter(|reply| !is_refusal(reply));
        let answer = answer.and_then(|reply| Some((reply.save()?, reply.whose())));
        let settled = match answer {
            Some((answer, whose)) => store.keep_answer(&reservation, &answer, whose, store.clock.now()).await,
            None => store.release(&reservation).await,
        };
        if let Err(error) = settled {
            // The work is done, so the answer goes out. The key frees itself.
            tracing::error!(error = telemetry::chain(&error), "an idempotency key could not be settled");
        }
        done
    }

    fn under(key: Option<String>, request: &Request, caller: Option<&Caller>) -> Self {
        let key = key.map(|text| {
            let path = path::segments(request).unwrap_or_default().join("/");
            let credential = caller.map_or("", |caller| caller.credential.as_str());
            let subject = caller.map_or("", |caller| &caller.subject);
            // A name may be empty, and no organisation is not the one with the empty name.
            let org = caller.and_then(|caller| caller.org.as_ref()).map(|org| format!("#{org}")).unwrap_or_default();
            let parts = [credential, subject, &org, request.method().as_str(), &path, &text];
            let parts = parts.map(|part| sha256_hex(part.as_bytes()));
            let deadline = request.lambda_context_ref().and_then(|context| i64::try_from(context.deadline).ok());
            Key {
                text,
                hash: sha256_hex(parts.concat().as_bytes()),
                request_hash: content_hash(request, caller),
                whose: Whose::Unknown,
                deadline: deadline.map(Timestamp::from_millis),
            }
        });
        Self { key }
    }
}

/// A hash of what decides the answer, besides the caller and the route.
fn content_hash(request: &Request, caller: Option<&Caller>) -> String {
    let body: &[u8] = request.body();
    let query = request.query_string_parameters();
    // A map has no order.
    let mut query: Vec<_> =
        query.iter().map(|(name, value)| sha256_hex(name.as_bytes()) + &sha256_hex(value.as_bytes())).collect();
    query.sort_unstable();
    let mut parts = vec![sha256_hex(body), sha256_hex(query.concat().as_bytes())];
    for name in [header::IF_MATCH, header::IF_NONE_MATCH] {
        let values: Vec<_> = request.headers().get_all(name).iter().map(|value| value.as_bytes()).collect();
        parts.push(sha256_hex(&values.join(&b',')));
    }
    let scopes: Vec<_> = caller.iter().flat_map(|caller| &caller.scopes).map(|scope| scope.as_str()).collect();
    parts.push(sha256_hex(scopes.join(" ").as_bytes()));
    sha256_hex(parts.concat().as_bytes())
}

fn is_refusal(reply: &Reply) -> bool {
    reply.status().is_client_error() || reply.status().is_server_error()
}

/// `Idempotency-Key`, quoted or bare.
fn standard(request: &Request) -> Result<Option<String>, IdempotencyError> {
    let accepted = "one key of 1 to 255 visible characters, bare or in double quotes";
    let malformed = IdempotencyError::Malformed { header: "Idempotency-Key", accepted };
    only(request, &STANDARD, malformed, |text| match text.strip_prefix('"') {
        Some(rest) => unquoted(rest.strip_suffix('"')?),
        None => text.bytes().all(|b| b.is_ascii_graphic() && !b"\"\\,".contains(&b)).then(|| text.to_owned()),
    })
}

/// `X-Idempotency-Key`: a UUID or ULID, in either case.
fn own(request: &Request) -> Result<Option<String>, IdempotencyError> {
    let malformed = IdempotencyError::Malformed { header: "X-Idempotency-Key", accepted: "a UUID or a ULID" };
    only(request, &OWN, malformed, |text| {
        let is_uuid = text.len() == 36 && Uuid::try_parse(text).is_ok();
        (is_uuid || is_ulid(text)).then(|| text.to_ascii_lowercase())
    })
}

/// The one value of a header, if the header is there.
fn only(
    request: &Request,
    name: &HeaderName,
    malformed: IdempotencyError,
    read: impl FnOnce(&str) -> Option<String>,
) -> Result<Option<String>, IdempotencyError> {
    let mut values = request.headers().get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().ok().map(str::trim).filter(|_| values.next().is_none());
    let key = text.and_then(read).filter(|key| (1..=MAX_CHARACTERS).contains(&key.len()));
    key.map(Some).ok_or(malformed)
}

/// The text between a string's quotes (RFC 9651 §3.3.3).
fn unquoted(text: &str) -> Option<String> {
    let mut key = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => key.push(characters.next().filter(|c| matches!(c, '"' | '\\'))?),
            ' '..='~' if c != '"' => key.push(c),
            _ => return None,
        }
    }
    Some(key)
}

/// A ULID in either case. The crate drops bits beyond 128, so a text that is too large does not equal its number
/// written again.
fn is_ulid(text: &str) -> bool {
    Ulid::from_string(text).is_ok_and(|ulid| ulid.to_string().eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use lambda_http::{Body, aws_lambda_events::query_map::QueryMap};

    use super::*;
    use crate::{
        domain::Scope,
        http::auth::{CredentialKind, Role},
    };

    fn request(name: &'static str, values: &[&str]) -> Request {
        let mut request = Request::new(Body::Text("{}".into()));
        for value in values {
            request.headers_mut().append(name, value.parse().unwrap());
        }
        request
    }

    #[test]
    fn a_key_is_quoted_or_bare() {
        let of = |value| standard(&request("idempotency-key", &[value])).map_err(|error| error.to_string());
        assert_eq!(standard(&Request::new(Body::Empty)).unwrap(), None);
        for (value, key) in [
            ("abc-1", "abc-1"),
            ("\"abc-1\"", "abc-1"),
            (" x ", "x"),
            (r#""a \"b\\""#, r#"a "b\"#),
            ("\"a, b\"", "a, b"),
        ] {
            assert_eq!(of(value), Ok(Some(key.to_owned())), "{value}");
        }
        let long = "x".repeat(256);
        for bad in ["", "\"", "\"\"", "a\"b", "\"a", "a b", "a,b", r#""a\b""#, "é", &long] {
            let expected = "Idempotency-Key must be one key of 1 to 255 visible characters, bare or in double quotes";
            assert_eq!(of(bad), Err(expected.to_owned()), "{bad}");
        }
        assert!(standard(&request("idempotency-key", &["a", "a"])).is_err());
    }

    #[test]
    fn contract_4_s_key_is_a_uuid_or_a_ulid() {
        let of = |value| own(&request("x-idempotency-key", &[value])).is_ok();
        assert!(of("123E4567-e89b-12d3-a456-426614174000"));
        assert!(of("01ARZ3NDEKTSV4RRFFQ69G5FAV") && of("01arz3ndektsv4rrffq69g5fav"));
        let bad = ["", "abc", "81ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAU", "01ARZ3NDEKTSV4RRFFQ69G5FA"];
        assert!(bad.into_iter().all(|bad| !of(bad)));
        assert!(!of("{123e4567-e89b-12d3-a456-426614174000}") && !of("123e4567e89b12d3a456426614174000"));
    }

    /// <https://github.com/ulid/spec>: Crockford's base 32 without I, L, O and U, and at most `7ZZZZZZZZZZZZZZZZZZZZZZZZZ`.
    #[test]
    fn a_ulid_is_judged_by_its_letters_its_length_and_its_first_digit() {
        let is_key = |text: &str| own(&request("x-idempotency-key", &[text])).is_ok();
        for letter in (b' '..=b'~').map(char::from) {
            let digit = "0123456789ABCDEFGHJKMNPQRSTVWXYZ".contains(letter.to_ascii_uppercase());
            assert_eq!(is_key(&format!("01ARZ3NDEK{letter}SV4RRFFQ69G5FAV")), digit, "{letter:?}");
            let first = ('0'..='7').contains(&letter);
            assert_eq!(is_key(&format!("{letter}1ARZ3NDEKTSV4RRFFQ69G5FAV")), first, "{letter:?} first");
        }
        for (text, good) in [
            ("00000000000000000000000000", true),
            ("7ZZZZZZZZZZZZZZZZZZZZZZZZZ", true),
            ("7zzzzzzzzzzzzzzzzzzzzzzzzz", true),
            ("01ArZ3nDeKtSv4RrFfQ69g5FaV", true),
            ("80000000000000000000000000", false),
            ("ZZZZZZZZZZZZZZZZZZZZZZZZZZ", false),
            ("01ARZ3NDEKTSV4RRFFQ69G5FA", false),
            ("01ARZ3NDEKTSV4RRFFQ69G5FAVV", false),
            ("01ARZ3NDEK-TSV4RRFFQ69G5FA", false),
            ("01ARZ3NDEKTSV4RRFFQ69G5Fé", false),
        ] {
            assert_eq!(is_key(text), good, "{text}");
        }
        let kept = own(&request("x-idempotency-key", &["01ARZ3NDEKTSV4RRFFQ69G5FAV"])).unwrap();
        assert_eq!(kept.as_deref(), Some("01arz3ndektsv4rrffq69g5fav"));
    }

    #[test]
    fn a_key_is_one_credential_s_subject_s_and_organisation_s_on_one_route() {
        let of = |caller: &Caller, method: &str, path: &str, key: &str| {
            let mut request = request("idempotency-key", &[key]);
            *request.method_mut() = method.parse().unwrap();
            let request = request.with_raw_http_path(path);
            IdempotentRequest::of(&request, caller).unwrap().key.unwrap().hash
        };
        let caller = |credential, subject: &str, org: Option<&str>| Caller {
            credential,
            subject: subject.into(),
            org: org.map(str::to_owned),
            ..Caller::default()
        };
        let a = caller(CredentialKind::Token, "a", None);
        let one = of(&a, "PUT", "/x", "k");
        assert_eq!(one, of(&a, "PUT", "/x", "\"k\""));
        // Roles and teams are not compared: the right is asked again.
        let manager = Caller { roles: [Role::Broker].into(), teams: vec!["t".into()], ..a.clone() };
        assert_eq!(one, of(&manager, "PUT", "/x", "k"));
        let mut all = std::collections::BTreeSet::from([one]);
        all.extend([("POST", "/x", "k"), ("PUT", "/y", "k"), ("PUT", "/x", "l")].map(|(m, p, k)| of(&a, m, p, k)));
        let kinds = [CredentialKind::Session, CredentialKind::KeyPair, CredentialKind::UserKey];
        let mut others: Vec<_> = kinds.into_iter().map(|kind| caller(kind, "a", None)).collect();
        for (subject, org) in [("b", None), ("aP", None), ("a", Some("")), ("a", Some("o")), ("a", Some("p"))] {
            others.push(caller(CredentialKind::Token, subject, org));
        }
        all.extend(others.iter().map(|other| of(other, "PUT", "/x", "k")));
        let request = request("idempotency-key", &["k"]);
        all.insert(IdempotentRequest::of(&request, None).unwrap().key.unwrap().hash);
        assert_eq!(all.len(), 1 + 3 + others.len() + 1);
    }

    #[test]
    fn all_that_decides_an_answer_is_compared() {
        let of = |body: &str, query: &str, headers: &[(&'static str, &str)], scopes: &[Scope]| {
            let query: QueryMap = query.parse().unwrap();
            let mut request = request("idempotency-key", &["k"]).with_query_string_parameters(query);
            *request.body_mut() = Body::Text(body.into());
            for (name, value) in headers {
                request.headers_mut().append(*name, value.parse().unwrap());
            }
            let caller = Caller { scopes: scopes.iter().copied().collect(), ..Caller::default() };
            IdempotentRequest::of(&request, &caller).unwrap().key.unwrap().request_hash
        };
        assert_eq!(of("{}", "", &[("accept", "a")], &[]), of("{}", "", &[], &[]));
        // The map of a query has another order each time.
        for _ in 0..20 {
            assert_eq!(of("{}", "a=1&b=2&c=3", &[], &[]), of("{}", "c=3&b=2&a=1", &[], &[]));
        }
        let all = std::collections::BTreeSet::from([
            of("{}", "", &[], &[]),
            of("{ }", "", &[], &[]),
            of("{}", "a=1", &[], &[]),
            of("{}", "a=2", &[], &[]),
            of("{}", "a=1&b=2", &[], &[]),
            of("{}", "a=2&b=1", &[], &[]),
            of("{}", "", &[("if-match", "\"1\"")], &[]),
            of("{}", "", &[("if-match", "\"2\"")], &[]),
            of("{}", "", &[("if-none-match", "\"1\"")], &[]),
            of("{}", "", &[("if-none-match", "*")], &[]),
            of("{}", "", &[], &[Scope::UsersWrite]),
            of("{}", "", &[], &[Scope::UsersWrite, Scope::UsersRead]),
        ]);
        assert_eq!(all.len(), 12);
    }
}
