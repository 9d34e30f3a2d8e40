//! What becomes of a message.

use std::time::Duration;

use aws_lambda_events::event::sqs::SqsMessage;
use shared::{
    queue::Queue,
    store::{Refusal, StoreError},
    telemetry,
};

use crate::{App, leases::LEASE_MARGIN};

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It has been dealt with.
    Done,
    /// It must come back after this time.
    Again(Duration),
    /// It must come back; the queue's own time-out will do.
    Back,
    /// It goes to the dead-letter queue.
    GivenUp,
}

/// What to do where the delivery is not ours to work on.
pub fn not_ours(refusal: Refusal) -> Verdict {
    match refusal {
        Refusal::Done => Verdict::Done,
        // Also by a copy of its message: whichever comes there first writes the letter, and there is one.
        Refusal::GivenUp => Verdict::GivenUp,
        // Should the other worker die, this message is what the delivery is taken up again from.
        Refusal::Later { left } => Verdict::Again(left + LEASE_MARGIN),
    }
}

/// When a message comes back that the table stood in the way of.
pub fn after(app: &App, error: &StoreError, receive: u32) -> Verdict {
    match error {
        StoreError::Unavailable(_) => Verdict::Again(app.retries.pause(receive, None, app.random.fraction())),
        StoreError::Failed(_) | StoreError::TooLarge | StoreError::Malformed(_) => Verdict::Back,
    }
}

/// Its id, where a message of `queue` must come back, and when it asks for that.
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
