//! Sessions of contract 2: a signed token in a cookie, and the CSRF value that is bound to it. Neither has the form of
//! a JWT, and no bearer token has such a signature. So a session cannot pass for a bearer token, nor a bearer token for
//! a session.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    domain::{Fedmember, Timestamp, UserId},
    signing::{Keys, Purpose, SigningKey, UnusableSecret},
};

/// How long a session lasts unless it is renewed.
pub const LIFETIME: Duration = Duration::from_secs(30 * 60);
/// The longest that a session can be renewed, counted from the log-in. After it, the user has to log in again.
const LONGEST: Duration = Duration::from_secs(12 * 3600);
/// The beginning of the first cookie's name.
pub const AUTH_COOKIE: &str = "AtmoAuthToken_";
/// The beginning of the first cookie's value, percent-encoded or not.
const TOKEN_PREFIXES: [&str; 3] = ["TokenID%3D", "TokenID%3d", "TokenID="];

/// A log-in: the user, the organisation, and whether the user is its site admin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The user.
    pub user: UserId,
    /// The organisation that the session is good for.
    pub fedmember: Fedmember,
    /// Whether the user is that organisation's site admin.
    pub site_admin: bool,
    /// When the user logged in, in epoch seconds.
    since: i64,
    /// When the session ends, in epoch seconds.
    expires: i64,
    /// A random value that makes two sessions of one second differ.
    nonce: Uuid,
}

impl Session {
    /// A session that begins now. `nonce` is an id that no other session has.
    pub fn begin(user: UserId, fedmember: Fedmember, site_admin: bool, now: Timestamp, nonce: Uuid) -> Self {
        let expires = now.plus(LIFETIME).seconds();
        Self { user, fedmember, site_admin, since: now.seconds(), expires, nonce }
    }

    /// The same session for up to another half hour, with a new `nonce`. `None` if the log-in is too long ago.
    pub fn renewed(&self, now: Timestamp, nonce: Uuid) -> Option<Self> {
        let oldest = Timestamp::from_millis(self.since.saturating_mul(1000)).plus(LONGEST);
        let expires = now.plus(LIFETIME).seconds().min(oldest.seconds());
        (expires > now.seconds()).then(|| Self { expires, nonce, ..self.clone() })
    }

    /// When it ends.
    pub fn ends(&self) -> Timestamp {
        Timestamp::from_millis(self.expires.saturating_mul(1000))
    }
}

/// The keys that sessions and their CSRF values are signed with.
#[derive(Clone, Debug)]
pub struct SessionKeys {
    session: SigningKey,
    csrf: SigningKey,
}

impl SessionKeys {
    /// From the deployment secret.
    pub fn derive(secret: &str) -> Result<Self, UnusableSecret> {
        let [session, csrf] = [Purpose::Session, Purpose::Csrf].map(|purpose| SigningKey::derive(secret, purpose));
        Ok(Self { session: session?, csrf: csrf? })
    }

    /// Signs a session.
    pub fn issue(&self, session: &Session) -> Issued {
        // A session is plain data, so it can always be written.
        let claims = URL_SAFE_NO_PAD.encode(serde_json::to_vec(session).unwrap_or_default());
        let token = format!("{claims}.{}", self.session.sign(&claims));
        Issued { fedmember: session.fedmember.clone(), csrf: self.csrf.sign(&token), token }
    }

    /// The session in a cookie's value, if we signed it, it is for that organisation, and it has not ended.
    pub fn read(&self, value: &str, fedmember: &Fedmember, now: Timestamp) -> Option<Session> {
        let (claims, signature) = token(value)?.split_once('.')?;
        if !self.session.verify(claims, signature) {
            return None;
        }
        let session: Session = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        (session.fedmember == *fedmember && now.seconds() < session.expires).then_some(session)
    }

    /// Whether `given` is the CSRF value of the session in the cookie `value`.
    pub fn csrf_holds(&self, value: &str, given: &str) -> bool {
        token(value).is_some_and(|token| self.csrf.verify(token, given))
    }
}

fn token(value: &str) -> Option<&str> {
    TOKEN_PREFIXES.iter().find_map(|prefix| value.strip_prefix(prefix))
}

/// A signed session, as a client gets it.
#[derive(Clone)]
pub struct Issued {
    fedmember: Fedmember,
    token: String,
    csrf: String,
}

impl Issued {
    /// The first cookie's name and value.
    pub fn auth_cookie(&self) -> (String, String) {
        (auth_cookie_name(&self.fedmember), format!("{}{}", TOKEN_PREFIXES[0], self.token))
    }

    /// The second cookie's name and value, which the header has to repeat.
    pub fn csrf_cookie(&self) -> (String, &str) {
        (csrf_cookie_name(&self.fedmember), &self.csrf)
    }
}

/// The name of the cookie that holds a session for that organisation.
pub fn auth_cookie_name(fedmember: &Fedmember) -> String {
    format!("{AUTH_COOKIE}{fedmember}")
}

/// The name of the cookie that holds the CSRF value.
pub fn csrf_cookie_name(fedmember: &Fedmember) -> String {
    format!("Csrf-Token_{fedmember}")
}

/// The name of the header that has to repeat the CSRF value.
pub fn csrf_header_name(fedmember: &Fedmember) -> String {
    format!("X-Csrf-Token_{fedmember}")
}

/// The keys, as the deployment has them.
pub type Sessions = Keys<SessionKeys>;

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::EPOCH;

    fn keys() -> SessionKeys {
        SessionKeys::derive("0123456789abcdef0123456789abcdef").unwrap()
    }

    fn acme() -> Fedmember {
        Fedmember::parse("acme").unwrap()
    }

    #[test]
    fn a_session_is_read_back_until_it_ends_and_for_its_organisation_only() {
        let session = Session::begin(UserId::random(), acme(), true, NOW, Uuid::new_v4());
        let (name, value) = keys().issue(&session).auth_cookie();
        assert_eq!(name, "AtmoAuthToken_acme");
        assert_eq!(keys().read(&value, &acme(), NOW), Some(session.clone()));
        assert_eq!(keys().read(&value.replace("%3D", "="), &acme(), NOW), Some(session));
        assert_eq!(keys().read(&value, &Fedmember::parse("other").unwrap(), NOW), None);
        assert_eq!(keys().read(&value, &acme(), NOW.plus(LIFETIME)), None);
        for bad in [&value[10..], "TokenID%3D", "TokenID%3Dx.y", &value[..value.len() - 1], &format!("{value}x")] {
            assert_eq!(keys().read(bad, &acme(), NOW), None, "{bad}");
        }
    }

    #[test]
    fn a_csrf_value_is_of_one_session() {
        let issue = || keys().issue(&Session::begin(UserId::random(), acme(), false, NOW, Uuid::new_v4()));
        let (one, two) = (issue(), issue());
        let value = one.auth_cookie().1;
        assert!(keys().csrf_holds(&value, one.csrf_cookie().1));
        assert!(!keys().csrf_holds(&value, two.csrf_cookie().1));
        assert!(!keys().csrf_holds(&value, ""));
    }

    #[test]
    fn a_session_is_renewed_until_the_log_in_is_too_long_ago() {
        let session = Session::begin(UserId::random(), acme(), false, NOW, Uuid::new_v4());
        let later = NOW.plus(Duration::from_secs(60));
        let renewed = session.renewed(later, Uuid::new_v4()).unwrap();
        assert_eq!(renewed.ends(), later.plus(LIFETIME));
        assert_ne!(keys().issue(&renewed).token, keys().issue(&session).token);
        assert_eq!(renewed.renewed(NOW.plus(LONGEST), Uuid::new_v4()), None);
    }
}
