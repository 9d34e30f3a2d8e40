//! A delivery's key, the lease on it, and the end of an attempt.

use std::{collections::BTreeMap, time::Duration};

use uuid::Uuid;

use crate::{
    domain::{AddressOutcome, Channel, DeliveryStatus, NotificationId, Reason, Timestamp},
    store::table::Key,
};

/// A delivery's key, and the time until which its record is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeliveryKey {
    /// The notification.
    pub id: NotificationId,
    /// The channel.
    pub channel: Channel,
    /// When the record ends. Its notification's record ends at the same time.
    pub kept_until: Timestamp,
}

/// The right of one worker to send a delivery until a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    pub(super) owner: Uuid,
    pub(super) until: Timestamp,
}

impl Lease {
    /// The lease of `owner`, an id that nobody else has. It ends at `until`: its owner must not send after that time.
    pub fn new(owner: Uuid, until: Timestamp) -> Self {
        Self { owner, until }
    }
}

/// The answer to a claim.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// The lease is ours.
    Started(Started),
    /// The lease is not ours.
    Refused(Refusal),
}

/// Why a delivery is not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The delivery has ended.
    Done,
    /// The delivery was given up, and waits for a redrive.
    GivenUp,
    /// Another worker has the lease, or the delivery waits for its next attempt or for the end of its hold.
    Later {
        /// The longest time until the delivery is open.
        left: Duration,
    },
}

/// What a delivery's record says when a claim succeeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Started {
    /// The number of attempts that were begun, with this one.
    pub attempts: u32,
    /// The number of attempts since the delivery was last given up or held, with this one.
    pub since_redrive: u32,
    /// Whether an earlier attempt has no recorded outcome, for example because its worker died.
    pub left_open: bool,
    /// Whether the record says that an earlier attempt's outcome is not known, for example because a provider never
    /// answered.
    pub ambiguous: bool,
    /// The outcome of each address so far, by [`crate::domain::delivery::address_key`].
    pub addresses: BTreeMap<String, AddressOutcome>,
}

/// The end of an attempt, or of the whole delivery.
#[derive(Clone, Debug, PartialEq)]
pub struct Finish {
    /// The delivery's new state.
    pub status: DeliveryStatus,
    /// The reason, if there is one.
    pub reason: Option<Reason>,
    /// Whether the outcome of an attempt is not known.
    pub ambiguous: bool,
    /// The outcome of each address that this attempt has tried.
    pub addresses: BTreeMap<String, AddressOutcome>,
    /// The provider's own id of the message.
    pub provider_message_id: Option<String>,
    /// No further attempt is begun before this time.
    pub not_before: Option<Timestamp>,
}

impl Finish {
    /// The end in this state for this reason, without an address, a message id or a next time.
    pub fn because(status: DeliveryStatus, reason: Reason) -> Self {
        Self {
            status,
            reason: Some(reason),
            ambiguous: false,
            addresses: BTreeMap::new(),
            provider_message_id: None,
            not_before: None,
        }
    }
}

impl DeliveryKey {
    pub(super) fn key(&self) -> Key {
        Key::delivery(self.id, self.channel)
    }
}
