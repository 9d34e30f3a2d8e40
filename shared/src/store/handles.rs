//! Contract 3's preferences of single groups in a user's item. The map is flat, with the keys `enabled:<handle>` and
//! `<channel type>:<handle>`, so that each value can be written although no other value exists.

use std::collections::BTreeMap;

use crate::domain::{ChannelType, Handle, handle::Switch};

const ENABLED: &str = "enabled";

/// The key of a value.
pub(super) fn key(handle: &str, switch: Switch) -> String {
    match switch {
        Switch::Enabled => format!("{ENABLED}:{handle}"),
        Switch::ChannelType(channel_type) => format!("{}:{handle}", channel_type.as_str()),
    }
}

/// The stored values by handle.
pub(super) fn read(stored: &BTreeMap<String, bool>) -> BTreeMap<String, Handle> {
    let mut handles = BTreeMap::<_, Handle>::new();
    for (key, on) in stored {
        let Some((what, handle)) = key.split_once(':') else { continue };
        let channel_type = || ChannelType::parse(what).map(Switch::ChannelType);
        let Some(switch) = (what == ENABLED).then_some(Switch::Enabled).or_else(channel_type) else { continue };
        handles.entry(handle.to_owned()).or_default().set(switch, *on);
    }
    handles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let chat = ChannelType::parse("chat").unwrap();
        let values = [
            ("a:b.c", Switch::Enabled, false),
            ("a:b.c", Switch::ChannelType(ChannelType::WebPush), true),
            ("news", Switch::ChannelType(chat), false),
        ];
        let stored: BTreeMap<_, _> = values.map(|(handle, switch, on)| (key(handle, switch), on)).into();
        let keys: Vec<_> = stored.keys().map(String::as_str).collect();
        assert_eq!(keys, ["chat:news", "enabled:a:b.c", "web_push:a:b.c"]);
        let handles = read(&stored);
        assert_eq!(handles["a:b.c"].enabled, Some(false));
        assert_eq!(handles["a:b.c"].channel_types, [(ChannelType::WebPush, true)].into());
        assert_eq!((handles["news"].enabled, &handles["news"].channel_types), (None, &[(chat, false)].into()));
    }

    #[test]
    fn what_nobody_knows_is_passed_over() {
        assert_eq!(read(&[("pigeon:news".to_owned(), true), ("enabled".to_owned(), true)].into()), BTreeMap::new());
    }
}
