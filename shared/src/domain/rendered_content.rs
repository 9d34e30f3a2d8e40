//! Rendered content: what a recipient reads on one channel.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    Channel,
    text::{ends_a_line, one_line},
};

/// The most characters of a subject or a title. It is ours: RFC 5322 and SES bound only the lines into which a long header is
/// folded.
pub const MAX_LINE: usize = 255;
/// A subject that is taken from the text is cut after this many characters: the length of a line that RFC 5322 §2.1.1 advises.
const SUBJECT_CHARACTERS: usize = 78;

/// The words of one delivery, in the form of its channel.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
#[schemars(rename = "RenderedContent")]
#[serde(rename_all = "snake_case")]
pub enum RenderedContent {
    /// An email.
    Email(Email),
    /// A message on a device's screen.
    Push(Alert),
    /// A text message.
    Sms(String),
    /// A message in a Slack conversation.
    Slack(Chat),
    /// An entry of the in-app inbox.
    InApp(Alert),
}

/// An email; it has a text, HTML, or both.
#[derive(Clone, Debug, Default, PartialEq, JsonSchema, Serialize)]
#[schemars(rename = "RenderedEmail")]
pub struct Email {
    /// One line.
    pub subject: Subject,
    /// The plain part.
    #[schemars(with = "String")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The HTML part.
    #[schemars(with = "String")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
}

/// An email's subject: one line, whatever it was made of.
#[derive(Clone, Debug, Default, PartialEq, JsonSchema, Serialize)]
#[schemars(inline)]
pub struct Subject(String);

impl Subject {
    /// The subject's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Subject {
    fn from(text: &str) -> Self {
        Self(one_line(text, MAX_LINE))
    }
}

/// A push message or an inbox entry, with its data for the application.
#[derive(Clone, Debug, Default, PartialEq, JsonSchema, Serialize)]
#[schemars(rename = "RenderedAlert")]
pub struct Alert {
    /// One line.
    #[schemars(with = "String")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The text.
    pub body: String,
    /// Data for the application. The user does not see them. If the provider takes only strings, other values are sent as JSON text.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
}

/// A Slack message.
#[derive(Clone, Debug, Default, PartialEq, JsonSchema, Serialize)]
#[schemars(rename = "RenderedChat")]
pub struct Chat {
    /// The text. If there are blocks, Slack shows the text in its own notification of the message.
    pub text: String,
    /// Block Kit's blocks.
    #[schemars(with = "Vec<Map<String, Value>>")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<Value>,
}

impl RenderedContent {
    /// The rendered content for `channel` of a sender's own text.
    pub fn inline(subject: Option<&str>, title: Option<&str>, body: &str, channel: Channel) -> Self {
        let line = title.or(subject).map(|line| one_line(line, MAX_LINE)).filter(|line| !line.is_empty());
        let alert = || Alert { title: line.clone(), body: body.to_owned(), data: Map::new() };
        let text = || match title {
            Some(title) => format!("{title}\n{body}"),
            None => body.to_owned(),
        };
        match channel {
            Channel::Email => {
                let subject = subject.or(title).map_or_else(|| first_line(body), Subject::from);
                Self::Email(Email { subject, text: Some(body.to_owned()), html: None })
            }
            Channel::Push => Self::Push(alert()),
            Channel::Sms => Self::Sms(text()),
            Channel::Slack => Self::Slack(Chat { text: escaped_for_slack(&text()), blocks: Vec::new() }),
            Channel::InApp => Self::InApp(alert()),
        }
    }
}

/// A text without Slack's markup: its three control characters are escaped
/// (<https://docs.slack.dev/messaging/formatting-message-text#escaping>). A text that is not escaped can mention a whole
/// company (`<!everyone>`), or show a link under another name.
pub fn escaped_for_slack(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The first line that is not blank, cut to the length of a subject.
fn first_line(text: &str) -> Subject {
    let lines = text.split(ends_a_line).map(|line| one_line(line, SUBJECT_CHARACTERS));
    Subject(lines.into_iter().find(|line| !line.is_empty()).unwrap_or_else(|| "Notification".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_made_of_what_there_is() {
        let subject = |subject: Option<&str>, title: Option<&str>, body: &str| match RenderedContent::inline(
            subject,
            title,
            body,
            Channel::Email,
        ) {
            RenderedContent::Email(email) => email.subject.as_str().to_owned(),
            other => panic!("{other:?}"),
        };
        assert_eq!(subject(Some("S"), Some("T"), "b"), "S");
        assert_eq!(subject(None, Some("T"), "b"), "T");
        for end in ["\n", "\r\n", "\r", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}"] {
            let body = format!("{end} First\u{1b}\tline {end}second{end}");
            assert_eq!(subject(None, None, &body), "First line", "{end:?}");
            let given = format!("one{end}two");
            assert_eq!(subject(Some(&given), None, "b"), "one two", "{end:?}");
            assert_eq!(subject(None, Some(&given), "b"), "one two", "{end:?}");
        }
        assert_eq!(subject(None, None, "\u{1b}\n\0"), "Notification");
        let (long, emoji) = ("x".repeat(77), "👩‍👩‍👧‍👦");
        assert_eq!(subject(None, None, &format!("{long}{emoji}")), long, "no part of an emoji");
        let longest = "x".repeat(255);
        assert_eq!(subject(Some(&format!("{longest}{emoji}")), None, "b"), longest);
    }

    #[test]
    fn each_channel_has_its_form() {
        let of = |channel| serde_json::to_value(RenderedContent::inline(None, Some("T"), "b", channel)).unwrap();
        assert_eq!(of(Channel::Push), serde_json::json!({"push": {"title": "T", "body": "b"}}));
        assert_eq!(of(Channel::InApp), serde_json::json!({"in_app": {"title": "T", "body": "b"}}));
        assert_eq!(of(Channel::Sms), serde_json::json!({"sms": "T\nb"}));
        assert_eq!(of(Channel::Slack), serde_json::json!({"slack": {"text": "T\nb"}}));
    }

    #[test]
    fn a_sender_s_own_words_are_words_on_each_channel_and_no_markup() {
        let (title, body) = ("<!everyone> &amp; <https://evil.example|a link>", "<script>1 < 2 & 3 > 2</script>");
        let of = |channel| serde_json::to_value(RenderedContent::inline(None, Some(title), body, channel)).unwrap();
        let slack = "&lt;!everyone&gt; &amp;amp; &lt;https://evil.example|a link&gt;\n\
                     &lt;script&gt;1 &lt; 2 &amp; 3 &gt; 2&lt;/script&gt;";
        assert_eq!(of(Channel::Slack), serde_json::json!({"slack": {"text": slack}}));
        // The other providers show a text as it is. An email has no HTML part.
        assert_eq!(of(Channel::Email), serde_json::json!({"email": {"subject": title, "text": body}}));
        assert_eq!(of(Channel::Push), serde_json::json!({"push": {"title": title, "body": body}}));
        assert_eq!(of(Channel::InApp), serde_json::json!({"in_app": {"title": title, "body": body}}));
        assert_eq!(of(Channel::Sms), serde_json::json!({"sms": format!("{title}\n{body}")}));
    }
}
