//! What a worker knows of an entry that was, or may have been, written without a lease ([`crate::inboxes`]).

/// What is known of a delivery's entry in an inbox, when a lease is asked for. Of two that say something of the same entry, the later one in
/// this order holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryState {
    /// Nobody has written it, as far as is known: neither an earlier worker nor this one.
    #[default]
    NotWritten,
    /// This worker has written it and not recorded it, or has taken it back because its user is not there.
    Written,
    /// An earlier worker, or a call of this one that was not answered, may have written it, or may still write it.
    InDoubt,
    /// This worker has written it, and has recorded that the delivery is sent.
    Recorded,
}

impl EntryState {
    /// Whether the entry may be in the inbox, or may still come there.
    pub fn may_be_there(self) -> bool {
        self != Self::NotWritten
    }
}
