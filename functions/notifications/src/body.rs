//! The body of `POST /api/v1/notifications`, and of `POST /api/v1/notifications/explain`.

use schemars::json_schema;
use serde_json::{Map, Value, json};
use shared::{
    dialects::native::{NamedUser, OneUser},
    domain::{Category, Channel, Content, Timestamp, notification::MAX_GROUP, text::WORDS_PATTERN},
    hash::sha256_hex,
    http::request::{
        Reason, RequestBody, Shape,
        fields::Fields,
        kind::Kind,
        kinds::{CHANNEL, Flag, Line, TEMPLATE_CODE, TIME, Text, Whole, text},
        lists::SeveralChannels,
        member::{Member, flat, optional, or, required},
        objects::{AnyObject, nested},
    },
    request_body,
};

use crate::templates::variables::Variables;

/// The most characters of a subject, a title or a request id.
pub const MAX_LINE: usize = 255;
/// A group's handle.
const GROUP: Line = Line(MAX_GROUP);
/// The text of a message.
const WORDS: Text<String> = text(
    "a text that is not blank",
    |words| (!words.trim().is_empty() && !words.contains('\0')).then(|| words.to_owned()),
    |_| json_schema!({"type": "string", "minLength": 1, "pattern": WORDS_PATTERN}),
);

request_body! {
    /// Either `template_code`, with or without `variables`, or `content`, or neither and a `category` that has a template.
    pub struct NotificationRequest as "NotificationRequest" {
        to: Destination = flat::<Destination>(),
        recipient: NamedUser = OneUser,
        wording: Wording = TemplateOrWords,
        /// A second request with the same id and body is the same notification; nothing is sent twice.
        request_id: Option<String> = optional(Line(MAX_LINE)),
        /// 1 is the most urgent.
        priority: u8 = or(Whole(1_u8, 5), 3),
        /// The sender's own data; stored and never sent.
        metadata: Option<Map<String, Value>> = optional(AnyObject),
        about: About = flat::<About>(),
        /// If `true`, opt-outs and quiet hours do not stop the notification. If it is left out: what its category says, or `false`.
        critical: Option<bool> = optional(Flag),
        span: Span = flat::<Span>(),
        /// If `true`, a delivery with an unknown outcome fails instead of being sent again.
        at_most_once: bool = or(Flag, false),
    }
}

request_body! {
    /// The channels that it is sent on.
    pub struct Destination {
        /// One channel; the name of this field is historical. Give this, or `channels`, or neither: then the notification goes to every channel that has a provider and, with a template, a part in the template.
        notification_type: Option<Channel> = optional(CHANNEL),
        /// The channels, if they are several. Each has a delivery of its own. A channel that is named twice counts once.
        channels: Option<Vec<Channel>> = optional(SeveralChannels),
    }
    rule {
        let both = notification_type.flatten().zip(channels.as_ref().and_then(Option::as_ref));
        both.map(|_| ("", Reason::Rule, "notification_type and channels must not be given together: give one of them"))
    }
    extend { json!({"not": {"required": ["notification_type", "channels"]}}) }
}

impl Destination {
    /// The channels that the sender named, each once, in the sender's order. `None`: the sender named none.
    pub fn named(self) -> Option<Vec<Channel>> {
        let Self { notification_type, channels } = self;
        channels.or_else(|| notification_type.map(|channel| vec![channel]))
    }
}

request_body! {
    /// What it is about.
    pub struct About {
        /// The category that a user may opt out of, by its handle. What the notification does not say itself, its category says: its channels, its template and whether it is critical.
        category: Option<String> = optional(GROUP.saying("a category's handle of 1 to 128 characters")),
        /// The older name of `category`. A group needs no category.
        group: Option<String> = optional(GROUP.saying("a group's handle of 1 to 128 characters")),
    }
    rule {
        let both = category.as_ref().and_then(Option::as_ref).zip(group.as_ref().and_then(Option::as_ref));
        both.map(|_| ("", Reason::Rule, "category and group must not be given together: give one of them"))
    }
    extend { json!({"not": {"required": ["category", "group"]}}) }
}

impl About {
    /// The handle, by whichever name.
    pub fn handle(&self) -> Option<&str> {
        self.category.as_deref().or(self.group.as_deref())
    }
}

/// What to send.
#[derive(Clone, Debug, PartialEq)]
pub enum Wording {
    /// What the request says.
    Own(Content),
    /// The template of its category, with these variables.
    OfCategory(Map<String, Value>),
}

impl Wording {
    /// The content. `None`: the request leaves it to its category, and the category has no template.
    pub fn content(self, category: Option<&Category>) -> Option<Content> {
        match self {
            Self::Own(content) => Some(content),
            Self::OfCategory(variables) => {
                let template_code = category?.template_code.clone()?;
                Some(Content::Template { template_code, variables })
            }
        }
    }
}

request_body! {
    /// When it may be sent.
    pub struct Span {
        /// The notification is not sent before this time, which has `Z` or an offset. At most 366 days ahead.
        send_at: Option<Timestamp> = optional(TIME),
        /// The notification is not sent after this time, which has `Z` or an offset. Must be later than `send_at`.
        expires_at: Option<Timestamp> = optional(TIME),
    }
    rule {
        let both = expires_at.flatten().zip(send_at.flatten());
        both.is_some_and(|(end, start)| end <= start).then_some(("expires_at", Reason::Rule, "must be later than send_at"))
    }
}

request_body! {
    /// A template, filled in.
    struct ByTemplate {
        template_code: String = required(TEMPLATE_CODE),
        /// The values for the template's variables, nested as the template needs them: `{"order": {"number": 4711}}` for `order.number`. A variable that the template uses must be there, unless the template has a default. `user`, `theme` and `units` are set by Tidings, whatever is given here, and in a run `recipient`.
        variables: Option<Map<String, Value>> = optional(Variables),
    }
}

request_body! {
    /// The template of the category, filled in.
    struct ByCategory {
        /// The values for the template's variables.
        variables: Option<Map<String, Value>> = optional(Variables),
    }
}

request_body! {
    /// The sender's own words.
    struct ByWords {
        content: RenderedContent = required(nested::<RenderedContent>("an object with a body")),
    }
}

request_body! {
    /// The sender's own words. They are sent literally: they are no template, and `{{ name }}` in them stays as it is.
    struct RenderedContent as "NotificationContent" {
        /// The subject of an email. If it is left out, the title or the first line of the text is used.
        subject: Option<String> = optional(Line(MAX_LINE)),
        /// The title of a push message and of an inbox entry. In a text message and in Slack it is the line above the text.
        title: Option<String> = optional(Line(MAX_LINE)),
        /// The text.
        body: String = required(WORDS),
    }
}

/// The words for a request that says nothing of what to send.
pub const NO_CONTENT: &str = "template_code or content is required";

/// Either the fields of [`ByTemplate`], or that of [`ByWords`], or, if it names a category, that of [`ByCategory`].
pub struct TemplateOrWords;

impl Member for TemplateOrWords {
    type Value = Wording;

    fn read(&self, _: &'static str, fields: &mut Fields<'_>) -> Option<Wording> {
        match (fields.has("template_code"), fields.has("content")) {
            (true, false) => {
                let ByTemplate { template_code, variables } = ByTemplate::read(fields, &())?;
                let variables = variables.unwrap_or_default();
                Some(Wording::Own(Content::Template { template_code, variables }))
            }
            (false, true) => {
                if fields.take("variables").is_some() {
                    fields.fault("variables", Reason::Rule, "go with template_code, not with content");
                }
                let RenderedContent { subject, title, body } = ByWords::read(fields, &())?.content;
                Some(Wording::Own(Content::Inline { subject, title, body }))
            }
            (true, true) => {
                fields.take("template_code");
                fields.take("content");
                let fault = "template_code and content must not be given together: give one of them";
                fields.fault("", Reason::Rule, fault);
                None
            }
            (false, false) if fields.has("category") || fields.has("group") => {
                let ByCategory { variables } = ByCategory::read(fields, &())?;
                Some(Wording::OfCategory(variables.unwrap_or_default()))
            }
            (false, false) => {
                fields.fault("", Reason::Needed, NO_CONTENT);
                None
            }
        }
    }

    fn describe(&self, _: &'static str, _: &[&str], shape: &mut Shape<'_>) {
        shape.one_of(&[
            ("By a template", ByTemplate::describe),
            ("With a text of its own", ByWords::describe),
            ("By the template of its category", ByCategory::describe),
        ]);
        let one_of = ["template_code", "content", "category", "group"].map(|name| json!({"required": [name]}));
        shape.rule(json!({"anyOf": one_of}));
    }
}

/// A hash of the JSON, with its keys sorted and without white space. Two bodies with the same hash count as the same.
pub fn hash(body: &Map<String, Value>) -> String {
    sha256_hex(Value::Object(body.clone()).to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::{dialects::native::Problem, http::body};

    use super::*;

    const USER: &str = "123e4567-e89b-12d3-a456-426614174000";

    fn read(body: Value) -> Result<NotificationRequest, Problem> {
        let body = body.as_object().unwrap().clone();
        NotificationRequest::of(body, None, &()).map_err(Problem::from)
    }

    fn faults(body: Value) -> Vec<String> {
        match read(body) {
            Err(problem) => problem.errors(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn words_or_a_template_but_one_of_them() {
        let words = read(json!({"user_id": USER, "content": {"body": "Hi"}})).unwrap();
        assert_eq!(words.wording, Wording::Own(Content::Inline { subject: None, title: None, body: "Hi".into() }));
        assert_eq!((words.to.named(), words.priority, words.critical), (None, 3, None));
        let urgent = read(json!({"user_id": USER, "content": {"body": "Hi"}, "priority": 1.0})).unwrap();
        assert_eq!(urgent.priority, 1, "a whole number however it is written");
        let template = read(json!({"user_id": USER, "template_code": "welcome", "variables": {"a": 1}})).unwrap();
        let code = |content: Option<Content>| match content {
            Some(Content::Template { template_code, .. }) => template_code,
            other => panic!("{other:?}"),
        };
        assert_eq!(code(template.wording.content(None)), "welcome");
        let left = read(json!({"user_id": USER, "category": "news", "variables": {"a": 1}})).unwrap();
        assert_eq!((left.about.handle(), left.wording.clone().content(None)), (Some("news"), None));
        let category = Category { template_code: Some("weekly".into()), ..Category::new("news") };
        assert_eq!(code(left.wording.content(Some(&category))), "weekly");
        assert_eq!(faults(json!({"user_id": USER})), ["template_code or content is required"]);
        let both = json!({"user_id": USER, "template_code": "x", "content": {"body": "Hi"}});
        assert_eq!(faults(both), ["template_code and content must not be given together: give one of them"]);
        let both = json!({"user_id": USER, "content": {"body": "Hi"}, "category": "a", "group": "a"});
        assert_eq!(faults(both), ["category and group must not be given together: give one of them"]);
    }

    #[test]
    fn one_channel_or_several_or_those_that_there_are() {
        let to = |more: Value| {
            let mut body = json!({"user_id": USER, "content": {"body": "Hi"}});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let named = |more| read(to(more)).unwrap().to.named();
        assert_eq!(named(json!({})), None);
        assert_eq!(named(json!({"notification_type": "sms"})), Some(vec![Channel::Sms]));
        let several = json!({"channels": ["push", "email", "push"]});
        assert_eq!(named(several), Some(vec![Channel::Push, Channel::Email]), "each once, in the sender's order");
        let all = Channel::ALL.map(Channel::as_str);
        assert_eq!(named(json!({"channels": all})), Some(Channel::ALL.to_vec()));
        const LIST: &str = "channels must be a list of 1 to 5 channels, each one of email, push, sms, slack, in_app";
        for (given, fault) in [
            (json!({"channels": []}), LIST),
            (json!({"channels": "email"}), LIST),
            (json!({"channels": null}), LIST),
            (json!({"channels": ["email", "email", "email", "email", "email", "email"]}), LIST),
            (json!({"channels": ["email", "fax"]}), "channels[1] must be one of email, push, sms, slack, in_app"),
            (json!({"channels": [null]}), "channels[0] must be one of email, push, sms, slack, in_app"),
            (
                json!({"channels": ["email"], "notification_type": "email"}),
                "notification_type and channels must not be given together: give one of them",
            ),
        ] {
            assert_eq!(faults(to(given.clone())), [fault], "{given}");
        }
    }

    #[test]
    fn every_fault_is_told_with_its_field() {
        let body = json!({
            "notification_type": "fax", "user_id": "x", "content": {"subject": "a\r\nBcc: x", "body": " "},
            "priority": 6, "metadata": [], "group": "", "critical": "yes", "variables": {},
            "send_at": 1, "expires_at": "tomorrow", "at_most_once": 1,
        });
        assert_eq!(
            faults(body),
            [
                "notification_type must be one of email, push, sms, slack, in_app",
                "user_id must be a UUID",
                "variables go with template_code, not with content",
                "content.subject must be a line of 1 to 255 characters",
                "content.body must be a text that is not blank",
                "priority must be a whole number from 1 to 5",
                "metadata must be an object",
                "group must be a group's handle of 1 to 128 characters",
                "critical must be true or false",
                "send_at must be a time with Z or an offset, such as 2026-03-01T10:00:00Z (RFC 3339)",
                "expires_at must be a time with Z or an offset, such as 2026-03-01T10:00:00Z (RFC 3339)",
                "at_most_once must be true or false",
            ]
        );
        let body = json!({
            "user_id": USER, "template_code": "x", "variables": {"unsubscribe_url": "x", "a": {"preferences_url": 1}},
        });
        let fault = "variables.unsubscribe_url is set by Tidings in email: give your variable another name";
        assert_eq!(faults(body), [fault]);
    }

    #[test]
    fn the_same_body_has_the_same_hash_however_it_is_written() {
        let of = |text: &str| hash(&body::object(&text.into()).unwrap());
        assert_eq!(of(r#"{"a":1,"b":{"c":2,"d":3}}"#), of(r#"{ "b": {"d":3, "c":2}, "a":1 }"#));
        assert_ne!(of(r#"{"a":1}"#), of(r#"{"a":2}"#));
        assert_ne!(of(r#"{"a":12345678901234567890}"#), of(r#"{"a":12345678901234567891}"#));
        assert_ne!(of(r#"{"a":0.30000000000000004}"#), of(r#"{"a":0.3}"#));
        let longer = body::object(&r#"{"variables":{"a":1234567890123456789012}}"#.into());
        assert!(longer.unwrap_err().to_string().starts_with("variables.a must be a number that can be kept exactly"));
    }
}
