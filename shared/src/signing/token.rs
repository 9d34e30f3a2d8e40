//! Signed tokens of one user that expire, for links: `claims.signature`, both in base64url. The claims are the user (16
//! bytes), the end in epoch seconds (8 bytes, the highest first), and what else the purpose needs. Links in sent mail
//! carry them: never change the form.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{Purpose, SigningKey, UnusableSecret};
use crate::domain::{Timestamp, UserId};

/// User and end.
const FIXED_BYTES: usize = 16 + 8;

/// Why a token says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadToken {
    /// It is not ours, or not whole.
    Invalid,
    /// It was ours.
    Expired,
}

/// The key of one purpose's tokens.
#[derive(Clone, Debug)]
pub struct TokenKey(SigningKey);

impl TokenKey {
    /// Out of the deployment secret.
    pub fn derive(secret: &str, purpose: Purpose) -> Result<Self, UnusableSecret> {
        SigningKey::derive(secret, purpose).map(Self)
    }

    /// A token that says this, good until the second in which `end` lies. Safe in a URL's query.
    pub fn sign(&self, user: UserId, end: Timestamp, more: &[u8]) -> String {
        let mut claims = Vec::with_capacity(FIXED_BYTES + more.len());
        claims.extend(user.to_bytes());
        claims.extend(end.seconds().to_be_bytes());
        claims.extend(more);
        let claims = URL_SAFE_NO_PAD.encode(claims);
        format!("{claims}.{}", self.0.sign(&claims))
    }

    /// What `decode` makes of a token at this time, and when the token ends.
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
