//! Links by which a recipient of email opts out with one click (RFC 8058). Until a link expires, its holder can opt the
//! recipient out, and can see and change everything on that one user's preference centre: the link's page shows both.

use std::time::Duration;

use crate::{
    domain::{Channel, LinkBinding, LinkEpoch, Timestamp, UserId},
    public_url::PublicUrl,
    signing::{self, BadToken, Keys, KeysError, Purpose, TokenKey, UnusableSecret},
};

/// How long a link works. People read mail late, and a recipient who finds no way to opt out reports spam: the laws ask
/// for 30 days (CAN-SPAM) to 60 days (Canada's CASL) after the mail was sent. The disadvantage: for as long, anybody
/// who gets the forwarded mail can change the recipient's preferences, too.
pub const LIFETIME: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// The path that a link leads to, below the deployment's own URL.
const PATH: &str = "/unsubscribe?token=";

/// What a recipient opts out of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptOut {
    /// The recipient.
    pub user: UserId,
    /// The channel that the message came by.
    pub channel: Channel,
    /// The message's group, if it has one: the recipient leaves it. Without a group, the recipient leaves the channel.
    pub group: Option<String>,
}

/// What a link says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What its holder opts out of.
    pub opt_out: OptOut,
    /// What the link is bound to besides the user's id.
    pub binding: LinkBinding,
    /// When it ends.
    pub end: Timestamp,
}

/// The key that links are signed with.
#[derive(Clone, Debug)]
pub struct OptOutKey(TokenKey);

/// The key, as the deployment has it.
pub type OptOutKeys = Keys<OptOutKey>;

impl OptOutKey {
    /// From the deployment secret.
    pub fn derive(secret: &str) -> Result<Self, UnusableSecret> {
        TokenKey::derive(secret, Purpose::OptOut).map(Self)
    }

    /// A token for this, valid from `now` on for [`LIFETIME`]. It is safe in a URL's query, and short, since a header's
    /// length is bounded.
    pub fn sign(&self, opt_out: &OptOut, epoch: LinkEpoch, now: Timestamp) -> String {
        let mut more = signing::encode_epoch(epoch).to_vec();
        more.push(code(opt_out.channel));
        more.extend(opt_out.group.iter().flat_map(|group| group.bytes()));
        self.0.sign(opt_out.user, now.plus(LIFETIME), &more)
    }

    /// The content of a token that is valid at this time, and when the token expires.
    pub fn read(&self, token: &str, now: Timestamp) -> Result<Link, BadToken> {
        let ((opt_out, epoch), end) = self.0.read(token, now, |user, more| {
            let (epoch, more) = signing::decode_epoch(more)?;
            Some((decode(user, more)?, epoch))
        })?;
        Ok(Link { opt_out, binding: signing::binding(epoch, end.minus(LIFETIME)), end })
    }
}

/// The channel is the first byte; the rest is the group.
fn decode(user: UserId, more: &[u8]) -> Option<OptOut> {
    let (channel, group) = more.split_first()?;
    let channel = Channel::ALL.into_iter().find(|one| code(*one) == *channel)?;
    let group = (!group.is_empty()).then(|| String::from_utf8(group.to_vec())).transpose().ok()?;
    Some(OptOut { user, channel, group })
}

/// A channel's byte is part of every token. Never change one.
fn code(channel: Channel) -> u8 {
    match channel {
        Channel::Email => b'e',
        Channel::Push => b'p',
        Channel::Sms => b's',
        Channel::Slack => b'c',
        Channel::InApp => b'i',
    }
}

/// Makes links to this deployment.
#[derive(Debug)]
pub struct OptOutLinks {
    keys: OptOutKeys,
    base: PublicUrl,
}

impl OptOutLinks {
    /// Makes links below the URL `base`, at which recipients reach the API.
    pub fn new(keys: OptOutKeys, base: PublicUrl) -> Self {
        Self { keys, base }
    }

    /// The link for this.
    pub async fn link(&self, opt_out: &OptOut, epoch: LinkEpoch, now: Timestamp) -> Result<String, KeysError> {
        Ok(self.base.at(&format!("{PATH}{}", self.keys.key().await?.sign(opt_out, epoch, now))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signing::SigningKey;

    const NOW: Timestamp = Timestamp::EPOCH;
    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn key() -> OptOutKey {
        OptOutKey::derive(SECRET).unwrap()
    }

    fn epoch() -> LinkEpoch {
        LinkEpoch { created_at: Timestamp::from_millis(5), ended: 2 }
    }

    fn of(channel: Channel, group: Option<&str>) -> OptOut {
        OptOut { user: UserId::random(), channel, group: group.map(str::to_owned) }
    }

    #[test]
    fn a_token_says_what_was_signed_until_it_expires() {
        for channel in Channel::ALL {
            for group in [None, Some("news"), Some("a\"b<c>&é🙂")] {
                let opt_out = of(channel, group);
                let token = key().sign(&opt_out, epoch(), NOW);
                assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)), "{token}");
                let last = NOW.plus(LIFETIME - Duration::from_secs(1));
                assert_eq!(
                    key().read(&token, last),
                    Ok(Link { opt_out, binding: LinkBinding::Epoch(epoch()), end: NOW.plus(LIFETIME) })
                );
                assert_eq!(key().read(&token, NOW.plus(LIFETIME)), Err(BadToken::Expired));
            }
        }
    }

    #[test]
    fn what_was_tampered_with_says_nothing_not_even_that_it_expired() {
        let token = key().sign(&of(Channel::Email, Some("news")), epoch(), NOW);
        let (claims, signature) = token.split_once('.').unwrap();
        let other = key().sign(&of(Channel::Email, Some("news")), epoch(), NOW);
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
        let sign = |more: &[u8]| key().0.sign(UserId::random(), NOW.plus(LIFETIME), more);
        assert!(key().read(&sign(b"e"), NOW).is_ok());
        for bad in [b"".as_slice(), b"x", b"e\xff", b"2", b"2e", b"2234567812345"] {
            assert_eq!(key().read(&sign(bad), NOW), Err(BadToken::Invalid), "{bad:?}");
        }
    }

    #[test]
    fn the_longest_link_fits_into_a_header_of_ses() {
        let token = key().sign(&of(Channel::InApp, Some(&"🙂".repeat(128))), epoch(), NOW);
        let base = format!("https://{}", "x".repeat(crate::public_url::LONGEST - 8));
        let link = PublicUrl::parse(&base).unwrap().at(&format!("{PATH}{token}"));
        assert!(format!("<{link}>").len() <= crate::delivery::MAX_HEADER_CHARACTERS);
    }
}
