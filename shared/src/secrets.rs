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

/// Whether a secret is there for the worker, as far as it can be told without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretPresence {
    /// It has a value, under a key that the worker can use.
    Readable,
    /// It has a value, under a key of the account's own of which nothing is known.
    OtherKey,
    /// It has no value.
    Empty,
    /// It will be deleted, and cannot be read any more.
    Deleted,
    /// There is none by that name.
    Missing,
}

/// The name of the key that AWS keeps for the account's secrets. Whoever may read a secret may use it
/// (<https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html>).
const AWS_KEY: &str = "alias/aws/secretsmanager";

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
        let fetch = async || {
            let version = self.fetch(name, stage).await?;
            if stage == Stage::Current {
                // If this value is new, another one is now the previous one.
                self.known.forget(&(name.to_owned(), Stage::Previous));
            }
            Ok(version)
        };
        let value = cached.get_within(max_age, fetch).await?;
        Ok(value.as_ref().clone())
    }

    /// Whether a secret is there, without its value: `DescribeSecret` shows none, and needs no permission to read
    /// (<https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html>). `own_key` is the ARN of a key that
    /// the worker may use besides AWS's. The error is AWS's name of it.
    pub async fn presence(&self, name: &str, own_key: Option<&str>) -> Result<SecretPresence, String> {
        let told = match self.client.describe_secret().secret_id(name).send().boxed().await {
            Ok(told) => told,
            Err(error) if error.code() == Some(NOT_FOUND) => return Ok(SecretPresence::Missing),
            Err(error) => return Err(error.code().unwrap_or("no answer").to_owned()),
        };
        let current = Stage::Current.label();
        let has_value = told
            .version_ids_to_stages
            .as_ref()
            .is_some_and(|versions| versions.values().flatten().any(|stage| stage == current));
        let is_known = |key: &str| key.ends_with(AWS_KEY) || Some(key) == own_key;
        Ok(match told.kms_key_id.as_deref() {
            _ if told.deleted_date.is_some() => SecretPresence::Deleted,
            _ if !has_value => SecretPresence::Empty,
            None => SecretPresence::Readable,
            Some(key) if is_known(key) => SecretPresence::Readable,
            Some(_) => SecretPresence::OtherKey,
        })
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
    async fn a_secret_is_looked_up_without_its_value() {
        let of = |more: &str| format!(r#"{{"Name":"n"{more}}}"#);
        let value = r#","VersionIdsToStages":{"v":["AWSCURRENT"]}"#;
        for (body, presence) in [
            (of(value), SecretPresence::Readable),
            (of(&format!(r#"{value},"KmsKeyId":"alias/aws/secretsmanager""#)), SecretPresence::Readable),
            (of(&format!(r#"{value},"KmsKeyId":"arn:own""#)), SecretPresence::Readable),
            (of(&format!(r#"{value},"KmsKeyId":"arn:other""#)), SecretPresence::OtherKey),
            (of(r#","VersionIdsToStages":{"v":["AWSPREVIOUS"]}"#), SecretPresence::Empty),
            (of(""), SecretPresence::Empty),
            (of(&format!(r#"{value},"DeletedDate":1709287200"#)), SecretPresence::Deleted),
        ] {
            let body: &'static str = body.leak();
            let server = Server::start(&[Act::Answer(200, body)]).await;
            let secrets = Secrets::new(&server.aws(), Clock::system());
            assert_eq!(secrets.presence("n", Some("arn:own")).await, Ok(presence), "{body}");
            assert!(server.heads()[0].to_lowercase().contains("secretsmanager.describesecret"));
        }
        let none = Act::Answer(400, r#"{"__type":"ResourceNotFoundException"}"#);
        let denied = Act::Answer(400, r#"{"__type":"AccessDeniedException"}"#);
        let server = Server::start(&[none, denied]).await;
        let secrets = Secrets::new(&server.aws(), Clock::system());
        assert_eq!(secrets.presence("n", None).await, Ok(SecretPresence::Missing));
        assert_eq!(secrets.presence("n", None).await, Err("AccessDeniedException".to_owned()));
    }

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

    #[tokio::test]
    async fn the_previous_version_is_the_one_before_the_current_one_that_is_known() {
        let [a, b, c] = [r#"{"SecretString":"a"}"#, r#"{"SecretString":"b"}"#, r#"{"SecretString":"c"}"#]
            .map(|text| Act::Answer(200, text));
        let server = Server::start(&[b, a, c, b]).await;
        let manual = ManualClock::new(Timestamp::from_millis(1_709_287_200_000));
        let secrets = Secrets::new(&server.aws(), manual.clock());
        let a_while = Duration::from_secs(5);
        let previous = async || secrets.previous(a_while, "name").await.unwrap().unwrap().to_string();
        assert_eq!(secrets.get("name").await.unwrap().as_str(), "b");
        manual.freeze(Duration::from_secs(3));
        assert_eq!(previous().await, "a");
        // A new value is put. The current value is read again, because it is too old. What was previous is not.
        manual.freeze(Duration::from_secs(3));
        assert_eq!(secrets.get_within(a_while, "name").await.unwrap().as_str(), "c");
        assert_eq!(previous().await, "b");
        assert_eq!(server.requests(), 4);
    }
}
