//! The texts of the pages, in each language. A language is a file in `words`, whose name is its tag; the build script makes a
//! [`Translation`] of it: if a text is missing, it does not compile. To add a language, copy a file and translate what is in it.

mod accepted;
mod language;

pub use accepted::accepted;
pub use language::Language;

use serde::Serialize;
use shared::domain::{Channel, KnownGroups, Weekday};

include!(concat!(env!("OUT_DIR"), "/words.rs"));

/// All texts of one language. `{}` is replaced by a name.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "each language's file shows what the texts are")]
pub struct Translation {
    pub tag: &'static str,
    /// The language's name in the language itself.
    pub own_name: &'static str,
    pub title: &'static str,
    pub intro: &'static str,
    pub critical: &'static str,
    pub channels: &'static str,
    pub channels_hint: &'static str,
    /// In the order of `Channel::ALL`: name and hint.
    pub channel: [[&'static str; 2]; 5],
    pub groups: &'static str,
    pub groups_hint: &'static str,
    /// Of a category that nobody can opt out of.
    pub always: &'static str,
    /// The channels of a category.
    pub by: &'static str,
    /// In the order of the product's own groups.
    pub group: [&'static str; 10],
    pub quiet: &'static str,
    pub quiet_hint: &'static str,
    pub quiet_on: &'static str,
    pub quiet_start: &'static str,
    pub quiet_end: &'static str,
    pub quiet_days: &'static str,
    /// From Monday on: the name and its short form.
    pub day: [[&'static str; 2]; 7],
    pub region: &'static str,
    pub language: &'static str,
    pub language_auto: &'static str,
    pub zone: &'static str,
    pub zone_unset: &'static str,
    pub zone_here: &'static str,
    pub save: &'static str,
    pub saving: &'static str,
    pub saved: &'static str,
    pub failed: &'static str,
    pub faults: &'static str,
    pub fault_time: &'static str,
    pub fault_same: &'static str,
    pub fault_days: &'static str,
    pub fault_language: &'static str,
    pub fault_zone: &'static str,
    pub last: &'static str,
    pub last_text: &'static str,
    pub last_off: &'static str,
    pub last_keep: &'static str,
    pub ask_group: &'static str,
    /// In the order of `Channel::ALL`.
    pub ask_channel: [&'static str; 5],
    pub ask_text: &'static str,
    pub ask_button: &'static str,
    pub out: &'static str,
    pub out_group: &'static str,
    /// In the order of `Channel::ALL`.
    pub out_channel: [&'static str; 5],
    pub undo: &'static str,
    pub undone: &'static str,
    pub undone_text: &'static str,
    /// Nobody can opt out of a category.
    pub required: &'static str,
    pub required_text: &'static str,
    pub all_preferences: &'static str,
    pub not_ours: &'static str,
    pub not_ours_text: &'static str,
    pub expired: &'static str,
    pub expired_text: &'static str,
    pub unchanged: &'static str,
    pub not_one_click: &'static str,
    pub bad_form: &'static str,
    pub method: &'static str,
    pub too_large: &'static str,
    /// The body has a content coding.
    pub encoded: &'static str,
    /// No more can be kept of the reader.
    pub full: &'static str,
    pub internal: &'static str,
    pub internal_text: &'static str,
    pub unavailable_text: &'static str,
}

impl Translation {
    /// A channel's name and hint.
    pub fn channel(&self, channel: Channel) -> [&'static str; 2] {
        of_channel(&self.channel, channel)
    }

    /// A weekday's name and its short form.
    pub fn day(&self, day: Weekday) -> [&'static str; 2] {
        let position = Weekday::ALL.iter().position(|one| *one == day);
        position.and_then(|n| self.day.get(n)).copied().unwrap_or_default()
    }

    /// The name of a group without a category: the texts here for the product's own groups, the group's own name for any other.
    pub fn group<'a>(&self, groups: &KnownGroups, name: &'a str) -> &'a str {
        let position = groups.own().iter().position(|own| own == name);
        position.and_then(|n| self.group.get(n)).copied().unwrap_or(name)
    }

    /// The question of an email's unsubscribe link.
    pub fn ask(&self, channel: Channel, group: Option<&str>) -> String {
        group.map_or_else(
            || of_channel(&self.ask_channel, channel).to_owned(),
            |group| self.ask_group.replace("{}", group),
        )
    }

    /// The confirmation of an opt-out.
    pub fn out(&self, channel: Channel, group: Option<&str>) -> String {
        group.map_or_else(
            || of_channel(&self.out_channel, channel).to_owned(),
            |group| self.out_group.replace("{}", group),
        )
    }
}

fn of_channel<T: Copy>(all: &[T; 5], channel: Channel) -> T {
    match channel {
        Channel::Email => all[0],
        Channel::Push => all[1],
        Channel::Sms => all[2],
        Channel::Slack => all[3],
        Channel::InApp => all[4],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Every text with its name, those in lists included.
    fn texts(prefix: &str, value: &Value, all: &mut Vec<(String, String)>) {
        match value {
            Value::String(text) => all.push((prefix.to_owned(), text.clone())),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(n, item)| texts(&format!("{prefix}.{n}"), item, all))
            }
            Value::Object(fields) => {
                fields.iter().for_each(|(name, item)| texts(&format!("{prefix}.{name}"), item, all))
            }
            other => panic!("{prefix} is {other}"),
        }
    }

    fn of(language: Language) -> Vec<(String, String)> {
        let mut all = Vec::new();
        texts("", &serde_json::to_value(language.translation()).unwrap(), &mut all);
        all
    }

    #[test]
    fn no_language_lacks_a_text_and_names_stand_in_the_same_ones() {
        // Texts that two languages may share.
        const ALIKE: [&str; 8] =
            [".channel.", ".group.", ".day.", ".region", ".zone", ".channels", ".groups", ".intro"];
        let english = of(Language::default());
        assert!(english.len() > 90, "{}", english.len());
        for language in Language::all() {
            let texts = of(language);
            assert_eq!(texts.len(), english.len());
            for ((name, text), (_, original)) in texts.iter().zip(&english) {
                assert!(!text.trim().is_empty() && text.trim() == text, "{language:?}{name}");
                assert_eq!(text.matches("{}").count(), original.matches("{}").count(), "{language:?}{name}");
                let alike = language == Language::default() || ALIKE.iter().any(|part| name.starts_with(part));
                assert!(alike || text != original, "{language:?}{name} is in English");
            }
        }
    }

    #[test]
    fn a_language_goes_by_the_first_part_of_its_tag() {
        for (tag, language) in [
            ("de", Some("de")),
            ("de-AT", Some("de")),
            ("FR-ca", Some("fr")),
            ("es-419", Some("es")),
            ("en-US", Some("en")),
            ("it-IT", None),
            ("d", None),
            ("", None),
        ] {
            assert_eq!(Language::of(tag).map(|language| language.translation().tag), language, "{tag}");
        }
    }

    #[test]
    fn the_product_s_groups_have_names_and_others_keep_theirs() {
        let groups = KnownGroups::with_custom("weekly <digest>").unwrap();
        assert_eq!(groups.own().len(), Language::default().translation().group.len());
        assert_eq!(Language::default().translation().group(&groups, &groups.own()[9]), "Ticket changes");
        assert_eq!(Language::of("de").unwrap().translation().group(&groups, "weekly <digest>"), "weekly <digest>");
    }
}
