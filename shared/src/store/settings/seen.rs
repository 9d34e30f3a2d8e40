//! What is known of settings.

use crate::domain::json::Object;

/// The item as it stood when it was looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Seen {
    /// 0 where there is no item.
    pub version: u64,
    /// The settings; `None` where there is no item, or a tombstone.
    pub settings: Option<Object>,
}
