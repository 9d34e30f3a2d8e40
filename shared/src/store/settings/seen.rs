//! Settings as they were read.

use crate::domain::json::Object;

/// The settings of an item that was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Seen {
    /// The version, or 0 if there is no item.
    pub version: u64,
    /// The settings. `None` if there is no item, or a tombstone.
    pub settings: Option<Object>,
}
