//! The metric events, and what each of them adds to which metric.

use std::time::Duration;

use super::{Dimension, Metric};
use crate::domain::{Channel, DeliveryStatus, Provider, Reason};

/// A metric event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricEvent {
    /// A new notification was accepted. A repeated request is not counted.
    Accepted,
    /// A provider was called for one address, or the call failed before it was made.
    Attempt {
        /// The provider.
        provider: Provider,
        /// The duration of the call; `None` if there was no call, because credentials or time were missing.
        took: Option<Duration>,
        /// Whether the provider accepted the message.
        sent: bool,
    },
    /// A delivery's new state was recorded.
    Delivery {
        /// The state.
        status: DeliveryStatus,
        /// The reason, if there is one.
        reason: Option<Reason>,
        /// The provider that sent or refused the delivery; `None` if no provider was involved.
        provider: Option<Provider>,
        /// The channel.
        channel: Channel,
    },
    /// A message gave up, and its dead letter was recorded.
    DeadLetter,
    /// A worker began to work on a message.
    Begun {
        /// How late, against the time at which the work was due.
        late: Duration,
    },
    /// The release of held deliveries has run to its end, and nothing of it failed.
    Release {
        /// How many it released.
        released: usize,
    },
    /// The schedule went on with an erasure and did not finish it: it failed, or the run ended first. The schedule goes on each minute.
    ErasureFailed,
}

/// A value for a metric. The dimensions' values are names in this code, never text from a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) metric: Metric,
    pub(super) value: u64,
    pub(super) dimensions: DimensionSet,
}

/// One value for each of a metric's dimensions.
pub(super) type DimensionSet = Vec<(Dimension, &'static str)>;

impl MetricEvent {
    /// Calls `add` with each point of the event.
    pub(super) fn points(self, mut add: impl FnMut(Point)) {
        match self {
            Self::Accepted => add(Point::one(Metric::Accepted, [])),
            Self::DeadLetter => add(Point::one(Metric::DeadLettered, [])),
            Self::ErasureFailed => add(Point::one(Metric::ErasureFailures, [])),
            Self::Begun { late } => add(Point::millis(Metric::Lateness, late, [])),
            Self::Release { released } => {
                let value = u64::try_from(released).unwrap_or(u64::MAX);
                add(Point { value, ..Point::one(Metric::Released, []) });
            }
            Self::Attempt { provider, took, sent } => {
                let dimensions = [(Dimension::Provider, provider.as_str())];
                if let Some(took) = took {
                    add(Point::millis(Metric::AttemptLatency, took, dimensions));
                }
                // A success adds a zero, so that a working provider has a failure rate of zero.
                add(Point { value: u64::from(!sent), ..Point::one(Metric::AttemptFailures, dimensions) });
            }
            Self::Delivery { status, reason, provider, channel } => {
                let reason = (Dimension::Reason, reason.map_or(NONE, Reason::as_str));
                let provider = (Dimension::Provider, provider.map_or(NONE, Provider::as_str));
                match status {
                    DeliveryStatus::Sent => {
                        add(Point::one(Metric::Sent, [provider, (Dimension::Channel, channel.as_str())]));
                    }
                    DeliveryStatus::Skipped => add(Point::one(Metric::Skipped, [reason])),
                    DeliveryStatus::Held => add(Point::one(Metric::Held, [reason])),
                    DeliveryStatus::Cancelled => add(Point::one(Metric::Cancelled, [])),
                    DeliveryStatus::Failed => add(Point::one(Metric::Failed, [provider])),
                    DeliveryStatus::Retrying => add(Point::one(Metric::Retried, [provider])),
                    // A delivery that gave up is counted with its dead letter ([`MetricEvent::DeadLetter`]).
                    DeliveryStatus::DeadLettered | DeliveryStatus::Queued | DeliveryStatus::Sending => {}
                }
            }
        }
    }
}

/// The value of a dimension if there is no value.
const NONE: &str = "none";

impl Point {
    fn one<const N: usize>(metric: Metric, dimensions: [(Dimension, &'static str); N]) -> Self {
        Self { metric, value: 1, dimensions: dimensions.into() }
    }

    fn millis<const N: usize>(metric: Metric, time: Duration, dimensions: [(Dimension, &'static str); N]) -> Self {
        let value = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self { value, ..Self::one(metric, dimensions) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(event: MetricEvent) -> Vec<(Metric, u64, Vec<&'static str>)> {
        let mut points = Vec::new();
        event.points(|point| {
            let dimensions: Vec<_> = point.dimensions.iter().map(|(dimension, _)| *dimension).collect();
            assert_eq!(dimensions, point.metric.dimensions(), "{event:?}");
            points.push((point.metric, point.value, point.dimensions.into_iter().map(|(_, value)| value).collect()));
        });
        points
    }

    fn delivery(status: DeliveryStatus, reason: Option<Reason>, provider: Option<Provider>) -> MetricEvent {
        MetricEvent::Delivery { status, reason, provider, channel: Channel::Push }
    }

    #[test]
    fn every_end_of_a_delivery_is_counted_in_its_own_metric() {
        use DeliveryStatus::{Cancelled, DeadLettered, Failed, Held, Queued, Retrying, Sending, Sent, Skipped};
        let fcm = Some(Provider::Fcm);
        let cases = [
            (delivery(Sent, None, fcm), vec![(Metric::Sent, 1, vec!["fcm", "push"])]),
            (delivery(Skipped, Some(Reason::ChannelOff), None), vec![(Metric::Skipped, 1, vec!["channel_off"])]),
            (delivery(Held, Some(Reason::QuietHours), None), vec![(Metric::Held, 1, vec!["quiet_hours"])]),
            (delivery(Cancelled, Some(Reason::Cancelled), None), vec![(Metric::Cancelled, 1, vec![])]),
            (delivery(Failed, Some(Reason::ProviderRejected), fcm), vec![(Metric::Failed, 1, vec!["fcm"])]),
            (delivery(Failed, Some(Reason::RenderFailed), None), vec![(Metric::Failed, 1, vec!["none"])]),
            (delivery(Retrying, Some(Reason::ProviderUnavailable), fcm), vec![(Metric::Retried, 1, vec!["fcm"])]),
            (delivery(DeadLettered, None, fcm), vec![]),
            (delivery(Queued, None, None), vec![]),
            (delivery(Sending, None, fcm), vec![]),
            (MetricEvent::Accepted, vec![(Metric::Accepted, 1, vec![])]),
            (MetricEvent::DeadLetter, vec![(Metric::DeadLettered, 1, vec![])]),
            (MetricEvent::ErasureFailed, vec![(Metric::ErasureFailures, 1, vec![])]),
            (MetricEvent::Begun { late: Duration::from_secs(7) }, vec![(Metric::Lateness, 7000, vec![])]),
            (MetricEvent::Release { released: 7 }, vec![(Metric::Released, 7, vec![])]),
            (MetricEvent::Release { released: 0 }, vec![(Metric::Released, 0, vec![])]),
        ];
        for (event, points) in cases {
            assert_eq!(of(event), points, "{event:?}");
        }
    }

    #[test]
    fn an_attempt_has_a_latency_only_where_there_was_a_call() {
        let provider = Provider::Email;
        let took = Some(Duration::from_millis(12));
        let sent = MetricEvent::Attempt { provider, took, sent: true };
        let latency = (Metric::AttemptLatency, 12, vec!["email"]);
        assert_eq!(of(sent), [latency.clone(), (Metric::AttemptFailures, 0, vec!["email"])]);
        let refused = MetricEvent::Attempt { provider, took, sent: false };
        assert_eq!(of(refused), [latency, (Metric::AttemptFailures, 1, vec!["email"])]);
        let not_called = MetricEvent::Attempt { provider, took: None, sent: false };
        assert_eq!(of(not_called), [(Metric::AttemptFailures, 1, vec!["email"])]);
    }
}
