//! Links by which users reach their own preferences without an account. Who holds one can see and change that one user's
//! channels, groups, quiet hours, language and zone, until it expires; it shows no name, no address and no id.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    domain::{Timestamp, UserId},
    secrets::Secrets,
    signing::{KeysError, Purpose, SigningKey, UnusableSecret},
    unsubscribe::BadToken,
};

/// How long a link works where nobody says.
pub const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// The shortest time that may be asked for.
pub const SHORTEST: Duration = Duration::from_secs(60);
/// The longest time that may be asked for: as long as an unsubscribe link works.
pub const LONGEST: Duration = crate::unsubscribe::LIFETIME;
/// User and end.
const BYTES: usize = 16 + 8;

/// The key that links are signed with.
#[derive(Clone, Debug)]
pub struct PreferenceKey(SigningKey);

impl PreferenceKey {
    /// Out of the deployment secret.
    pub fn derive(secret: &str) -> Result<Self, UnusableSecret> {
        SigningKey::derive(secret, Purpose::Preferences).map(Self)
    }

    /// A token for this user, good until the second in which `expires` lies. Safe in a URL's query.
    pub fn sign(&self, user: UserId, expires: Timestamp) -> String {
        let mut claims = Vec::with_capacity(BYTES);
        claims.extend(user.to_bytes());
        claims.extend(expires.seconds().to_be_bytes());
        let claims = URL_SAFE_NO_PAD.encode(claims);
        format!("{claims}.{}", self.0.sign(&claims))
    }

    /// Whose preferences a token opens at this time.
    pub fn read(&self, token: &str, now: Timestamp) -> Result<UserId, BadToken> {
        let (claims, signature) = token.split_once('.').ok_or(BadToken::Invalid)?;
        if !self.0.verify(claims, signature) {
            return Err(BadToken::Invalid);
        }
        let (user, expires) = decode(claims).ok_or(BadToken::Invalid)?;
        if now.seconds() < expires { Ok(user) } else { Err(BadToken::Expired) }
    }
}

fn decode(claims: &str) -> Option<(UserId, i64)> {
    let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
    let (user, expires) = claims.split_first_chunk()?;
    Some((UserId::from_bytes(*user), i64::from_be_bytes(expires.try_into().ok()?)))
}

/// The key, by the name of the deployment secret, which is kept for a minute.
#[derive(Debug)]
pub struct PreferenceKeys {
    secrets: Secrets,
    name: String,
}

impl PreferenceKeys {
    /// Under the secret of that name or ARN.
    pub fn new(secrets: Secrets, name: String) -> Self {
        Self { secrets, name }
    }

    /// The key as of now.
    pub async fn key(&self) -> Result<PreferenceKey, KeysError> {
        let secret = self.secrets.get(&self.name).await?;
        Ok(PreferenceKey::derive(&secret)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::Channel,
        unsubscribe::{OptOut, OptOutKey},
    };

    const SECRET: &str = "0123456789abcdef0123456789abcdef";
    const NOW: Timestamp = Timestamp::EPOCH;

    fn key() -> PreferenceKey {
        PreferenceKey::derive(SECRET).unwrap()
    }

    #[test]
    fn a_token_opens_one_user_s_preferences_until_it_expires() {
        let user = UserId::random();
        let token = key().sign(user, NOW.plus(LIFETIME));
        assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)), "{token}");
        assert!(!token.contains(&user.to_string()));
        assert_eq!(key().read(&token, NOW.plus(LIFETIME - Duration::from_secs(1))), Ok(user));
        assert_eq!(key().read(&token, NOW.plus(LIFETIME)), Err(BadToken::Expired));
    }

    #[test]
    fn what_was_tampered_with_or_signed_for_something_else_opens_nothing() {
        let (user, end) = (UserId::random(), NOW.plus(LIFETIME));
        let token = key().sign(user, end);
        let (claims, signature) = token.split_once('.').unwrap();
        let other = key().sign(UserId::random(), end);
        let opt_out = OptOut { user, channel: Channel::Email, group: None };
        let opt_out = OptOutKey::derive(SECRET).unwrap().sign(&opt_out, NOW);
        let foreign = PreferenceKey::derive("another secret of thirty-two bytes").unwrap().sign(user, end);
        // Signed by our key, and of another length.
        let signed = |bytes: usize| {
            let claims = URL_SAFE_NO_PAD.encode(vec![127; bytes]);
            format!("{claims}.{}", key().0.sign(&claims))
        };
        assert!(key().read(&signed(BYTES), NOW).is_ok());
        for bad in [
            "",
            ".",
            claims,
            &format!("{claims}."),
            &format!("{}.{signature}", other.split_once('.').unwrap().0),
            &format!("{token}A"),
            &token[1..],
            &opt_out,
            &foreign,
            &signed(BYTES - 1),
            &signed(BYTES + 1),
            &signed(0),
        ] {
            assert_eq!(key().read(bad, NOW), Err(BadToken::Invalid), "{bad}");
        }
        assert!(OptOutKey::derive(SECRET).unwrap().read(&token, NOW).is_err());
    }
}
