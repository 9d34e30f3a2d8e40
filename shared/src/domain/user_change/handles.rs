//! Contract 3's choices about single groups, as part of a change.

use std::collections::BTreeMap;

use crate::domain::{ChannelType, handle::Switch};

/// The most values of one user, so that the item stays far below DynamoDB's limit of 400 KB.
pub const MAX_HANDLES: usize = 1000;

/// The values to set. Values that are not named stay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandleChange(BTreeMap<(String, Switch), bool>);

impl HandleChange {
    /// Switches a whole group on or off.
    pub fn enable(&mut self, handle: &str, on: bool) {
        self.0.insert((handle.to_owned(), Switch::Enabled), on);
    }

    /// Switches a group on or off on one channel type.
    pub fn switch(&mut self, handle: &str, channel_type: ChannelType, on: bool) {
        self.0.insert((handle.to_owned(), Switch::ChannelType(channel_type)), on);
    }

    /// How many values are set.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each value: the group's handle, the switch, and whether it is on.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Switch, bool)> {
        self.0.iter().map(|((handle, switch), on)| (handle.as_str(), *switch, *on))
    }
}
