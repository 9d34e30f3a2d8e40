//! Keys that are derived from the deployment secret, which is read by its name.

use super::UnusableSecret;
use crate::secrets::{SecretError, Secrets};

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

/// Gives the key `K` of a deployment secret. The secret is cached for a minute.
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

    /// The key of the current secret.
    pub async fn key(&self) -> Result<K, KeysError> {
        let secret = self.secrets.get(&self.name).await?;
        Ok((self.derive)(&secret)?)
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
