//! Contract 3's choices about single groups, as part of a change.

use std::collections::BTreeMap;

use crate::domain::{ChannelType, handle::Switch};

/// The most values of one user, so that the item stays far below DynamoDB's limit of 400 KB.
pub const MAX_HANDLES: usize = 1000;

/// The most values that only a person's own choices on a page may add: as many as there can be categories and channels.
const MAX_MORE: usize = 1000;
/// The most bytes of these.
const MAX_MORE_BYTES: usize = 24 * 1024;

/// The values to set. Values that are not named stay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandleChange {
    values: BTreeMap<(String, Switch), bool>,
    /// Whether the person chooses. Then an application that has filled the user's handles leaves room for it.
    is_persons: bool,
}

impl HandleChange {
    /// Switches a whole group on or off.
    pub fn enable(&mut self, handle: &str, on: bool) {
        self.values.insert((handle.to_owned(), Switch::Enabled), on);
    }

    /// Switches a group on or off on one channel type.
    pub fn switch(&mut self, handle: &str, channel_type: ChannelType, on: bool) {
        self.values.insert((handle.to_owned(), Switch::ChannelType(channel_type)), on);
    }

    /// Lets the values take the room that is kept for a person's own choices.
    pub fn as_persons(&mut self) {
        self.is_persons = true;
    }

    /// Whether the values may take the room that is kept for a person's own choices.
    pub fn is_persons(&self) -> bool {
        self.is_persons
    }

    /// The most values that the user may have with this change.
    pub fn most(&self) -> usize {
        if self.is_persons { MAX_HANDLES + MAX_MORE } else { MAX_HANDLES }
    }

    /// The bytes by which this change may pass the budget of handles.
    pub fn more_bytes(&self) -> usize {
        if self.is_persons { MAX_MORE_BYTES } else { 0 }
    }

    /// How many values are set.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Each value: the group's handle, the switch, and whether it is on.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Switch, bool)> {
        self.values.iter().map(|((handle, switch), on)| (handle.as_str(), *switch, *on))
    }
}
