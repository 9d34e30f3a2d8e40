//! What the worker does with a message.

use std::time::Duration;

use aws_lambda_events::event::sqs::SqsMessage;
use shared::{
    domain::{Timestamp, rate::Instant},
    queue::{Outbound, Queue, Turn},
    store::{Refusal, StoreError},
    telemetry,
};

use crate::{App, leases::LEASE_MARGIN};

/// What the table has refused for this long is no bad deploy and no missing permission: it is this one item.
const LONGEST_DEPLOY: Duration = Duration::from_secs(24 * 60 * 60);

/// What the worker does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The message is done with.
    Done,
    /// The message must come back after this time.
    Again {
        /// The time.
        pause: Duration,
        /// When its work is due.
        due: Timestamp,
    },
    /// The message must come back at once, and keep the count of its receives.
    AtOnce,
    /// The message must come back after the queue's own time-out.
    Back,
    /// The message goes to the dead-letter queue.
    GivenUp,
}

impl Verdict {
    /// The message must come back after this time, and its work is due then.
    pub fn after(pause: Duration, now: Timestamp) -> Self {
        Self::Again { pause, due: now.plus(pause) }
    }

    /// The message must come back because the table or the queue failed. Its work stays due when it was.
    pub fn of_outage(app: &App, due: Timestamp) -> Self {
        let late = app.clock.now().saturating_duration_since(due);
        Self::Again { pause: app.retries.pause_of_outage(late, app.random.fraction()), due }
    }
}

/// The verdict on a message whose delivery is not ours to work on.
pub fn not_ours(refusal: Refusal, now: Timestamp) -> Verdict {
    match refusal {
        Refusal::Done | Refusal::Listed | Refusal::Unsent { .. } => Verdict::Done,
        // A copy of the message gets this verdict, too: the first one writes the letter, and there is only one letter.
        Refusal::GivenUp => Verdict::GivenUp,
        // If the other worker dies, this message makes a worker take the delivery up again.
        Refusal::Later { left } => Verdict::after(left + LEASE_MARGIN, now),
    }
}

/// When a message comes back after the table failed. Work that was due at `due` stays due. What can never be read or written
/// is left to the queue, which gives it out only so often.
pub fn after(app: &App, error: &StoreError, due: Timestamp) -> Verdict {
    let late = app.clock.now().saturating_duration_since(due);
    match error {
        StoreError::Unavailable(_) => Verdict::of_outage(app, due),
        // The table refuses calls also after a bad deploy, or while a permission is missing. That passes, too.
        StoreError::Failed(_) if late < LONGEST_DEPLOY => Verdict::of_outage(app, due),
        StoreError::Failed(_) | StoreError::TooLarge | StoreError::Malformed(_) => Verdict::Back,
    }
}

/// What a message keeps that is sent anew.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kept {
    /// Its place in the line for its provider's rate.
    pub place: Option<Instant>,
    /// Whether its delivery may have been begun without a lease.
    pub is_in_doubt: bool,
}

/// Does with a message of `queue` what the verdict says. Returns the message's id if SQS must keep it.
///
/// A pause is a new message with a delay, and the old one is done with: a message that waits must not be in flight, since SQS
/// has at most 120,000 of a queue's messages in flight
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>). The delivery's record
/// was written before. If the worker dies before the old message is deleted, there are two: each finds by the record that it
/// is not its turn, or that the delivery has ended, so they end with the delivery. Only if SQS does not take the new message,
/// the old one waits in flight.
pub async fn come_back(queue: &Queue, record: &SqsMessage, kept: Kept, verdict: Verdict) -> Option<String> {
    let pause = match verdict {
        Verdict::Done => return None,
        Verdict::Back | Verdict::GivenUp => return record.message_id.clone(),
        Verdict::AtOnce => Duration::ZERO,
        Verdict::Again { pause, due } => {
            let again = Outbound::again(record.body.as_deref().unwrap_or_default());
            let again = again.after(pause).due(due).in_doubt(kept.is_in_doubt);
            let again = match kept.place {
                Some(place) => again.in_turn(Turn::Place(place)),
                None => again,
            };
            match queue.send(&[again]).await {
                Ok(()) => return None,
                Err(error) => {
                    tracing::warn!(error = telemetry::chain(&error), "the message waits in flight");
                    pause
                }
            }
        }
    };
    if let Err(error) = queue.retry_after(record.receipt_handle.as_deref().unwrap_or_default(), pause).await {
        tracing::warn!(error = telemetry::chain(&error), "the retry waits for the visibility time-out");
    }
    record.message_id.clone()
}
