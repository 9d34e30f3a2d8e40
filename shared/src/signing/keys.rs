//! Keys that are derived from the deployment secret, which is read by its name.

use std::time::Duration;

use super::{BadToken, UnusableSecret};
use crate::{
    cache::A_MINUTE,
    secrets::{SecretError, Secrets},
};

/// A signature that neither known value made may be by a newer value, which another process knows already. Then both are read
/// again, unless they were read within this time: nobody can make us read them with every request.
const REREAD: Duration = Duration::from_secs(5);

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The deployment secret cannot be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The deployment secret is too short.
    #[error(transparent)]
    Unusable(#[from] UnusableSecret),
}

impl KeysError {
    /// Whether a retry may succeed. If not, an operator must repair the secret first.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Secret(SecretError::Unavailable) => true,
            Self::Secret(SecretError::Refused(_)) | Self::Unusable(_) => false,
        }
    }
}

/// Gives the keys `K` of a deployment secret. The current value signs. It and the value before it verify, so that an operator
/// can put a new value and what was signed before stays valid. The values are cached for a minute.
#[derive(Debug)]
pub struct Keys<K> {
    secrets: Secrets,
    name: String,
    derive: fn(&str) -> Result<K, UnusableSecret>,
}

impl<K> Keys<K> {
    /// `name` is the name or ARN of the deployment secret. `derive` makes the key.
    pub fn new(secrets: Secrets, name: String, derive: fn(&str) -> Result<K, UnusableSecret>) -> Self {
        Self { secrets, name, derive }
    }

    /// The key to sign with.
    pub async fn key(&self) -> Result<K, KeysError> {
        let secret = self.secrets.get(&self.name).await?;
        Ok((self.derive)(&secret)?)
    }

    /// What `verify` finds with the first key that it accepts; `None` if it accepts none.
    pub async fn find<T>(&self, verify: impl Fn(&K) -> Option<T>) -> Result<Option<T>, KeysError> {
        for max_age in [A_MINUTE, REREAD] {
            let current = self.secrets.get_within(max_age, &self.name).await?;
            if let Some(found) = verify(&(self.derive)(&current)?) {
                return Ok(Some(found));
            }
            // A value that is too short has never signed anything.
            let previous = self.secrets.previous(max_age, &self.name).await?;
            let key = previous.and_then(|previous| (self.derive)(&previous).ok());
            if let Some(found) = key.and_then(|key| verify(&key)) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// What a token says, by the first key that signed it.
    pub async fn read<T>(&self, read: impl Fn(&K) -> Result<T, BadToken>) -> Result<Result<T, BadToken>, KeysError> {
        let signed = |read: Result<T, BadToken>| (read.as_ref().err() != Some(&BadToken::Invalid)).then_some(read);
        Ok(self.find(|key| signed(read(key))).await?.unwrap_or(Err(BadToken::Invalid)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_secret_out_of_reach_may_be_had_in_a_moment() {
        assert!(KeysError::from(SecretError::Unavailable).may_pass());
        assert!(!KeysError::from(UnusableSecret).may_pass());
    }
}
