//! A delivery, the right to send it, and how an attempt ended.

use std::{collections::BTreeMap, time::Duration};

use uuid::Uuid;

use crate::{
    domain::{AddressOutcome, Channel, DeliveryStatus, NotificationId, Reason, Timestamp},
    store::table::Key,
};

/// Which delivery, and until when its record is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeliveryKey {
    /// The notification.
    pub id: NotificationId,
    /// The channel.
    pub channel: Channel,
    /// When the record ends, with its notification's.
    pub kept_until: Timestamp,
}

/// The right to send one delivery, until it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    pub(super) owner: Uuid,
    pub(super) until: Timestamp,
}

impl Lease {
    /// The lease of `owner`, an id that nobody else has. It ends at `until`, after which nobody may still be sending under it.
    pub fn new(owner: Uuid, until: Timestamp) -> Self {
        Self { owner, until }
    }
}

/// What came of asking for the lease.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// It is ours.
    Started(Started),
    /// It is not.
    Refused(Refusal),
}

/// Why a delivery is not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is over.
    Done,
    /// It was given up, and waits to be redriven.
    GivenUp,
    /// Another worker is sending, or the pause before the next attempt is not over.
    Later {
        /// How long that goes on at the most.
        left: Duration,
    },
}

/// What the record says of the attempts before.
#[derive(Clone, Debug, PartialEq)]
pub struct Started {
    /// How many attempts were begun, this one included.
    pub attempts: u32,
    /// The same since the delivery was last given up and redriven.
    pub since_redrive: u32,
    /// Whether an attempt was begun and its outcome never recorded: its worker died.
    pub left_open: bool,
    /// Whether that was so in any attempt, or a provider never answered.
    pub ambiguous: bool,
    /// What became of each address so far, by [`crate::domain::delivery::address_key`].
    pub addresses: BTreeMap<String, AddressOutcome>,
}

/// How an attempt, or the whole delivery, ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Finish {
    /// The state from here on.
    pub status: DeliveryStatus,
    /// Why, where there is something to say.
    pub reason: Option<Reason>,
    /// Whether some attempt's outcome is not known.
    pub ambiguous: bool,
    /// What became of each address that was tried in this attempt.
    pub addresses: BTreeMap<String, AddressOutcome>,
    /// The provider's own id of the message.
    pub provider_message_id: Option<String>,
    /// No further attempt is begun before.
    pub not_before: Option<Timestamp>,
}

impl Finish {
    /// Ended in `status` for `reason`, with nothing else to say.
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
