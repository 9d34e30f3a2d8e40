//! Stand-ins for the providers, in their documented wire formats, on loopback. They record their requests, and tests
//! can set their answers.

mod account;
mod answer;
mod apns;
mod apple_key;
mod delivery;
mod fcm;
pub mod feedback;
mod google_oauth;
mod logs;
mod secrets;
mod send_rate;
mod service_account;
mod ses;
mod slack;
mod sms;
mod state;
mod webhook;

use std::io;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::fidelity::{Behaviour, Fidelity};
use crate::net::loopback::{Listener, Reply, Request, Server};
pub use account::Account;
pub use answer::{Answer, Then};
use apple_key::AppleKey;
use google_oauth::TokenEndpoint;
use service_account::ServiceAccount;
use state::State;

/// Providers whose answers can be set.
const NAMES: [&str; 7] = ["ses", "fcm", "apns", "slack", "sms", "webhook", "logs"];

/// The errors of the stand-ins.
#[derive(Debug, thiserror::Error)]
pub enum ProvidersError {
    /// No port could be opened.
    #[error("a provider's stand-in could not listen on loopback")]
    Listen(#[from] io::Error),
    /// No key could be made for the demo's account at Google or Apple.
    #[error("no key could be made for the demo's account at Google or Apple")]
    Key,
    /// There is no provider of this name.
    #[error("there is no provider {name:?}; there are: {known}")]
    UnknownProvider {
        /// The name in the request.
        name: String,
        /// The names of all providers.
        known: String,
    },
    /// HTTP cannot carry an answer.
    #[error("answer {index} cannot be given: {problem}")]
    Answer {
        /// The index of the answer, counted from 0.
        index: usize,
        /// What is wrong with it.
        problem: String,
    },
}

/// The running stand-ins. They end when this value is dropped.
#[derive(Debug)]
pub struct Providers {
    state: Arc<State>,
    service_account: ServiceAccount,
    apple_key: Arc<AppleKey>,
    ses: Server,
    google: Server,
    apns: Server,
    slack: Server,
    sms: Server,
    webhook: Server,
    secrets: Server,
    account: Server,
}

impl Providers {
    /// Starts all of them, without the limits of an account.
    pub async fn start() -> Result<Self, ProvidersError> {
        Self::start_as(&Fidelity::none().with(Behaviour::SesAccountList)).await
    }

    /// Starts all of them, as much like the providers as `fidelity` says.
    pub async fn start_as(fidelity: &Fidelity) -> Result<Self, ProvidersError> {
        let state = Arc::new(State::new(fidelity));
        let google = Listener::bind().await?;
        let account = ServiceAccount::new(&google.endpoint()).ok_or(ProvidersError::Key)?;
        let tokens = Arc::new(TokenEndpoint::new(&account));
        let apple_key = Arc::new(AppleKey::generate().ok_or(ProvidersError::Key)?);
        let (ses, secrets) = (Listener::bind().await?, Listener::bind().await?);
        let (apns, slack) = (Listener::bind_http2().await?, Listener::bind().await?);
        let (sms, webhook) = (Listener::bind().await?, Listener::bind().await?);
        let account_api = Listener::bind().await?;
        let webhook_endpoint: Arc<str> = webhook.endpoint().into();
        Ok(Self {
            ses: ses.answer(with(&state, |state, request| async move { ses::answer(&state, request).await })),
            google: google.answer(with(&state, move |state, request| {
                let tokens = Arc::clone(&tokens);
                async move { answer_google(&state, &tokens, request).await }
            })),
            apns: apns.answer(with(&state, {
                let key = Arc::clone(&apple_key);
                move |state, request| {
                    let key = Arc::clone(&key);
                    async move { apns::answer(&state, &key, request).await }
                }
            })),
            slack: slack.answer(with(&state, |state, request| async move { slack::answer(&state, request).await })),
            sms: sms.answer(with(&state, |state, request| async move { sms::answer(&state, request).await })),
            webhook: webhook.answer(with(&state, move |state, request| {
                let endpoint = Arc::clone(&webhook_endpoint);
                async move { webhook::answer(&state, &endpoint, request).await }
            })),
            secrets: secrets.answer(with(&state, |state, request| async move { secrets::answer(&state, &request) })),
            account: account_api.answer(with(&state, |state, request| async move {
                match account::answer_lambda(&state, &request) {
                    Some(reply) => reply,
                    None => logs::answer(&state, request).await,
                }
            })),
            service_account: account,
            apple_key,
            state,
        })
    }

    /// SES v2: `http://127.0.0.1:PORT`.
    pub fn ses_endpoint(&self) -> &str {
        self.ses.endpoint()
    }

    /// FCM and the OAuth token endpoint (`/token`): `http://127.0.0.1:PORT`.
    pub fn google_endpoint(&self) -> &str {
        self.google.endpoint()
    }

    /// APNs, HTTP/2 without TLS: `http://127.0.0.1:PORT`.
    pub fn apns_endpoint(&self) -> &str {
        self.apns.endpoint()
    }

    /// Slack's Web API: `http://127.0.0.1:PORT`.
    pub fn slack_endpoint(&self) -> &str {
        self.slack.endpoint()
    }

    /// AWS End User Messaging SMS: `http://127.0.0.1:PORT`.
    pub fn sms_endpoint(&self) -> &str {
        self.sms.endpoint()
    }

    /// A receiver of webhooks, on any path: `http://127.0.0.1:PORT`.
    pub fn webhook_endpoint(&self) -> &str {
        self.webhook.endpoint()
    }

    /// Secrets Manager: `http://127.0.0.1:PORT`.
    pub fn secrets_endpoint(&self) -> &str {
        self.secrets.endpoint()
    }

    /// CloudWatch Logs, and what Lambda says of the account: `http://127.0.0.1:PORT`.
    pub fn account_endpoint(&self) -> &str {
        self.account.endpoint()
    }

    /// Sets what the account of AWS is set up for.
    pub fn set_account(&self, account: Account) {
        self.state.set_account(account);
    }

    /// The lines that were logged by `PutLogEvents`, oldest first, with their log groups.
    pub fn logged(&self) -> Vec<(String, String)> {
        self.state.logged()
    }

    /// The recorded requests, oldest first: `{provider, channel, to, request: {method, path, headers, body}, response:
    /// {status}, at}`. If the client gets no answer (`reset`, `hang`), `response.then` says so. An email that SES
    /// accepted has its `message_id`, and a message that Slack accepted has its `ts`.
    pub fn deliveries(&self) -> Vec<Value> {
        self.state.deliveries()
    }

    /// The email that SES's stand-in accepted under this id, as in `deliveries`.
    pub fn email(&self, message_id: &str) -> Option<Value> {
        self.state.delivery(|delivery| delivery["provider"] == "ses" && delivery["message_id"] == message_id)
    }

    /// Puts an address on SES's list of suppressed addresses for the account.
    pub fn suppress(&self, address: &str) {
        self.state.suppress(address);
    }

    /// The recorded requests for which `wanted` returns true, as in `deliveries`.
    pub fn deliveries_where(&self, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        self.state.wanted(wanted)
    }

    /// The answers that are set and not used up, by provider: `[{status, then, left}]`.
    pub fn answers(&self) -> Value {
        NAMES.iter().map(|name| ((*name).to_owned(), self.state.answers(name).into())).collect::<Map<_, _>>().into()
    }

    /// Deletes the recorded requests.
    pub fn clear_deliveries(&self) {
        self.state.clear_deliveries();
    }

    /// The numbers of requests since the start, by provider. Requests that are not deliveries are counted by kind.
    pub fn calls(&self) -> Value {
        self.state.calls(&NAMES)
    }

    /// Sets a provider's next answers. They replace all answers that are not used up. A request gets the first answer
    /// that is for its address.
    pub fn set_answers(&self, provider: &str, answers: Vec<Answer>) -> Result<(), ProvidersError> {
        let Some(provider) = NAMES.into_iter().find(|name| *name == provider) else {
            return Err(ProvidersError::UnknownProvider { name: provider.to_owned(), known: NAMES.join(", ") });
        };
        for (index, answer) in answers.iter().enumerate() {
            answer.check().map_err(|problem| ProvidersError::Answer { index, problem })?;
        }
        self.state.set_answers(provider, answers);
        Ok(())
    }

    /// Stores a secret under a name. The value before it becomes the previous version.
    pub fn put_secret(&self, name: &str, value: &str) {
        self.state.put_secret(name, value);
    }

    /// Deletes a secret.
    pub fn remove_secret(&self, name: &str) {
        self.state.remove_secret(name);
    }

    /// The demo's service account in the form of Google's key file: JSON with `project_id`, `private_key` and
    /// `token_uri`.
    pub fn fcm_service_account(&self) -> String {
        self.service_account.json()
    }

    /// The demo's key at Apple as a channel's secret: JSON with `team_id`, `key_id`, `private_key` and `topic`.
    pub fn apns_secret(&self) -> String {
        self.apple_key.secret()
    }

    /// The token of the demo's bot in Slack.
    pub fn slack_secret(&self) -> String {
        slack::TOKEN.to_owned()
    }

    /// The secret of the demo's channel for text messages: JSON with `origination_identity`.
    pub fn sms_secret(&self) -> String {
        json!({"origination_identity": sms::ORIGIN}).to_string()
    }

    /// The secret that signs the demo's webhooks: `whsec_…`.
    pub fn webhook_secret(&self) -> String {
        webhook::SECRET.to_owned()
    }

    /// Ends the stand-ins and their connections.
    pub async fn shutdown(self) {
        self.ses.shutdown().await;
        self.google.shutdown().await;
        self.apns.shutdown().await;
        self.slack.shutdown().await;
        self.sms.shutdown().await;
        self.webhook.shutdown().await;
        self.secrets.shutdown().await;
        self.account.shutdown().await;
    }
}

/// Makes a request handler that gets the state.
fn with<F, A>(state: &Arc<State>, handler: F) -> impl Fn(Request) -> A + Send + Sync + 'static
where
    F: Fn(Arc<State>, Request) -> A + Send + Sync + 'static,
{
    let state = Arc::clone(state);
    move |request| handler(Arc::clone(&state), request)
}

async fn answer_google(state: &State, tokens: &TokenEndpoint, request: Request) -> Reply {
    if request.uri.path() == "/token" {
        state.count("google_token");
        tokens.answer(request).await
    } else {
        fcm::answer(state, tokens, request).await
    }
}

#[cfg(test)]
mod tests;
