//! The metrics there are: name, unit and dimensions.

/// A metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// Notifications that were accepted, each once.
    Accepted,
    /// Deliveries that were sent, by who carried them.
    Sent,
    /// Deliveries that the user's preferences or settings stopped.
    Skipped,
    /// Deliveries that wait for their time.
    Held,
    /// Deliveries that their sender took back.
    Cancelled,
    /// Deliveries that cannot be sent, for good, by who refused them.
    Failed,
    /// Attempts at a delivery that are repeated, by who stood in the way.
    Retried,
    /// Messages that gave up and were recorded.
    DeadLettered,
    /// How long a provider took for one address.
    AttemptLatency,
    /// Addresses that a provider did not take, whatever the cause.
    AttemptFailures,
}

/// What a metric is split by, besides the stack's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// Who carries messages.
    Provider,
    /// The channel type.
    Channel,
    /// Why a delivery stopped or waits.
    Reason,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 10] = [
        Self::Accepted,
        Self::Sent,
        Self::Skipped,
        Self::Held,
        Self::Cancelled,
        Self::Failed,
        Self::Retried,
        Self::DeadLettered,
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
            Self::AttemptLatency => "AttemptLatency",
            Self::AttemptFailures => "AttemptFailures",
        }
    }

    /// Its unit in CloudWatch.
    pub fn unit(self) -> &'static str {
        if self.is_counted() { "Count" } else { "Milliseconds" }
    }

    /// Whether its values are added up; else each is kept, for percentiles.
    pub fn is_counted(self) -> bool {
        self != Self::AttemptLatency
    }

    /// What it is split by. An alarm and a dashboard must name all of it.
    pub fn dimensions(self) -> &'static [Dimension] {
        match self {
            Self::Accepted | Self::Cancelled | Self::DeadLettered => &[],
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
