//! Links by which a recipient of email opts out with one click (RFC 8058). Who holds a link can do that one thing, for that
//! one user, until it expires.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    domain::{Channel, Timestamp, UserId},
    public_url::{InvalidPublicUrl, PublicUrl},
    secrets::Secrets,
    signing::{KeysError, Purpose, SigningKey, UnusableSecret},
};

/// How long a link works. Mail is read late, and who finds no way out calls it spam: the laws ask for 30 days (CAN-SPAM) to
/// 60 (Canada's CASL) after the mail was sent. What a link can do gives no reason to be shorter.
pub const LIFETIME: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// The path that a link leads to, below the deployment's own URL.
const PATH: &str = "/unsubscribe?token=";
/// User, end and channel; the rest is the group.
const FIXED_BYTES: usize = 16 + 8 + 1;

/// What a recipient opts out of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptOut {
    /// The recipient.
    pub user: UserId,
    /// The channel that the message came by.
    pub channel: Channel,
    /// The message's group, which is what is left where it has one; without one, the channel is.
    pub group: Option<String>,
}

/// Why a token says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadToken {
    /// It is not ours, or not whole.
    Invalid,
    /// It was ours.
    Expired,
}

/// The key that links are signed with.
#[derive(Clone, Debug)]
pub struct OptOutKey(SigningKey);

impl OptOutKey {
    /// Out of the deployment secret.
    pub fn derive(secret: &str) -> Result<Self, UnusableSecret> {
        SigningKey::derive(secret, Purpose::OptOut).map(Self)
    }

    /// A token for this, good from `now` on for [`LIFETIME`]. Safe in a URL's query; short, since a header's length is bounded.
    pub fn sign(&self, opt_out: &OptOut, now: Timestamp) -> String {
        let group = opt_out.group.as_deref().unwrap_or_default();
        let mut claims = Vec::with_capacity(FIXED_BYTES + group.len());
        claims.extend(opt_out.user.to_bytes());
        claims.extend(now.plus(LIFETIME).seconds().to_be_bytes());
        claims.push(code(opt_out.channel));
        claims.extend(group.as_bytes());
        let claims = URL_SAFE_NO_PAD.encode(claims);
        format!("{claims}.{}", self.0.sign(&claims))
    }

    /// What a token says at this time.
    pub fn read(&self, token: &str, now: Timestamp) -> Result<OptOut, BadToken> {
        let (claims, signature) = token.split_once('.').ok_or(BadToken::Invalid)?;
        if !self.0.verify(claims, signature) {
            return Err(BadToken::Invalid);
        }
        let (opt_out, expires) = decode(claims).ok_or(BadToken::Invalid)?;
        if now.seconds() < expires { Ok(opt_out) } else { Err(BadToken::Expired) }
    }
}

fn decode(claims: &str) -> Option<(OptOut, i64)> {
    let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
    let (user, rest) = claims.split_first_chunk()?;
    let (expires, rest) = rest.split_first_chunk()?;
    let (channel, group) = rest.split_first()?;
    let channel = Channel::ALL.into_iter().find(|one| code(*one) == *channel)?;
    let group = (!group.is_empty()).then(|| String::from_utf8(group.to_vec())).transpose().ok()?;
    Some((OptOut { user: UserId::from_bytes(*user), channel, group }, i64::from_be_bytes(*expires)))
}

/// Part of every token: never change one.
fn code(channel: Channel) -> u8 {
    match channel {
        Channel::Email => b'e',
        Channel::Push => b'p',
        Channel::Sms => b's',
        Channel::Slack => b'c',
        Channel::InApp => b'i',
    }
}

/// The key, by the name of the deployment secret, which is kept for a minute.
#[derive(Debug)]
pub struct OptOutKeys {
    secrets: Secrets,
    name: String,
}

impl OptOutKeys {
    /// Under the secret of that name or ARN.
    pub fn new(secrets: Secrets, name: String) -> Self {
        Self { secrets, name }
    }

    /// The key as of now.
    pub async fn key(&self) -> Result<OptOutKey, KeysError> {
        let secret = self.secrets.get(&self.name).await?;
        Ok(OptOutKey::derive(&secret)?)
    }
}

/// Makes links to this deployment.
#[derive(Debug)]
pub struct OptOutLinks {
    keys: OptOutKeys,
    base: PublicUrl,
}

impl OptOutLinks {
    /// Links below the URL `base`, at which recipients reach the API.
    pub fn new(keys: OptOutKeys, base: &str) -> Result<Self, InvalidPublicUrl> {
        Ok(Self { keys, base: PublicUrl::parse(base)? })
    }

    /// The link for this.
    pub async fn link(&self, opt_out: &OptOut, now: Timestamp) -> Result<String, KeysError> {
        Ok(self.base.at(&format!("{PATH}{}", self.keys.key().await?.sign(opt_out, now))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::EPOCH;
    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn key() -> OptOutKey {
        OptOutKey::derive(SECRET).unwrap()
    }

    fn of(channel: Channel, group: Option<&str>) -> OptOut {
        OptOut { user: UserId::random(), channel, group: group.map(str::to_owned) }
    }

    #[test]
    fn a_token_says_what_was_signed_until_it_expires() {
        for channel in Channel::ALL {
            for group in [None, Some("news"), Some("a\"b<c>&é🙂")] {
                let opt_out = of(channel, group);
                let token = key().sign(&opt_out, NOW);
                assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)), "{token}");
                let last = NOW.plus(LIFETIME - Duration::from_secs(1));
                assert_eq!(key().read(&token, last), Ok(opt_out));
                assert_eq!(key().read(&token, NOW.plus(LIFETIME)), Err(BadToken::Expired));
            }
        }
    }

    #[test]
    fn what_was_tampered_with_says_nothing_not_even_that_it_expired() {
        let token = key().sign(&of(Channel::Email, Some("news")), NOW);
        let (claims, signature) = token.split_once('.').unwrap();
        let other = key().sign(&of(Channel::Email, Some("news")), NOW);
        let session = SigningKey::derive(SECRET, Purpose::Session).unwrap().sign(claims);
        for bad in [
            "",
            ".",
            claims,
            &format!("{claims}."),
            &format!("{claims}.{session}"),
            &format!("{}.{signature}", other.split_once('.').unwrap().0),
            &format!("A{token}"),
            &format!("{token}A"),
            &token[1..],
            &token[..token.len() - 1],
        ] {
            for now in [NOW, NOW.plus(2 * LIFETIME)] {
                assert_eq!(key().read(bad, now), Err(BadToken::Invalid), "{bad}");
            }
        }
        let another = OptOutKey::derive("another secret of thirty-two bytes").unwrap();
        assert_eq!(another.read(&token, NOW), Err(BadToken::Invalid));
    }

    #[test]
    fn what_is_signed_and_makes_no_sense_says_nothing() {
        let sign = |claims: &[u8]| {
            let claims = URL_SAFE_NO_PAD.encode(claims);
            format!("{claims}.{}", key().0.sign(&claims))
        };
        let good = [[0; 16].as_slice(), &[127; 8], b"e"].concat();
        assert!(key().read(&sign(&good), NOW).is_ok());
        for bad in [&good[..24], &[&good[..24], b"x"].concat(), &[&good, b"\xff".as_slice()].concat(), &[]] {
            assert_eq!(key().read(&sign(bad), NOW), Err(BadToken::Invalid), "{bad:?}");
        }
    }

    #[test]
    fn the_longest_link_fits_into_a_header_of_ses() {
        let token = key().sign(&of(Channel::InApp, Some(&"🙂".repeat(128))), NOW);
        let base = format!("https://{}", "x".repeat(crate::public_url::LONGEST - 8));
        let link = PublicUrl::parse(&base).unwrap().at(&format!("{PATH}{token}"));
        assert!(format!("<{link}>").len() <= crate::delivery::MOST_HEADER_CHARACTERS);
    }
}
