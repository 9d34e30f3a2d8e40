//! Signed tokens for links. A token belongs to one user and expires. Its form is `claims.signature`, both in base64url.
//! The claims are the user's id (16 bytes), the end in epoch seconds (8 bytes, big-endian), and more bytes that depend
//! on the purpose. Mail that was sent carries such tokens, so never change the form.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{Purpose, SigningKey, UnusableSecret};
use crate::domain::{Timestamp, UserId};

/// The bytes of the user's id and of the end.
const FIXED_BYTES: usize = 16 + 8;

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadToken {
    /// The token is not signed by us, or not complete.
    Invalid,
    /// The token is signed by us, and has expired.
    Expired,
}

/// The key of one purpose's tokens.
#[derive(Clone, Debug)]
pub struct TokenKey(SigningKey);

impl TokenKey {
    /// Derives the key from the deployment secret.
    pub fn derive(secret: &str, purpose: Purpose) -> Result<Self, UnusableSecret> {
        SigningKey::derive(secret, purpose).map(Self)
    }

    /// Makes a token that is valid until the start of the second of `end`. Its characters are safe in a URL's query.
    /// `more` are the purpose's own bytes.
    pub fn sign(&self, user: UserId, end: Timestamp, more: &[u8]) -> String {
        let mut claims = Vec::with_capacity(FIXED_BYTES + more.len());
        claims.extend(user.to_bytes());
        claims.extend(end.seconds().to_be_bytes());
        claims.extend(more);
        let claims = URL_SAFE_NO_PAD.encode(claims);
        format!("{claims}.{}", self.0.sign(&claims))
    }

    /// Checks a token at the time `now`. `decode` reads the user and the purpose's own bytes; its `None` makes the
    /// token invalid. Returns the result of `decode`, and the end of the token.
    pub fn read<T>(
        &self,
        token: &str,
        now: Timestamp,
        decode: impl FnOnce(UserId, &[u8]) -> Option<T>,
    ) -> Result<(T, Timestamp), BadToken> {
        let (claims, signature) = token.split_once('.').ok_or(BadToken::Invalid)?;
        if !self.0.verify(claims, signature) {
            return Err(BadToken::Invalid);
        }
        let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| BadToken::Invalid)?;
        let (user, rest) = claims.split_first_chunk().ok_or(BadToken::Invalid)?;
        let (end, more) = rest.split_first_chunk().ok_or(BadToken::Invalid)?;
        let said = decode(UserId::from_bytes(*user), more).ok_or(BadToken::Invalid)?;
        let end = i64::from_be_bytes(*end);
        if now.seconds() < end {
            Ok((said, Timestamp::from_millis(end.saturating_mul(1000))))
        } else {
            Err(BadToken::Expired)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";
    const NOW: Timestamp = Timestamp::EPOCH;

    fn key(purpose: Purpose) -> TokenKey {
        TokenKey::derive(SECRET, purpose).unwrap()
    }

    #[test]
    fn a_token_of_an_earlier_version_is_still_made_and_read() {
        let user = UserId::parse("123e4567-e89b-12d3-a456-426614174000").unwrap();
        let end = Timestamp::parse("2030-01-02T03:04:05Z").unwrap();
        for (purpose, more, token) in [
            (
                Purpose::OptOut,
                b"enews".as_slice(),
                "Ej5FZ-ibEtOkVkJmFBdAAAAAAABw3VUlZW5ld3M.B8ScoEDafGcZsqvTbWz63Tq58-RONm90ZOfGSChkjwE",
            ),
            (Purpose::Preferences, b"", "Ej5FZ-ibEtOkVkJmFBdAAAAAAABw3VUl.sVL5xnsNwn-uUVcbWl__9U6n7u4lgVREQtp_ei5_eyQ"),
        ] {
            assert_eq!(key(purpose).sign(user, end, more), token);
            let said = key(purpose).read(token, NOW, |user, more| Some((user, more.to_vec())));
            assert_eq!(said, Ok(((user, more.to_vec()), end)));
        }
    }

    #[test]
    fn a_token_ends_in_its_second() {
        let end = NOW.plus(Duration::from_millis(60_999));
        let token = key(Purpose::OptOut).sign(UserId::random(), end, b"");
        let read = |seconds| key(Purpose::OptOut).read(&token, NOW.plus(Duration::from_secs(seconds)), |_, _| Some(()));
        assert_eq!(read(59), Ok(((), NOW.plus(Duration::from_secs(60)))));
        assert_eq!(read(60), Err(BadToken::Expired));
    }

    #[test]
    fn what_is_signed_and_makes_no_sense_is_invalid_even_where_it_is_over() {
        let key = key(Purpose::OptOut);
        for bytes in 0..FIXED_BYTES {
            let claims = URL_SAFE_NO_PAD.encode(vec![0; bytes]);
            let token = format!("{claims}.{}", key.0.sign(&claims));
            assert_eq!(key.read(&token, NOW, |_, _| Some(())), Err(BadToken::Invalid), "{bytes}");
        }
        let token = key.sign(UserId::random(), NOW, b"x");
        assert_eq!(key.read(&token, NOW, |_, _| None::<()>), Err(BadToken::Invalid));
    }
}
