//! A template: its parts for each locale.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::{
    fault::RenderError,
    locale,
    source::{MAX_LINE_SOURCE, MAX_SOURCE},
};
use crate::domain::{
    Channel,
    text::{self, LINE_PATTERN, WORDS_PATTERN},
};

/// The most characters of a code.
pub const MAX_CODE: usize = 255;
/// The most blocks of a Slack message that Slack accepts.
pub(super) const MAX_BLOCKS: usize = 50;
/// The most entries of a message's data, and the most characters of an entry's name.
pub(super) const MAX_DATA: usize = 50;
pub(super) const MAX_NAME: usize = 128;

/// A template with all its locales.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct Template {
    /// The code by which notifications name the template (`template_code`).
    pub code: String,
    /// The parts by locale. A locale is `default` or a canonical language tag.
    pub locales: BTreeMap<String, Parts>,
}

/// A template in one of its versions.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionedTemplate {
    /// What it says.
    pub template: Template,
    /// The version rises with every change, also when the template is deleted and written again.
    pub version: u64,
}

/// The parts of a template in one locale, one for each channel.
#[derive(Clone, Debug, Default, JsonSchema, PartialEq, Serialize, Deserialize)]
#[schemars(rename = "TemplateParts", extend("minProperties" = 1))]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// An email.
    #[schemars(with = "Email")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// A message on a device's screen. In its data, these names are taken by Apple, FCM and Tidings: `aps`, `collapse_key`, `from`, `message_type`, `notification_id`, and all that begin with `gcm.` or `google.`.
    #[schemars(with = "AlertTemplate")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push: Option<AlertTemplate>,
    /// A text message.
    #[schemars(with = "Sms")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sms: Option<Sms>,
    /// A Slack message.
    #[schemars(with = "Slack")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slack: Option<Slack>,
    /// An entry of the in-app inbox.
    #[schemars(with = "AlertTemplate")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_app: Option<AlertTemplate>,
}

/// An email; it has a text, HTML, or both.
#[derive(Clone, Debug, Default, JsonSchema, PartialEq, Serialize, Deserialize)]
// The subject, and at least one of the two parts.
#[schemars(rename = "TemplateEmail", extend("minProperties" = 2))]
#[serde(deny_unknown_fields)]
pub struct Email {
    /// One line.
    #[schemars(length(min = 1, max = MAX_LINE_SOURCE), regex(pattern = LINE_PATTERN))]
    pub subject: String,
    /// The plain part.
    #[schemars(with = "String", length(min = 1, max = MAX_SOURCE), regex(pattern = WORDS_PATTERN))]
    #[serde(default, deserialize_with = "some", skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The HTML part. Variables in it are escaped.
    #[schemars(with = "String", length(min = 1, max = MAX_SOURCE), regex(pattern = WORDS_PATTERN))]
    #[serde(default, deserialize_with = "some", skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
}

/// A push message, or an entry of the inbox.
#[derive(Clone, Debug, Default, JsonSchema, PartialEq, Serialize, Deserialize)]
#[schemars(rename = "TemplateNotice")]
#[serde(deny_unknown_fields)]
pub struct AlertTemplate {
    /// One line. If it is blank after variables are filled in, it is left out.
    #[schemars(with = "String", length(min = 1, max = MAX_LINE_SOURCE), regex(pattern = LINE_PATTERN))]
    #[serde(default, deserialize_with = "some", skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The text.
    #[schemars(length(min = 1, max = MAX_SOURCE), regex(pattern = WORDS_PATTERN))]
    pub body: String,
    /// Data for the application. The user does not see them.
    #[schemars(extend(
        "maxProperties" = MAX_DATA,
        "propertyNames" = {"minLength": 1, "maxLength": MAX_NAME, "pattern": LINE_PATTERN},
        "additionalProperties" = {"type": "string", "maxLength": MAX_SOURCE, "pattern": r"^[^\u0000]*$"},
    ))]
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, String>,
}

/// A text message.
#[derive(Clone, Debug, Default, JsonSchema, PartialEq, Serialize, Deserialize)]
#[schemars(rename = "TemplateSms")]
#[serde(deny_unknown_fields)]
pub struct Sms {
    /// The text.
    #[schemars(length(min = 1, max = MAX_SOURCE), regex(pattern = WORDS_PATTERN))]
    pub text: String,
}

/// A Slack message.
#[derive(Clone, Debug, Default, JsonSchema, PartialEq, Serialize, Deserialize)]
#[schemars(rename = "TemplateSlack")]
#[serde(deny_unknown_fields)]
pub struct Slack {
    /// The text. `&`, `<` and `>` in variables are escaped, as Slack asks for.
    #[schemars(length(min = 1, max = MAX_SOURCE), regex(pattern = WORDS_PATTERN))]
    pub text: String,
    /// Block Kit's blocks; each string in them is a template, of which there are 500 at most.
    #[schemars(with = "Vec<Map<String, Value>>", length(max = MAX_BLOCKS))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<Value>,
}

impl Parts {
    /// Whether there is a part for `channel`.
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
    /// Whether a locale has a part for `channel`.
    pub fn has(&self, channel: Channel) -> bool {
        self.locales.values().any(|parts| parts.has(channel))
    }

    /// The parts of the best locale for `language` that has a part for `channel`.
    pub(super) fn parts_for(&self, channel: Channel, language: &str) -> Result<&Parts, RenderError> {
        let fitting = locale::chain(language);
        let best = fitting.iter().find_map(|tag| self.locales.get(tag).filter(|parts| parts.has(channel)));
        best.ok_or_else(|| self.no_part(channel, language))
    }

    pub(super) fn no_part(&self, channel: Channel, language: &str) -> RenderError {
        RenderError::NoPart { channel, locales: locale::chain(language).join(", ") }
    }
}

/// Reads a member that can be left out, but must not be `null`.
fn some<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// The codes that [`is_code`] accepts, as a pattern.
pub const CODE_PATTERN: &str =
    r"^[^/?#%\u0000-\u001f\u007f-\u009f]*[^\s/?#%\u0000-\u001f\u007f-\u009f][^/?#%\u0000-\u001f\u007f-\u009f]*$";

/// Whether `code` can name a template: 1 to 255 characters, without `/ ? # %` and control characters.
pub fn is_code(code: &str) -> bool {
    text::is_line(code, MAX_CODE) && !code.contains(['/', '?', '#', '%'])
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
