//! A delivery's key, the lease on it, and the end of an attempt.

use std::{collections::BTreeMap, time::Duration};

use uuid::Uuid;

use crate::{
    domain::{AddressOutcome, Channel, DeliveryStatus, NotificationId, Reason, Timestamp, UserId},
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
    /// Nothing is left to do: the delivery was sent to an address, or somebody has opened it again or cancelled it since.
    Done,
    /// The index lists the delivery, so that a message of its own will come in time.
    Listed,
    /// The delivery has ended without being sent, and nobody opens it again.
    Unsent {
        /// Whether the outcome of an attempt is not known.
        ambiguous: bool,
    },
    /// The delivery was given up, and waits for a redrive.
    GivenUp,
    /// Another worker has the lease, or the delivery waits for its next attempt or for the end of its hold.
    Later {
        /// The longest time until the delivery is open.
        left: Duration,
    },
}

/// What a delivery's record says when a claim succeeds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Started {
    /// The number of attempts that were begun, with this one. Those that turned out to be no attempt are not counted.
    pub attempts: u32,
    /// The number of attempts since the delivery was last given up or held, with this one.
    pub since_redrive: u32,
    /// How many claims in a row before this one turned out to be no attempt.
    pub not_tried: u32,
    /// Whether the index lists the delivery.
    pub listed: bool,
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
    /// Whether it was an attempt. It was none if the provider turned the message away unread, or was not called at all.
    pub is_attempt: bool,
    /// The recipient, if the pause until `not_before` is longer than a message can be delayed: then the index lists the
    /// delivery, and its message is sent in time.
    pub listed_for: Option<UserId>,
}

/// Who has given a delivery up, and has put its message into the dead-letter queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GaveUp {
    /// A worker, which recorded it first. If the record does not say so any more, the message is a late copy: somebody has opened
    /// the delivery again or cancelled it since.
    Worker,
    /// The queue, which gave the message out as often as it may. Nobody has recorded it yet.
    Queue,
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
            is_attempt: true,
            listed_for: None,
        }
    }
}

impl DeliveryKey {
    pub(in crate::store) fn key(&self) -> Key {
        Key::delivery(self.id, self.channel)
    }
}
