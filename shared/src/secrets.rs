//! Secrets Manager: a channel names the secret with its provider's credentials, the template names the deployment
//! secret. A secret's text is never in an environment variable or a log.

use std::{sync::Arc, time::Duration};

use aws_sdk_secretsmanager::{Client, error::ProvideErrorMetadata};
use futures::FutureExt;

use crate::{
    aws::Aws,
    cache::{A_MINUTE, CachedMap},
    clock::Clock,
};

/// The error code for a secret, or a version of it, that does not exist.
const NOT_FOUND: &str = "ResourceNotFoundException";

/// A secret could not be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SecretError {
    /// There is none by that name, or we may not read it.
    #[error("the secret {0} cannot be had")]
    Refused(String),
    /// Secrets Manager does not answer now. A later try may pass.
    #[error("Secrets Manager is out of reach")]
    Unavailable,
}

/// The text of a version. `None` if the secret has no such version.
type Version = Option<Arc<String>>;

/// A version of a secret, by its staging label. When a new value is put, the value before it becomes the previous one
/// (<https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    /// `AWSCURRENT`.
    Current,
    /// `AWSPREVIOUS`.
    Previous,
}

impl Stage {
    fn label(self) -> &'static str {
        match self {
            Self::Current => "AWSCURRENT",
            Self::Previous => "AWSPREVIOUS",
        }
    }
}

/// Secrets by name, each kept for a minute. Clones share what they have read.
#[derive(Clone, Debug)]
pub struct Secrets {
    client: Client,
    known: Arc<CachedMap<(String, Stage), Version>>,
}

impl Secrets {
    /// Through a client of its own.
    pub fn new(aws: &Aws, clock: Clock) -> Self {
        Self { client: Client::new(&aws.retrying()), known: Arc::new(CachedMap::new(A_MINUTE, clock)) }
    }

    /// The secret's text, at most a minute old.
    pub async fn get(&self, name: &str) -> Result<Arc<String>, SecretError> {
        self.get_within(A_MINUTE, name).await
    }

    /// The secret's text, at most `max_age` old.
    pub async fn get_within(&self, max_age: Duration, name: &str) -> Result<Arc<String>, SecretError> {
        let secret = self.version(name, Stage::Current, max_age).await?;
        secret.ok_or_else(|| SecretError::Refused(name.to_owned()))
    }

    /// The text that the secret had before its last change, at most `max_age` old; `None` if it was never changed.
    pub async fn previous(&self, max_age: Duration, name: &str) -> Result<Option<Arc<String>>, SecretError> {
        self.version(name, Stage::Previous, max_age).await
    }

    async fn version(&self, name: &str, stage: Stage, max_age: Duration) -> Result<Option<Arc<String>>, SecretError> {
        let cached = self.known.of(&(name.to_owned(), stage));
        let value = cached.get_within(max_age, || self.fetch(name, stage)).await?;
        Ok(value.as_ref().clone())
    }

    async fn fetch(&self, name: &str, stage: Stage) -> Result<Option<Arc<String>>, SecretError> {
        let refused = || SecretError::Refused(name.to_owned());
        let request = self.client.get_secret_value().secret_id(name).version_stage(stage.label());
        match request.send().boxed().await {
            Ok(secret) => secret.secret_string.map(|text| Some(Arc::new(text))).ok_or_else(refused),
            // A secret that was never changed has no previous version. The answer is the one for a secret that does not exist.
            Err(error) if stage == Stage::Previous && error.code() == Some(NOT_FOUND) => Ok(None),
            Err(error) => {
                // Only an operator can mend these. Any other error may pass without help.
                const FINAL: [&str; 5] = [
                    "AccessDeniedException",
                    "DecryptionFailure",
                    "InvalidParameterException",
                    "InvalidRequestException",
                    NOT_FOUND,
                ];
                let last = error.code().is_some_and(|code| FINAL.contains(&code));
                Err(if last { refused() } else { SecretError::Unavailable })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        aws::tests::{Act, Server},
        clock::ManualClock,
        domain::Timestamp,
    };

    #[tokio::test]
    async fn each_version_of_a_secret_is_known_for_a_minute_also_if_the_process_is_frozen() {
        let none = r#"{"__type":"ResourceNotFoundException"}"#;
        let texts = [r#"{"SecretString":"a"}"#, r#"{"SecretString":"b"}"#, r#"{"SecretString":"c"}"#];
        let [a, b, c] = texts.map(|text| Act::Answer(200, text));
        let server = Server::start(&[a, Act::Answer(400, none), b, a, c]).await;
        let manual = ManualClock::new(Timestamp::from_millis(1_709_287_200_000));
        let secrets = Secrets::new(&server.aws(), manual.clock());
        let both = async || {
            let previous = secrets.previous(A_MINUTE, "name").await.unwrap();
            (secrets.get("name").await.unwrap().to_string(), previous.map(|text| text.to_string()))
        };
        let text = |text: &str| text.to_owned();
        assert_eq!(secrets.get("name").await.unwrap().as_str(), "a");
        assert_eq!(both().await, (text("a"), None), "that there is no earlier version is kept");
        manual.freeze(A_MINUTE - Duration::from_millis(1));
        assert_eq!(both().await, (text("a"), None));
        assert_eq!(server.requests(), 2);
        manual.freeze(Duration::from_millis(1));
        assert_eq!(secrets.get("name").await.unwrap().as_str(), "b");
        assert_eq!(both().await, (text("b"), Some(text("a"))));
        assert_eq!(server.requests(), 4);
        manual.set(Timestamp::EPOCH);
        assert_eq!(secrets.get("name").await.unwrap().as_str(), "c");
    }
}
