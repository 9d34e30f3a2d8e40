//! What really reached a provider: the truth that the records are compared with.

use std::{collections::BTreeSet, time::Duration};

use shared::domain::Timestamp;

/// One request to a provider, for one address.
#[derive(Clone, Debug)]
pub struct Call {
    /// The number of the notification, which stands in its text.
    pub notice: usize,
    /// The provider.
    pub provider: &'static str,
    /// The address.
    pub address: String,
    /// The process that called.
    pub process: usize,
    /// The invocation that called.
    pub invocation: usize,
    /// When the call began.
    pub began: Duration,
    /// What the caller's wall clock showed then.
    pub wall: Timestamp,
    /// When the call ended, or its caller died.
    pub ended: Option<Duration>,
    /// Whether the provider accepted the message: the recipient gets it.
    pub accepted: bool,
    /// What the caller was told.
    pub told: Told,
    /// How long the caller was asked to wait.
    pub retry_after: Option<Duration>,
}

/// What the caller of a provider was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Nothing, or nothing that tells whether the message was accepted.
    Nothing,
    /// The message was accepted.
    Accepted,
    /// The message was not accepted, and may be later.
    NotNow,
    /// There were too many, and the message was not looked at.
    TurnedAway,
    /// The message will never be accepted.
    Never,
}

/// One invocation of the worker.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The queue that its messages are from, if it has messages.
    pub queue: Option<&'static str>,
    /// When it began.
    pub began: Duration,
    /// What its process's wall clock showed then.
    pub wall: Timestamp,
    /// When it ended.
    pub ended: Option<Duration>,
    /// Whether its process died in it.
    pub died: bool,
    /// Whether a call of it failed, or its answer was lost.
    pub disturbed: bool,
    /// The calls that it has made at which a run can be cut.
    pub boundaries: BTreeSet<&'static str>,
    /// The bodies of its messages.
    pub bodies: Vec<String>,
}
