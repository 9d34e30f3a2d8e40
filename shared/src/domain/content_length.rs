//! How long content may be on each channel. The limits are those of the channels' providers. They also hold for a webhook
//! that carries such a channel, so that what is accepted does not depend on the recipient.

use serde_json::{Map, Value, json};
use thiserror::Error;

use super::{
    RenderedContent,
    rendered_content::{Alert, Chat},
};

/// The most characters of a text message (`MessageBody` in
/// <https://docs.aws.amazon.com/pinpoint/latest/apireference_smsvoicev2/API_SendTextMessage.html>).
pub const SMS_CHARACTERS: usize = 1600;
/// The most characters of a Slack message's text: Slack cuts the rest off
/// (<https://docs.slack.dev/reference/methods/chat.postMessage#truncating>).
pub const SLACK_CHARACTERS: usize = 40_000;
/// The most bytes of a push message's payload, for Apple and for Google alike
/// (<https://developer.apple.com/documentation/usernotifications/generating-a-remote-notification>,
/// <https://firebase.google.com/docs/cloud-messaging/customize-messages/set-message-type>).
pub const PUSH_BYTES: usize = 4096;

// The limits of Block Kit (<https://docs.slack.dev/reference/block-kit/blocks>, and `composition-objects/text-object`).
const SLACK_TEXT_OBJECT: usize = 3000;
const SLACK_SECTION_FIELD: usize = 2000;
const SLACK_HEADER: usize = 150;
const SLACK_BUTTON: usize = 75;
const SLACK_MARKDOWN: usize = 12_000;

/// Content that is longer than the channel's provider accepts.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{length} {unit}, and at most {most} are accepted")]
pub struct TooLong {
    /// The part, such as `sms.text`.
    pub part: String,
    /// Its length.
    pub length: usize,
    /// The most that is accepted.
    pub most: usize,
    /// What is counted.
    pub unit: &'static str,
}

impl RenderedContent {
    /// The first part that is longer than the channel's provider accepts; `None` if there is none. Email and the inbox
    /// have no limit that a request's body could exceed.
    pub fn too_long(&self) -> Option<TooLong> {
        match self {
            Self::Sms(text) => characters("sms.text", text, SMS_CHARACTERS),
            Self::Slack(Chat { text, blocks }) => {
                characters("slack.text", text, SLACK_CHARACTERS).or_else(|| too_long_blocks(blocks))
            }
            Self::Push(alert) => longer("push", alert.push_bytes(), PUSH_BYTES, "bytes of payload"),
            Self::Email(_) | Self::InApp(_) => None,
        }
    }
}

impl Alert {
    /// The bytes of the push message's payload as JSON, of Apple's or of Google's, whichever is longer.
    pub fn push_bytes(&self) -> usize {
        let Self { title, body, data } = self;
        let id = "0".repeat(36);
        let mut alert = Map::from_iter([("body".to_owned(), json!(body))]);
        alert.extend(title.iter().map(|title| ("title".to_owned(), json!(title))));
        let mut apple = data.clone();
        apple.insert("aps".into(), json!({"alert": alert, "sound": "default"}));
        apple.insert("notification_id".into(), json!(id));
        // Google accepts only strings as data.
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let mut texts: Map<_, _> = data.iter().map(|(name, value)| (name.clone(), text(value).into())).collect();
        texts.insert("notification_id".into(), json!(id));
        let google = json!({"notification": alert, "data": texts});
        Value::Object(apple).to_string().len().max(google.to_string().len())
    }
}

/// The first text in the blocks that is too long.
fn too_long_blocks(blocks: &[Value]) -> Option<TooLong> {
    let each = |(index, block)| {
        let path = format!("slack.blocks[{index}]");
        match (kind(block), &block["text"]) {
            // Its text is no text object.
            (Some("markdown"), Value::String(text)) => characters(&format!("{path}.text"), text, SLACK_MARKDOWN),
            _ => too_long_value(block, &path, SLACK_TEXT_OBJECT),
        }
    };
    blocks.iter().enumerate().find_map(each)
}

/// The first text object in `value` that is too long. `most` is for a text object here.
fn too_long_value(value: &Value, path: &str, most: usize) -> Option<TooLong> {
    match (value, kind(value)) {
        (Value::Object(members), Some("mrkdwn" | "plain_text")) => {
            let text = members.get("text").and_then(Value::as_str)?;
            characters(&format!("{path}.text"), text, most)
        }
        (Value::Object(members), kind) => members.iter().find_map(|(name, member)| {
            let most = match (kind, name.as_str()) {
                (Some("header"), "text") => SLACK_HEADER,
                (Some("button"), "text") => SLACK_BUTTON,
                (Some("section"), "fields") => SLACK_SECTION_FIELD,
                _ => SLACK_TEXT_OBJECT,
            };
            too_long_value(member, &format!("{path}.{name}"), most)
        }),
        (Value::Array(all), _) => {
            all.iter().enumerate().find_map(|(index, one)| too_long_value(one, &format!("{path}[{index}]"), most))
        }
        _ => None,
    }
}

fn kind(value: &Value) -> Option<&str> {
    value.get("type").and_then(Value::as_str)
}

fn characters(part: &str, text: &str, most: usize) -> Option<TooLong> {
    longer(part, text.chars().count(), most, "characters")
}

fn longer(part: &str, length: usize, most: usize, unit: &'static str) -> Option<TooLong> {
    (length > most).then(|| TooLong { part: part.to_owned(), length, most, unit })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(content: RenderedContent) -> Option<String> {
        content.too_long().map(|too_long| format!("{}: {too_long}", too_long.part))
    }

    #[test]
    fn a_text_message_and_a_chat_are_counted_in_characters() {
        let sms = |text: &str, count: usize| told(RenderedContent::Sms(text.repeat(count)));
        assert_eq!((sms("x", 1600), sms("ü", 1600), sms("😀", 1600)), (None, None, None));
        assert_eq!(sms("ü", 1601).unwrap(), "sms.text: 1601 characters, and at most 1600 are accepted");
        let slack = |text: &str, count: usize| {
            told(RenderedContent::Slack(Chat { text: text.repeat(count), ..Chat::default() }))
        };
        assert_eq!(slack("😀", 40_000), None);
        assert_eq!(slack("x", 40_001).unwrap(), "slack.text: 40001 characters, and at most 40000 are accepted");
    }

    #[test]
    fn a_push_message_is_counted_in_bytes_with_all_that_its_payload_has() {
        let push = |alert: Alert| RenderedContent::Push(alert).too_long().map(|too_long| too_long.length);
        let of = |body: String| Alert { body, ..Alert::default() };
        let empty = of(String::new()).push_bytes();
        assert_eq!(push(of("x".repeat(4096 - empty))), None);
        assert_eq!(push(of("x".repeat(4097 - empty))), Some(4097));
        // Two bytes, and two characters of JSON.
        assert_eq!((of("ü".into()).push_bytes(), of("\"".into()).push_bytes()), (empty + 2, empty + 2));
        let data = json!({"a": "b".repeat(5000)}).as_object().unwrap().clone();
        assert!(push(Alert { data, ..of("b".into()) }).is_some());
        assert!(push(Alert { title: Some("t".repeat(4096)), ..of("b".into()) }).is_some());
        assert_eq!(told(RenderedContent::InApp(of("x".repeat(50_000)))), None);
    }

    #[test]
    fn each_text_of_slack_s_blocks_has_its_own_limit() {
        let of = |block: Value| {
            told(RenderedContent::Slack(Chat { text: "x".into(), blocks: vec![json!({"type": "divider"}), block] }))
        };
        let text = |count: usize| json!({"type": "mrkdwn", "text": "x".repeat(count)});
        for (block, place, most) in [
            ((&|n| json!({"type": "section", "text": text(n)})) as &dyn Fn(usize) -> Value, "text.text", 3000),
            (&|n| json!({"type": "section", "fields": [text(1), text(n)]}), "fields[1].text", 2000),
            (&|n| json!({"type": "header", "text": text(n)}), "text.text", 150),
            (&|n| json!({"type": "context", "elements": [text(n)]}), "elements[0].text", 3000),
            (
                &|n| json!({"type": "section", "accessory": {"type": "button", "text": text(n)}}),
                "accessory.text.text",
                75,
            ),
            (&|n| json!({"type": "markdown", "text": "x".repeat(n)}), "text", 12_000),
        ] {
            assert_eq!(of(block(most)), None, "{place}");
            let expected = format!("slack.blocks[1].{place}: {} characters, and at most {most} are accepted", most + 1);
            assert_eq!(of(block(most + 1)), Some(expected));
        }
    }
}
