//! The worker: queue message -> load -> decide -> claim -> deliver -> record. It also takes in dead letters, and the
//! mail provider's feedback.

#![cfg_attr(
    not(test),
    warn(
        clippy::indexing_slicing,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::string_slice,
        clippy::todo,
        clippy::unimplemented,
        clippy::unreachable
    )
)]

mod app;
mod attempt;
mod batch;
mod dead_letters;
mod deadline;
mod deliver;
mod entry_state;
mod erasures;
mod expand;
mod feedback;
mod group;
mod inbox;
mod inboxes;
mod leases;
mod providers;
mod rates;
mod release;
mod resume;
mod retries;
mod sending;
mod share;
mod source;
mod tally;
mod tick;
mod topics;
mod unsubscribe;
mod verdict;
mod work;

use std::time::SystemTime;

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::domain::Timestamp;

pub use app::App;
pub use providers::Providers;
pub use retries::Retries;
pub use share::Share;
pub use source::Sources;

/// The event that the function is invoked with.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Event {
    /// Messages of one of its queues.
    Messages(SqsEvent),
    /// The schedule's event: held deliveries whose time comes are to be released.
    Release {
        /// What to release; `held`.
        release: Held,
        /// Which share of it; without one, all.
        #[serde(default)]
        share: Share,
    },
}

/// What can be released.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// Deliveries that are held.
    Held,
}

/// Works on an event until `deadline`. For messages, the answer lists those that SQS must give out again.
pub async fn handle(app: &App, event: Event, deadline: SystemTime) -> Value {
    let deadline = Timestamp::from(deadline);
    let answer = match event {
        Event::Messages(event) => json!(messages(app, event, deadline).await),
        Event::Release { release: Held::Held, share } => json!({"released": tick::handle(app, share, deadline).await}),
    };
    app.metrics.flush();
    answer
}

async fn messages(app: &App, event: SqsEvent, deadline: Timestamp) -> SqsBatchResponse {
    let events = app.sources.sort(event);
    let mut failures = batch::handle(app, events.deliveries, deadline).await;
    failures.extend(dead_letters::handle(app, events.dead_letters, deadline).await);
    failures.extend(feedback::handle(app, events.feedback, deadline).await);
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failures.into_iter().map(failure).collect();
    response
}

fn failure(message_id: String) -> BatchItemFailure {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = message_id;
    failure
}
