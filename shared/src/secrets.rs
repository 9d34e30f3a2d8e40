//! Secrets Manager: providers' credentials by the name on the channel, the deployment secret by the template's. Their text is
//! never in an environment variable or a log.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use aws_sdk_secretsmanager::{
    error::ProvideErrorMetadata,
    operation::get_secret_value::{GetSecretValue, GetSecretValueInput},
};

use crate::{
    aws::{self, Api, Aws, Patience, Service},
    cache::{A_MINUTE, Cached},
    config::ConfigError,
};

const SECRETS_MANAGER: Api = Api { id: "SECRETS_MANAGER", host: "secretsmanager", signing: "secretsmanager" };

aws::operations! { aws_sdk_secretsmanager:
    get_secret_value::GetSecretValue(GetSecretValueInput, GetSecretValueOutput, GetSecretValueError),
}

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
    service: Service,
    known: Arc<Mutex<HashMap<String, Arc<Cached<String>>>>>,
}

impl Secrets {
    /// Through a client of its own.
    pub fn new(aws: &Aws) -> Result<Self, ConfigError> {
        Ok(Self { service: aws.service(SECRETS_MANAGER, Patience::STANDARD)?, known: Arc::default() })
    }

    /// The secret's text.
    pub async fn get(&self, name: &str) -> Result<Arc<String>, SecretError> {
        let cached = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.entry(name.to_owned()).or_insert_with(|| Arc::new(Cached::new(A_MINUTE))).clone()
        };
        cached.get(|| self.fetch(name)).await
    }

    async fn fetch(&self, name: &str) -> Result<String, SecretError> {
        let refused = || SecretError::Refused(name.to_owned());
        let Ok(input) = GetSecretValueInput::builder().secret_id(name).build() else { return Err(refused()) };
        match self.service.call::<GetSecretValue>(input).await {
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
