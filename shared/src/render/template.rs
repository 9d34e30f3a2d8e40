//! A template: parts by locale.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{RenderError, locale};
use crate::domain::{Channel, text};

/// The most characters of a code.
const MOST_CHARACTERS: usize = 255;

/// A template, whole.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Template {
    /// What notifications call it by (`template_code`).
    pub code: String,
    /// What it says in each locale: `default`, or a canonical language tag.
    pub locales: BTreeMap<String, Parts>,
}

/// What a template says in one locale, channel by channel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// An email.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// A message on a device's screen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push: Option<Notice>,
    /// A text message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sms: Option<Sms>,
    /// A Slack message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slack: Option<Slack>,
    /// An entry of the in-app inbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_app: Option<Notice>,
}

/// An email; it has a text, HTML, or both.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Email {
    /// One line.
    pub subject: String,
    /// The plain part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The HTML part. Variables in it are escaped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
}

/// A push message, or an entry of the inbox.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// One line. One that comes out blank is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The text.
    pub body: String,
    /// For the application, not for the eye.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, String>,
}

/// A text message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sms {
    /// The text.
    pub text: String,
}

/// A Slack message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slack {
    /// The text. `&`, `<` and `>` in variables are escaped, as Slack asks for.
    pub text: String,
    /// Block Kit's blocks; each string in them is a template.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<Value>,
}

impl Parts {
    /// Whether something is said on `channel`.
    pub fn has(&self, channel: Channel) -> bool {
        match channel {
            Channel::Email => self.email.is_some(),
            Channel::Push => self.push.is_some(),
            Channel::Sms => self.sms.is_some(),
            Channel::Slack => self.slack.is_some(),
            Channel::InApp => self.in_app.is_some(),
        }
    }
}

impl Template {
    /// Whether something is said on `channel`, in some locale.
    pub fn has(&self, channel: Channel) -> bool {
        self.locales.values().any(|parts| parts.has(channel))
    }

    /// The parts of the best locale that says something on `channel` to who reads `language`.
    pub(super) fn parts_for(&self, channel: Channel, language: &str) -> Result<&Parts, RenderError> {
        let best = locale::chain(language).find_map(|tag| self.locales.get(tag).filter(|parts| parts.has(channel)));
        best.ok_or_else(|| self.no_part(channel, language))
    }

    pub(super) fn no_part(&self, channel: Channel, language: &str) -> RenderError {
        let locales: Vec<Cow<'_, str>> = locale::chain(language).map(Cow::Borrowed).collect();
        RenderError::NoPart { channel, locales: locales.join(", ") }
    }
}

/// Whether `code` can name a template: 1 to 255 characters, none of `/ ? # %` or controls.
pub fn is_code(code: &str) -> bool {
    text::is_line(code, MOST_CHARACTERS) && !code.contains(['/', '?', '#', '%'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_part_of_a_path() {
        assert!(is_code("order.shipped") && is_code("größe 2") && is_code(&"x".repeat(255)));
        for bad in ["", " ", "a/b", "a?b", "a#b", "a%20b", "a\nb", &"x".repeat(256)] {
            assert!(!is_code(bad), "{bad:?}");
        }
    }
}
