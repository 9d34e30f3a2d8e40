//! Contract 3's preferences: its channel types, and the handles of single groups.

use std::collections::BTreeMap;

use super::Channel;

/// A channel type by contract 3's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChannelType {
    /// A channel type that contract 1 has too.
    Of(Channel),
    /// `web_push`, which only contract 3 has.
    WebPush,
}

impl ChannelType {
    /// Every channel type, by name.
    pub const ALL: [Self; 6] = [
        Self::Of(Channel::Slack),
        Self::Of(Channel::Email),
        Self::Of(Channel::InApp),
        Self::Of(Channel::Push),
        Self::Of(Channel::Sms),
        Self::WebPush,
    ];

    /// The name in contract 3, and in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Of(Channel::Email) => "email",
            Self::Of(Channel::Push) => "mobile_push",
            Self::Of(Channel::Sms) => "sms",
            Self::Of(Channel::Slack) => "chat",
            Self::Of(Channel::InApp) => "in_app",
            Self::WebPush => "web_push",
        }
    }

    /// The channel type of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel_type| channel_type.as_str() == name)
    }
}

/// One switch of a user for a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Switch {
    /// The switch of the whole group.
    Enabled,
    /// The switch of the group on this channel type.
    ChannelType(ChannelType),
}

/// A user's choices about one group. A switch that was never set is on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handle {
    /// Whether the group may reach the user at all.
    pub enabled: Option<bool>,
    /// Whether the group may reach the user on each channel type.
    pub channel_types: BTreeMap<ChannelType, bool>,
}

impl Handle {
    /// Sets one value.
    pub fn set(&mut self, switch: Switch, on: bool) {
        match switch {
            Switch::Enabled => self.enabled = Some(on),
            Switch::ChannelType(channel_type) => drop(self.channel_types.insert(channel_type, on)),
        }
    }

    /// Whether the group must not reach the user on this channel.
    pub fn refuses(&self, channel: Channel) -> bool {
        self.enabled == Some(false) || self.channel_types.get(&ChannelType::Of(channel)) == Some(&false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_channel_has_a_type_and_every_type_one_name() {
        for channel_type in ChannelType::ALL {
            assert_eq!(ChannelType::parse(channel_type.as_str()), Some(channel_type));
        }
        for channel in Channel::ALL {
            assert!(ChannelType::ALL.contains(&ChannelType::Of(channel)), "{channel}");
        }
        assert_eq!(ChannelType::parse("push"), None);
    }
}
