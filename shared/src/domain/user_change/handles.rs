//! Contract 3's preferences of single groups, as part of a change.

use std::collections::BTreeMap;

use crate::domain::{ChannelType, handle::Switch};

/// The most values of one user, so that the item stays far below DynamoDB's bound of 400 KB.
pub const MAX_HANDLES: usize = 1000;

/// Values to set; what is not named stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandleChange(BTreeMap<(String, Switch), bool>);

impl HandleChange {
    /// Lets a group through to the user, or not.
    pub fn enable(&mut self, handle: &str, on: bool) {
        self.0.insert((handle.to_owned(), Switch::Enabled), on);
    }

    /// Lets a group through on one kind of channel, or not.
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

    /// Each value: of which group, which switch, and whether it is on.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Switch, bool)> {
        self.0.iter().map(|((handle, switch), on)| (handle.as_str(), *switch, *on))
    }
}
