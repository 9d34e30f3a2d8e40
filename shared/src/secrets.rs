//! Secrets Manager: providers' credentials by the name on the channel, the deployment secret by the template's. Their text is
//! never in an environment variable or a log.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use aws_sdk_secretsmanager::{Client, error::ProvideErrorMetadata};
use futures::FutureExt;

use crate::{
    aws::Aws,
    cache::{A_MINUTE, Cached},
    clock::Clock,
};

/// A secret could not be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SecretError {
    /// There is none by that name, or we may not read it.
    #[error("the secret {0} cannot be had")]
    Refused(String),
    /// Secrets Manager does not answer; it may in a moment.
    #[error("Secrets Manager is out of reach")]
    Unavailable,
}

/// Secrets by name, each kept for a minute. A clone knows what the other knows.
#[derive(Clone, Debug)]
pub struct Secrets {
    client: Client,
    clock: Clock,
    known: Arc<Mutex<HashMap<String, Arc<Cached<String>>>>>,
}

impl Secrets {
    /// Through a client of its own.
    pub fn new(aws: &Aws, clock: Clock) -> Self {
        Self { client: Client::new(&aws.retrying()), clock, known: Arc::default() }
    }

    /// The secret's text.
    pub async fn get(&self, name: &str) -> Result<Arc<String>, SecretError> {
        let cached = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let new = || Arc::new(Cached::new(A_MINUTE, self.clock.clone()));
            known.entry(name.to_owned()).or_insert_with(new).clone()
        };
        cached.get(|| self.fetch(name)).await
    }

    async fn fetch(&self, name: &str) -> Result<String, SecretError> {
        let refused = || SecretError::Refused(name.to_owned());
        match self.client.get_secret_value().secret_id(name).send().boxed().await {
            Ok(secret) => secret.secret_string.ok_or_else(refused),
            Err(error) => {
                // What only somebody can mend; anything else may pass by itself.
                const FINAL: [&str; 5] = [
                    "AccessDeniedException",
                    "DecryptionFailure",
                    "InvalidParameterException",
                    "InvalidRequestException",
                    "ResourceNotFoundException",
                ];
                let last = error.code().is_some_and(|code| FINAL.contains(&code));
                Err(if last { refused() } else { SecretError::Unavailable })
            }
        }
    }
}
