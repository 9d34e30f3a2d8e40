//! Links by which users reach their own preferences without an account. The holder of a link can see and change that
//! one user's channels, groups, quiet hours, language and zone, until the link expires. The page shows no name, no
//! address and no id.

use std::time::Duration;

use crate::{
    domain::{LinkBinding, LinkEpoch, Timestamp, UserId},
    public_url::PublicUrl,
    signing::{self, BadToken, Keys, Purpose, TokenKey, UnusableSecret},
};

/// How long a link works by default.
pub const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// The shortest time that may be asked for.
pub const SHORTEST: Duration = Duration::from_secs(60);
/// The longest time that may be asked for: as long as an unsubscribe link works.
pub const LONGEST: Duration = crate::unsubscribe::LIFETIME;

/// The path that a link leads to, below the deployment's own URL.
const PATH: &str = "/preferences?token=";

/// What a link says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Whose preferences it opens.
    pub user: UserId,
    /// What the link is bound to besides the user's id.
    pub binding: LinkBinding,
}

/// The key that links are signed with.
#[derive(Clone, Debug)]
pub struct PreferenceKey(TokenKey);

/// The key, as the deployment has it.
pub type PreferenceKeys = Keys<PreferenceKey>;

impl PreferenceKey {
    /// From the deployment secret.
    pub fn derive(secret: &str) -> Result<Self, UnusableSecret> {
        TokenKey::derive(secret, Purpose::Preferences).map(Self)
    }

    /// A token for this user, valid until the second in which `expires` lies. It is safe in a URL's query.
    pub fn sign(&self, user: UserId, epoch: LinkEpoch, expires: Timestamp) -> String {
        self.0.sign(user, expires, &signing::encode_epoch(epoch))
    }

    /// The link below `base` with a token for this user: see [`Self::sign`].
    pub fn link(&self, base: &PublicUrl, user: UserId, epoch: LinkEpoch, expires: Timestamp) -> String {
        base.at(&format!("{PATH}{}", self.sign(user, epoch, expires)))
    }

    /// Whose preferences a token opens at the time `now`.
    pub fn read(&self, token: &str, now: Timestamp) -> Result<Link, BadToken> {
        let ((user, epoch), end) = self.0.read(token, now, |user, more| {
            let (epoch, rest) = signing::decode_epoch(more)?;
            rest.is_empty().then_some((user, epoch))
        })?;
        Ok(Link { user, binding: signing::binding(epoch, end.minus(LONGEST)) })
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

    fn epoch() -> LinkEpoch {
        LinkEpoch { created_at: Timestamp::from_millis(7), ended: 2 }
    }

    fn key() -> PreferenceKey {
        PreferenceKey::derive(SECRET).unwrap()
    }

    #[test]
    fn a_token_opens_one_user_s_preferences_until_it_expires() {
        let user = UserId::random();
        let token = key().sign(user, epoch(), NOW.plus(LIFETIME));
        assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)), "{token}");
        assert!(!token.contains(&user.to_string()));
        assert_eq!(
            key().read(&token, NOW.plus(LIFETIME - Duration::from_secs(1))),
            Ok(Link { user, binding: LinkBinding::Epoch(epoch()) })
        );
        assert_eq!(key().read(&token, NOW.plus(LIFETIME)), Err(BadToken::Expired));
    }

    #[test]
    fn what_was_tampered_with_or_signed_for_something_else_opens_nothing() {
        let (user, end) = (UserId::random(), NOW.plus(LIFETIME));
        let token = key().sign(user, epoch(), end);
        let (claims, signature) = token.split_once('.').unwrap();
        let other = key().sign(UserId::random(), epoch(), end);
        let opt_out = OptOut { user, channel: Channel::Email, group: None };
        let opt_out = OptOutKey::derive(SECRET).unwrap().sign(&opt_out, epoch(), NOW);
        let foreign = PreferenceKey::derive("another secret of thirty-two bytes").unwrap().sign(user, epoch(), end);
        // Signed by our key, and longer.
        let longer = key().0.sign(user, end, b"e");
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
            &longer,
        ] {
            assert_eq!(key().read(bad, NOW), Err(BadToken::Invalid), "{bad}");
        }
        assert!(OptOutKey::derive(SECRET).unwrap().read(&token, NOW).is_err());
    }
}
