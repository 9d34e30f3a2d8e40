//! The metrics: their names, units and dimensions.

/// A metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// Notifications that were accepted, each once.
    Accepted,
    /// Deliveries that were sent, by provider.
    Sent,
    /// Deliveries that the user's preferences or settings stopped.
    Skipped,
    /// Deliveries that wait for their time.
    Held,
    /// Deliveries that their sender cancelled.
    Cancelled,
    /// Deliveries that failed for good, by the provider that refused them.
    Failed,
    /// Attempts that will be repeated, by the provider that failed.
    Retried,
    /// Messages that gave up and were recorded.
    DeadLettered,
    /// How late the work on a message begins, against the time at which it was due.
    Lateness,
    /// Held deliveries whose messages were sent because their time comes. Each run of the release has one value, also
    /// zero, so that the count of values is the count of runs.
    Released,
    /// Times that the schedule went on with an erasure and did not finish it.
    ErasureFailures,
    /// The duration of a provider's call for one address.
    AttemptLatency,
    /// Calls for one address that did not succeed, for any cause.
    AttemptFailures,
}

/// The dimensions of metrics, besides the stack's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// The provider.
    Provider,
    /// The channel type.
    Channel,
    /// Why a delivery stopped or waits.
    Reason,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 13] = [
        Self::Accepted,
        Self::Sent,
        Self::Skipped,
        Self::Held,
        Self::Cancelled,
        Self::Failed,
        Self::Retried,
        Self::DeadLettered,
        Self::Lateness,
        Self::Released,
        Self::ErasureFailures,
        Self::AttemptLatency,
        Self::AttemptFailures,
    ];

    /// Its name in CloudWatch.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "Accepted",
            Self::Sent => "Sent",
            Self::Skipped => "Skipped",
            Self::Held => "Held",
            Self::Cancelled => "Cancelled",
            Self::Failed => "Failed",
            Self::Retried => "Retried",
            Self::DeadLettered => "DeadLettered",
            Self::Lateness => "Lateness",
            Self::Released => "Released",
            Self::ErasureFailures => "ErasureFailures",
            Self::AttemptLatency => "AttemptLatency",
            Self::AttemptFailures => "AttemptFailures",
        }
    }

    /// Its unit in CloudWatch.
    pub fn unit(self) -> &'static str {
        if self.is_counted() { "Count" } else { "Milliseconds" }
    }

    /// Whether the values are added up. If not, each value is kept, for percentiles.
    pub fn is_counted(self) -> bool {
        !matches!(self, Self::AttemptLatency | Self::Lateness)
    }

    /// The dimensions of the metric. An alarm and a dashboard must name all of them.
    pub fn dimensions(self) -> &'static [Dimension] {
        match self {
            Self::Accepted
            | Self::Cancelled
            | Self::DeadLettered
            | Self::Lateness
            | Self::Released
            | Self::ErasureFailures => &[],
            Self::Sent => &[Dimension::Provider, Dimension::Channel],
            Self::Skipped | Self::Held => &[Dimension::Reason],
            Self::Failed | Self::Retried | Self::AttemptLatency | Self::AttemptFailures => &[Dimension::Provider],
        }
    }
}

impl Dimension {
    /// The dimension that every metric has: the stack's name.
    pub const STACK: &'static str = "Stack";

    /// Its name in CloudWatch.
    pub fn name(self) -> &'static str {
        match self {
            Self::Provider => "Provider",
            Self::Channel => "Channel",
            Self::Reason => "Reason",
        }
    }
}
