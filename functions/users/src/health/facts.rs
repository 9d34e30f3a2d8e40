//! What health finds out, and whom it asks. Everything is asked at the same time, except SES, which takes one call a second.

use std::{collections::BTreeMap, time::Duration};

use futures::{StreamExt, stream};
use serde_json::Value;
use shared::{
    aws::{Aws, LAMBDA, Signed},
    clock::Clock,
    config::{self, ConfigError},
    delivery::{Account, EmailAccount, SecretPresence, Secrets, SenderIdentity, SmsAccount, Unasked},
    domain::{ConfiguredChannel, EmailAddress, Provider},
    http::auth::{Bearer, IssuerKeys},
    net::{Client, Request},
    public_url::PublicUrl,
    store::{Store, StoreError},
};

/// The most secrets that are looked up, and how many at once.
const MAX_SECRETS: usize = 50;
const SECRETS_AT_ONCE: usize = 8;
/// The longest that each part may take. SES has two parts, one after the other, so that the answer comes before the invocation
/// ends, with the 10 seconds that it has by default.
const TIME_LIMIT: Duration = Duration::from_secs(4);

/// Whom health asks.
#[derive(Debug)]
pub struct Sources {
    account: Account,
    secrets: Secrets,
    lambda: Signed,
    client: Client,
    settings: HealthSettings,
    clock: Clock,
}

/// What health has to know of the deployment.
#[derive(Debug)]
pub struct HealthSettings {
    /// The address that email is sent from.
    pub sender: EmailAddress,
    /// The URL at which people reach the API, if it is not the API's own.
    pub public_url: Option<PublicUrl>,
    /// The key that the worker may use besides AWS's.
    pub key_arn: Option<String>,
    /// The most invocations of the workers at once, a number for each of their queues.
    pub workers: Vec<u64>,
    /// The end of the names of AWS's hosts.
    pub url_suffix: String,
}

impl HealthSettings {
    /// From the environment: `SENDER_ADDRESS`, `PUBLIC_URL`, `KEY_ARN`, `WORKER_CONCURRENCY`, `URL_SUFFIX`.
    pub fn from_env() -> Result<Self, ConfigError> {
        const SENDER: &str = "SENDER_ADDRESS";
        let sender = EmailAddress::parse(&config::text(SENDER)?);
        let public_url = config::optional("PUBLIC_URL").map(|url| PublicUrl::parse(&url)).transpose();
        let workers =
            config::list("WORKER_CONCURRENCY").iter().map(|number| number.parse()).collect::<Result<Vec<u64>, _>>();
        Ok(Self {
            sender: sender.ok_or_else(|| ConfigError::new(SENDER, "must be an email address"))?,
            public_url: public_url.map_err(|error| ConfigError::new("PUBLIC_URL", error))?,
            key_arn: config::optional("KEY_ARN"),
            workers: workers.map_err(|_| ConfigError::new("WORKER_CONCURRENCY", "must be whole numbers"))?,
            url_suffix: config::text("URL_SUFFIX")?,
        })
    }
}

/// What was found out.
#[derive(Debug)]
pub(super) struct Facts {
    pub sender: EmailAddress,
    pub email: Result<EmailAccount, Unasked>,
    pub identity: Result<Option<SenderIdentity>, Unasked>,
    /// `None` if no channel sends text messages, so that nobody was asked.
    pub sms: Option<Result<SmsAccount, Unasked>>,
    pub channels: Vec<ConfiguredChannel>,
    /// By name. A name that is not here was not looked up, because there are too many.
    pub secrets: BTreeMap<String, Result<SecretPresence, Unasked>>,
    pub keys: IssuerKeys,
    pub public_url: PublicAnswer,
    pub workers: u64,
    /// The invocations at once that the account has for all functions without a reservation.
    pub concurrency: Result<u64, Unasked>,
}

/// What the deployment's public URL answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PublicAnswer {
    /// It is not set.
    NotSet,
    /// As this API does.
    Ours,
    /// With another status, or without our request id.
    Other(u16),
    /// Not at all.
    Nothing,
}

impl Sources {
    /// Makes the clients.
    pub fn new(aws: &Aws, secrets: Secrets, settings: HealthSettings, clock: Clock) -> Self {
        Self {
            account: Account::new(aws, clock.clone()),
            secrets,
            lambda: aws.signed(LAMBDA, &settings.url_suffix, clock.clone()),
            client: Client::anywhere(clock.clone()),
            settings,
            clock,
        }
    }

    /// Finds out everything.
    pub(super) async fn ask(&self, store: &Store, bearer: &Bearer) -> Result<Facts, StoreError> {
        let channels = store.channels().await?;
        let sends_sms = channels.iter().any(|channel| channel.provider == Provider::Sms);
        let sms = async { if sends_sms { Some(self.within(self.account.sms()).await) } else { None } };
        // One after the other: SES counts its calls.
        let email = async {
            let account = self.within(self.account.email()).await;
            (account, self.within(self.account.sender(&self.settings.sender)).await)
        };
        let (secrets, concurrency) = (self.secrets(&channels), self.concurrency());
        let (public_url, keys) = (self.public_url(), bearer.issuer_keys());
        let ((email, identity), sms, secrets, concurrency, public_url, keys) =
            futures::join!(email, sms, secrets, concurrency, public_url, keys);
        let (sender, workers) = (self.settings.sender.clone(), self.settings.workers.iter().sum::<u64>());
        Ok(Facts { sender, email, identity, sms, channels, secrets, keys, public_url, workers, concurrency })
    }

    async fn within<T>(&self, asked: impl Future<Output = Result<T, Unasked>>) -> Result<T, Unasked> {
        let late = || Err(Unasked("no answer in time".to_owned()));
        self.clock.timeout(TIME_LIMIT, asked).await.unwrap_or_else(|_| late())
    }

    async fn secrets(&self, channels: &[ConfiguredChannel]) -> BTreeMap<String, Result<SecretPresence, Unasked>> {
        let mut names: Vec<_> = channels.iter().filter_map(|channel| channel.secret.clone()).collect();
        names.sort();
        names.dedup();
        names.truncate(MAX_SECRETS);
        let looked_up = names.into_iter().map(async |name| {
            let presence = self.presence(&name).await;
            (name, presence)
        });
        stream::iter(looked_up).buffer_unordered(SECRETS_AT_ONCE).collect().await
    }

    async fn presence(&self, name: &str) -> Result<SecretPresence, Unasked> {
        let asked = async { self.secrets.presence(name, self.settings.key_arn.as_deref()).await.map_err(Unasked) };
        self.within(asked).await
    }

    /// <https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html>
    async fn concurrency(&self) -> Result<u64, Unasked> {
        let told = self.lambda.get("/2016-08-19/account-settings/").await;
        let told = told.map_err(|error| Unasked(error.to_string()))?;
        let limit = told.pointer("/AccountLimit/UnreservedConcurrentExecutions").and_then(Value::as_u64);
        limit.ok_or_else(|| Unasked("an answer without a limit".to_owned()))
    }

    /// Whether the public URL leads here: this API answers 401 to a request for health without a token, with a request id.
    async fn public_url(&self) -> PublicAnswer {
        let Some(url) = &self.settings.public_url else { return PublicAnswer::NotSet };
        let url = url.at("/api/v1/health");
        match self.clock.timeout(TIME_LIMIT, self.client.send(Request::get(&url))).await {
            Ok(Ok(answer)) if answer.status() == 401 && answer.header("x-request-id").is_some() => PublicAnswer::Ours,
            Ok(Ok(answer)) => PublicAnswer::Other(answer.status()),
            Ok(Err(_)) | Err(_) => PublicAnswer::Nothing,
        }
    }
}
