//! What the worker does with a message.

use std::time::Duration;

use aws_lambda_events::event::sqs::SqsMessage;
use shared::{
    queue::Queue,
    store::{Refusal, StoreError},
    telemetry,
};

use crate::{App, leases::LEASE_MARGIN};

/// What the worker does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The message is done with.
    Done,
    /// The message must come back after this time.
    Again(Duration),
    /// The message must come back after the queue's own time-out.
    Back,
    /// The message goes to the dead-letter queue.
    GivenUp,
}

/// The verdict on a message whose delivery is not ours to work on.
pub fn not_ours(refusal: Refusal) -> Verdict {
    match refusal {
        Refusal::Done => Verdict::Done,
        // A copy of the message gets this verdict, too: the first one writes the letter, and there is only one letter.
        Refusal::GivenUp => Verdict::GivenUp,
        // If the other worker dies, this message makes a worker take the delivery up again.
        Refusal::Later { left } => Verdict::Again(left + LEASE_MARGIN),
    }
}

/// When a message comes back after the table failed.
pub fn after(app: &App, error: &StoreError, receive: u32) -> Verdict {
    match error {
        StoreError::Unavailable(_) => Verdict::Again(app.retries.pause(receive, None, app.random.fraction())),
        StoreError::Failed(_) | StoreError::TooLarge | StoreError::Malformed(_) => Verdict::Back,
    }
}

/// The message's id if it must come back. Tells `queue` when, if the verdict says it.
pub async fn come_back(queue: &Queue, record: &SqsMessage, verdict: Verdict) -> Option<String> {
    match verdict {
        Verdict::Done => return None,
        Verdict::Back | Verdict::GivenUp => {}
        Verdict::Again(pause) => {
            let receipt_handle = record.receipt_handle.as_deref().unwrap_or_default();
            if let Err(error) = queue.retry_after(receipt_handle, pause).await {
                tracing::warn!(error = telemetry::chain(&error), "the retry waits for the visibility time-out");
            }
        }
    }
    record.message_id.clone()
}
