//! What AWS does not let an event source mapping do.

use crate::fidelity::{Behaviour, Fidelity};

/// The most messages of a standard queue that may be in flight
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html>).
const IN_FLIGHT: u64 = 120_000;

/// The limits of a poller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Whether a function without free concurrency turns a batch away. The batch has been received then: it comes back after
    /// its visibility time-out, and the receive counts
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>,
    /// <https://repost.aws/knowledge-center/lambda-retrying-valid-sqs-messages>). If not, the batch waits.
    pub throttles: bool,
    /// With how many messages in flight a queue gives out no more. A long poll is told of no error then; it gets nothing.
    pub in_flight: u64,
}

impl Limits {
    /// No limits.
    pub const NONE: Self = Self { throttles: false, in_flight: u64::MAX };

    /// AWS's limits, as far as they are on.
    pub fn of(fidelity: &Fidelity) -> Self {
        let in_flight = if fidelity.has(Behaviour::InFlightLimit) { IN_FLIGHT } else { u64::MAX };
        Self { throttles: fidelity.has(Behaviour::LambdaThrottles), in_flight }
    }
}
