//! Reads and checks a template channel by channel, so that each fault says where it is.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{
    fault::Fault,
    fill::filled,
    rehearsal::{self, OwnedSource},
    source::{self, Kind},
    template::{AlertTemplate, Email, MAX_BLOCKS, MAX_DATA, MAX_NAME, Parts, Slack, Sms},
};
use crate::domain::{Channel, push_data, text::is_line};

/// The most locales of a template, because a change replaces all of them in one transaction.
pub const MAX_LOCALES: usize = 40;
/// The most texts in a Slack message, because each text may take the full number of steps.
const MAX_TEXTS: usize = 500;

impl Parts {
    /// Reads a template's parts in one locale: an object with one member for each channel. The error has one sentence
    /// for each fault. A sentence begins with the place of the fault: `email.subject, line 1: …`.
    pub fn read(value: &Value) -> Result<Self, Vec<String>> {
        let Value::Object(members) = value else { return Err(vec!["must be an object of channels".into()]) };
        let mut parts = Self::default();
        let mut faults = Vec::new();
        if members.is_empty() {
            faults.push(format!("must have a part for at least one channel: one of {}", Channel::names()));
        }
        for (name, value) in members {
            match Channel::parse(name) {
                Some(channel) => faults.extend(parts.set(channel, value).err().map(|error| format!("{name}: {error}"))),
                None => faults.push(format!("{name} is not a channel: it must be one of {}", Channel::names())),
            }
        }
        faults.extend(parts.faults().into_iter().map(|fault| fault.to_string()));
        if faults.is_empty() { Ok(parts) } else { Err(faults) }
    }

    fn set(&mut self, channel: Channel, value: &Value) -> Result<(), serde_json::Error> {
        fn read<T: DeserializeOwned>(value: &Value) -> Result<Option<T>, serde_json::Error> {
            // `null` is an error. A channel without content is left out.
            serde_json::from_value(value.clone()).map(Some)
        }
        match channel {
            Channel::Email => self.email = read::<Email>(value)?,
            Channel::Push => self.push = read::<AlertTemplate>(value)?,
            Channel::Sms => self.sms = read::<Sms>(value)?,
            Channel::Slack => self.slack = read::<Slack>(value)?,
            Channel::InApp => self.in_app = read::<AlertTemplate>(value)?,
        }
        Ok(())
    }

    fn faults(&self) -> Vec<Fault> {
        let mut faults = self.bounds();
        for channel in Channel::ALL {
            let reader = rehearsal::reader(channel, true);
            let sources = self.sources(channel).into_iter();
            faults.extend(sources.filter_map(|source| rehearsal::check(&source.borrow(), &reader).err()));
            let fixed = self.is_fixed(channel).then(|| filled(self, channel, &Map::new(), &reader));
            faults.extend(fixed.and_then(Result::err).filter(|fault| fault.is_length));
        }
        faults
    }

    /// Whether the part for `channel` comes out the same for all variables and recipients.
    fn is_fixed(&self, channel: Channel) -> bool {
        self.sources(channel).iter().all(|source| !source.text.contains("{{") && !source.text.contains("{%"))
    }

    /// The faults that concern more than one text.
    fn bounds(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.email.as_ref().is_some_and(|email| email.text.is_none() && email.html.is_none()) {
            faults.push(Fault::new("email", "it must have a text, html, or both"));
        }
        if let Some(Slack { text, blocks }) = &self.slack {
            if text.trim().is_empty() {
                faults.push(Fault::new("slack.text", "it must not be blank"));
            }
            if blocks.len() > MAX_BLOCKS || !blocks.iter().all(Value::is_object) {
                faults.push(Fault::new("slack.blocks", format!("it must be a list of at most {MAX_BLOCKS} objects")));
            }
            if self.sources(Channel::Slack).len() > MAX_TEXTS {
                faults.push(Fault::new("slack.blocks", format!("it must not contain more than {MAX_TEXTS} texts")));
            }
        }
        for (name, notice) in [("push", &self.push), ("in_app", &self.in_app)] {
            let Some(AlertTemplate { data, .. }) = notice else { continue };
            if data.len() > MAX_DATA || !data.keys().all(|key| is_line(key, MAX_NAME)) {
                let accepted = format!("at most {MAX_DATA} texts by names of 1 to {MAX_NAME} characters");
                faults.push(Fault::new(&format!("{name}.data"), format!("it must be {accepted}")));
            }
        }
        let taken = self.push.iter().flat_map(|push| push.data.keys()).filter(|name| push_data::is_taken(name));
        faults.extend(taken.map(|name| {
            let all = push_data::taken();
            Fault::new(&format!("push.data.{name}"), format!("it must have another name: {all} are taken"))
        }));
        faults
    }

    /// All texts of the part for `channel`.
    pub(super) fn sources(&self, channel: Channel) -> Vec<OwnedSource> {
        let mut all = Vec::new();
        let mut add = |part: String, text: &str, kind| all.push(OwnedSource { part, text: text.to_owned(), kind });
        let mut notice = |name: &str, notice: &AlertTemplate, kind| {
            let AlertTemplate { title, body, data } = notice;
            if let Some(title) = title {
                add(format!("{name}.title"), title, Kind::Line);
            }
            add(format!("{name}.body"), body, kind);
            data.iter().for_each(|(key, text)| add(format!("{name}.data.{key}"), text, Kind::Datum));
        };
        match channel {
            Channel::Email => {
                if let Some(Email { subject, text, html }) = &self.email {
                    add("email.subject".into(), subject, Kind::Line);
                    text.iter().for_each(|text| add("email.text".into(), text, Kind::Text));
                    html.iter().for_each(|html| add("email.html".into(), html, Kind::Html));
                }
            }
            Channel::Push => self.push.iter().for_each(|push| notice("push", push, Kind::Body)),
            Channel::InApp => self.in_app.iter().for_each(|entry| notice("in_app", entry, Kind::Entry)),
            Channel::Sms => self.sms.iter().for_each(|Sms { text }| add("sms.text".into(), text, Kind::Sms)),
            Channel::Slack => {
                if let Some(Slack { text, blocks }) = &self.slack {
                    add("slack.text".into(), text, Kind::Slack);
                    let walked = source::walk(blocks, &mut |part, text, kind| {
                        add(part, text, kind);
                        Ok::<_, std::convert::Infallible>(String::new())
                    });
                    drop(walked);
                }
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn faults(parts: Value) -> Vec<String> {
        Parts::read(&parts).unwrap_err()
    }

    #[test]
    fn a_template_that_cannot_work_is_refused_with_its_place() {
        let of = |text: &str| faults(json!({"sms": {"text": text}})).join("; ");
        for (text, expected) in [
            ("a\n{{ x", "sms.text, line 2: unexpected end of input, expected end of variable block"),
            ("{% if x %}", "sms.text, line 1: unexpected end of input"),
            ("{{ x|dat }}", "sms.text, line 1: filter dat is unknown"),
            ("{% if x %}ok{% else %}\n{{ y|dat }}{% endif %}", "sms.text, line 2: filter dat is unknown"),
            ("{% for x in y|sort %}{{ x.a|dat }}{% endfor %}", "sms.text, line 1: filter dat is unknown"),
            ("{{ x is shiny }}", "sms.text, line 1: test shiny is unknown"),
            ("{{ range(3) }}", "sms.text, line 1: range is unknown"),
            ("{% include 'other' %}", "sms.text, line 1: unknown statement include"),
            ("{% macro x() %}{% endmacro %}", "sms.text, line 1: unknown statement macro"),
            ("{{ user.email }}", "sms.text: user.email is not known: a user has name, first_name"),
            (" ", "sms.text: it must not be blank"),
            ("a\0b", "sms.text: it must not contain a NUL character"),
            (&"x".repeat(65_537), "sms.text: it must not be longer than 65536 bytes"),
        ] {
            let told = of(text);
            assert!(told.starts_with(expected), "{text}: {told}");
        }
        for (name, text) in [
            ("unsubscribe_url", "{{ unsubscribe_url }}"),
            ("preferences_url", "{% if preferences_url is defined %}{{ preferences_url }}{% endif %}"),
        ] {
            let parts = json!({
                "email": {"subject": "S", "text": text, "html": text}, "sms": {"text": text},
                "push": {"title": text, "body": "b", "data": {"a": text}}, "in_app": {"body": text},
                "slack": {"text": text, "blocks": [{"url": text}]},
            });
            let places = ["push.title", "push.data.a", "sms.text", "slack.text", "slack.blocks[0].url", "in_app.body"];
            let expected = places.map(|place| format!("{place}: {name} is not known here: only an email has it"));
            assert_eq!(faults(parts), expected);
        }
        for good in [
            "{{ x|date }} {{ y.z|weight }}",
            "{% set x = 1 %}{{ x }}",
            "{% for a in b if a.c %}{{ loop.index }}{% endfor %}",
        ] {
            assert!(Parts::read(&json!({"sms": {"text": good}})).is_ok(), "{good}");
        }
    }

    #[test]
    fn parts_have_their_shape_and_their_bounds() {
        for (parts, expected) in [
            (json!([]), "must be an object of channels"),
            (json!({}), "must have a part for at least one channel: one of email, push, sms, slack, in_app"),
            (json!({"fax": {}}), "fax is not a channel: it must be one of email, push, sms, slack, in_app"),
            (json!({"email": null}), "email: invalid type: null, expected struct Email"),
            (json!({"email": {"subject": "x"}}), "email: it must have a text, html, or both"),
            (json!({"email": {"text": "x"}}), "email: missing field `subject`"),
            (json!({"email": {"subject": "x", "text": "x", "body": "x"}}), "email: unknown field `body`"),
            (
                json!({"email": {"subject": "a\nb", "text": "x"}}),
                "email.subject: it must be a line of 1 to 1000 characters",
            ),
            (
                json!({"email": {"subject": "x", "text": "x", "html": null}}),
                "email: invalid type: null, expected a string",
            ),
            (json!({"in_app": {"body": " "}}), "in_app.body: it must not be blank"),
            (json!({"push": {"body": "x", "data": {"a\nb": "x"}}}), "push.data: it must be at most 50 texts by names"),
            (
                json!({"push": {"body": "x", "data": {"order": "1", "gcm.n.e": "1"}}}),
                "push.data.gcm.n.e: it must have another name: aps, collapse_key, from, message_type, notification_id and",
            ),
            (
                json!({"in_app": {"body": "x", "data": {"a": 1}}}),
                "in_app: invalid type: integer `1`, expected a string",
            ),
            (json!({"slack": {"text": "x", "blocks": ["x"]}}), "slack.blocks: it must be a list of at most 50 objects"),
            (
                json!({"slack": {"text": "x", "blocks": [{"a": [{"text": "{{"}]}]}}),
                "slack.blocks[0].a[0].text, line 1: unexpected end",
            ),
        ] {
            let told = faults(parts.clone());
            assert!(told.iter().any(|told| told.starts_with(expected)), "{parts}: {told:?}");
        }
        assert!(
            Parts::read(&json!({"in_app": {"body": "x", "data": {"from": "Ada"}}})).is_ok(),
            "it goes to no platform"
        );
        let long = json!({"sms": {"text": "x".repeat(1601)}, "push": {"body": "x".repeat(4096)}});
        assert_eq!(
            faults(long),
            [
                "push: the rendered text has 4200 bytes of payload, and at most 4096 are accepted",
                "sms.text: the rendered text has 1601 characters, and at most 1600 are accepted",
            ],
            "no variable makes it shorter"
        );
        let many = json!({"slack": {"text": "x", "blocks": [{"a": vec!["x"; 501]}]}});
        assert_eq!(faults(many), ["slack.blocks: it must not contain more than 500 texts"]);
        assert_eq!(
            faults(json!({"sms": {"text": "{{"}, "push": {"body": "{{ x|a }}"}})).len(),
            2,
            "all faults are told"
        );
    }
}
