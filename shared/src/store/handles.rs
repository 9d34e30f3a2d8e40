//! Contract 3's preferences of single groups. They are kept flat, by `enabled:<handle>` and `<channel type>:<handle>`: any of
//! them can be written whatever else is there.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{Action, Condition, users::Bounded};
use crate::domain::{ChannelType, Handle};

pub(super) const HANDLES: &str = "handles";
const ENABLED: &str = "enabled";
/// The most values of one user, so that the item stays far below DynamoDB's bound.
pub const MOST_HANDLES: usize = 1000;

/// Values to set; what is not named stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandleChange {
    values: BTreeMap<String, bool>,
    /// Whether the values were seen to have their place already.
    fits: bool,
}

impl HandleChange {
    /// Lets a group through to the user, or not.
    pub fn enable(&mut self, handle: &str, on: bool) {
        self.values.insert(format!("{ENABLED}:{handle}"), on);
    }

    /// Lets a group through on one kind of channel, or not.
    pub fn switch(&mut self, handle: &str, channel_type: ChannelType, on: bool) {
        self.values.insert(format!("{}:{handle}", channel_type.as_str()), on);
    }

    /// How many values are set.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub(super) fn actions(&self) -> impl Iterator<Item = Action> {
        self.values.iter().map(|(key, on)| Action::Set([HANDLES, key].into(), AttributeValue::Bool(*on)))
    }

    pub(super) fn conditions(&self) -> Option<Condition> {
        let room = (MOST_HANDLES + 1).saturating_sub(self.values.len());
        (!self.fits && !self.values.is_empty()).then(|| Condition::SizeBelow(HANDLES.into(), room))
    }

    /// With the stored values at hand, only those count that would be new.
    pub(super) fn fit(&mut self, old: &BTreeMap<String, bool>) -> Result<(), Bounded> {
        let new = self.values.keys().filter(|key| !old.contains_key(*key)).count();
        self.fits = new == 0;
        if new > 0 && old.len() + new > MOST_HANDLES { Err(Bounded::Handles) } else { Ok(()) }
    }

    pub(super) fn apply(&self, handles: &mut BTreeMap<String, Handle>) {
        for (key, on) in &self.values {
            set(handles, key, *on);
        }
    }
}

/// The stored values by handle.
pub(super) fn read(stored: &BTreeMap<String, bool>) -> BTreeMap<String, Handle> {
    let mut handles = BTreeMap::new();
    for (key, on) in stored {
        set(&mut handles, key, *on);
    }
    handles
}

/// Handles as they are stored.
pub(super) fn write(handles: &BTreeMap<String, Handle>) -> AttributeValue {
    let mut change = HandleChange::default();
    for (name, Handle { enabled, channel_types }) in handles {
        if let Some(on) = enabled {
            change.enable(name, *on);
        }
        for (channel_type, on) in channel_types {
            change.switch(name, *channel_type, *on);
        }
    }
    AttributeValue::M(change.values.into_iter().map(|(key, on)| (key, AttributeValue::Bool(on))).collect())
}

fn set(handles: &mut BTreeMap<String, Handle>, key: &str, on: bool) {
    let Some((what, name)) = key.split_once(':') else { return };
    if what == ENABLED {
        handles.entry(name.to_owned()).or_default().enabled = Some(on);
    } else if let Some(channel_type) = ChannelType::parse(what) {
        handles.entry(name.to_owned()).or_default().channel_types.insert(channel_type, on);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut change = HandleChange::default();
        change.enable("a:b.c", false);
        change.switch("a:b.c", ChannelType::WebPush, true);
        change.switch("news", ChannelType::parse("chat").unwrap(), false);
        let mut handles = BTreeMap::new();
        change.apply(&mut handles);
        assert_eq!(handles["a:b.c"].enabled, Some(false));
        assert_eq!(handles["a:b.c"].channel_types, [(ChannelType::WebPush, true)].into());
        assert_eq!(handles["news"].enabled, None);
        let AttributeValue::M(stored) = write(&handles) else { panic!("no map") };
        let stored = stored.into_iter().map(|(key, on)| (key, *on.as_bool().unwrap())).collect();
        assert_eq!(read(&stored), handles);
    }

    #[test]
    fn only_what_is_new_counts_against_the_bound() {
        let full: BTreeMap<_, _> = (0..MOST_HANDLES).map(|n| (format!("enabled:{n}"), true)).collect();
        let mut change = HandleChange::default();
        change.enable("7", false);
        assert_eq!(change.fit(&full), Ok(()));
        assert_eq!(change.conditions(), None);
        change.enable("new", false);
        assert_eq!(change.fit(&full), Err(Bounded::Handles));
    }
}
