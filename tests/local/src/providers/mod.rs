//! Stand-ins for the providers, in their documented wire formats, on loopback. They keep what they got and can be
//! told to answer otherwise.

mod answer;
mod delivery;
mod fcm;
pub mod feedback;
mod google_oauth;
mod secrets;
mod service_account;
mod ses;
mod state;

use std::io;
use std::sync::Arc;

use serde_json::Value;

use crate::loopback::{Listener, Reply, Request, Server};
pub use answer::{Answer, Then};
use google_oauth::TokenEndpoint;
use service_account::ServiceAccount;
use state::State;

/// Providers whose answers can be set; those without a stand-in yet keep theirs until it comes.
const NAMES: [&str; 4] = ["ses", "fcm", "apns", "slack"];

/// Why the stand-ins cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ProvidersError {
    /// No port.
    #[error("a provider's stand-in could not listen on loopback")]
    Listen(#[from] io::Error),
    /// No key for the demo's Google service account.
    #[error("no RSA key could be made for the demo's Google service account")]
    Key,
    /// No such provider.
    #[error("there is no provider {name:?}; there are: {known}")]
    UnknownProvider {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// An answer that HTTP cannot carry.
    #[error("answer {index} cannot be given: {problem}")]
    Answer {
        /// Which one, from 0.
        index: usize,
        /// What is wrong with it.
        problem: String,
    },
}

/// The running stand-ins; they end when this is dropped.
#[derive(Debug)]
pub struct Providers {
    state: Arc<State>,
    account: ServiceAccount,
    ses: Server,
    google: Server,
    secrets: Server,
}

impl Providers {
    /// Starts all of them.
    pub async fn start() -> Result<Self, ProvidersError> {
        let state = Arc::new(State::default());
        let google = Listener::bind().await?;
        let endpoint = google.endpoint();
        let account = tokio::task::spawn_blocking(move || ServiceAccount::generate(&endpoint))
            .await
            .ok()
            .flatten()
            .ok_or(ProvidersError::Key)?;
        let tokens = Arc::new(TokenEndpoint::new(&account));
        let (ses, secrets) = (Listener::bind().await?, Listener::bind().await?);
        Ok(Self {
            ses: ses.answer(with(&state, |state, request| async move { ses::answer(&state, request).await })),
            google: google.answer(with(&state, move |state, request| {
                let tokens = Arc::clone(&tokens);
                async move { answer_google(&state, &tokens, request).await }
            })),
            secrets: secrets.answer(with(&state, |state, request| async move { secrets::answer(&state, &request) })),
            account,
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

    /// Secrets Manager: `http://127.0.0.1:PORT`.
    pub fn secrets_endpoint(&self) -> &str {
        self.secrets.endpoint()
    }

    /// What was sent, oldest first: `{provider, channel, to, request: {method, path, headers, body},
    /// response: {status}, at}`. A request whose answer is never heard (`reset`, `hang`) says so in
    /// `response.then`. An email that SES took has the `message_id` it was given.
    pub fn deliveries(&self) -> Vec<Value> {
        self.state.deliveries()
    }

    /// The email that SES's stand-in took under this id, as `deliveries` shows it.
    pub fn email(&self, message_id: &str) -> Option<Value> {
        self.state.delivery(|delivery| delivery["provider"] == "ses" && delivery["message_id"] == message_id)
    }

    /// Forgets what was sent.
    pub fn clear_deliveries(&self) {
        self.state.clear_deliveries();
    }

    /// Requests since the start, by provider and by kind of those that are no delivery.
    pub fn calls(&self) -> Value {
        self.state.calls(&NAMES)
    }

    /// Sets a provider's next answers in place of those not used up yet. A request takes the first that is for its
    /// address.
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

    /// Stores a secret under a name, in place of what was there.
    pub fn put_secret(&self, name: &str, value: &str) {
        self.state.put_secret(name, value);
    }

    /// The demo's service account as Google hands it out: JSON with `project_id`, `private_key` and `token_uri`.
    pub fn fcm_service_account(&self) -> String {
        self.account.json()
    }

    /// Ends the stand-ins and their connections.
    pub async fn shutdown(self) {
        self.ses.shutdown().await;
        self.google.shutdown().await;
        self.secrets.shutdown().await;
    }
}

/// A request handler that has the state.
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
