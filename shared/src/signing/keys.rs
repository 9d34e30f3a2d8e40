//! Keys out of the deployment secret, by its name.

use super::UnusableSecret;
use crate::secrets::{SecretError, Secrets};

/// A key cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The deployment secret cannot be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// It cannot be used.
    #[error(transparent)]
    Unusable(#[from] UnusableSecret),
}

impl KeysError {
    /// Whether the same may work in a moment; else somebody has to mend the secret first.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Secret(SecretError::Unavailable) => true,
            Self::Secret(SecretError::Refused(_)) | Self::Unusable(_) => false,
        }
    }
}

/// The key `K`, by the name of the deployment secret, which is kept for a minute.
#[derive(Debug)]
pub struct Keys<K> {
    secrets: Secrets,
    name: String,
    derive: fn(&str) -> Result<K, UnusableSecret>,
}

impl<K> Keys<K> {
    /// What `derive` makes of the secret of that name or ARN.
    pub fn new(secrets: Secrets, name: String, derive: fn(&str) -> Result<K, UnusableSecret>) -> Self {
        Self { secrets, name, derive }
    }

    /// The key as of now.
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
