//! The ways a user can be reached.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A way in which a user can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Email.
    Email,
    /// Mobile push; `mobile_push` in Notiflows' dialect.
    Push,
    /// Text message.
    Sms,
    /// Slack; `chat` in Notiflows' dialect.
    Slack,
    /// The inbox within the application.
    InApp,
}

impl Channel {
    /// Every channel, in the order in which people see them.
    pub const ALL: [Self; 5] = [Self::Email, Self::Push, Self::Sms, Self::Slack, Self::InApp];

    /// The channel's name on the wire and in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Push => "push",
            Self::Sms => "sms",
            Self::Slack => "slack",
            Self::InApp => "in_app",
        }
    }

    /// The channel of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == name)
    }

    /// The names of all channels, for a sentence: `email, push, sms, slack, in_app`.
    pub fn names() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_has_one_name_everywhere() {
        for channel in Channel::ALL {
            assert_eq!(Channel::parse(channel.as_str()), Some(channel));
            assert_eq!(serde_json::to_value(channel).unwrap(), channel.as_str());
        }
        assert_eq!(Channel::parse("Email"), None);
    }
}
