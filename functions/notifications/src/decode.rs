//! The body of `POST /api/v1/notifications`.

use serde_json::{Map, Value};
use shared::{
    dialects::native::{Fields, Own, Problem, fields},
    domain::{Channel, Content, Field, Timestamp, UserId, notification},
    hash::sha256_hex,
    http::body::whole,
    render::is_code,
};

/// The most characters of a subject, a title, a template's code or a request id.
pub const LINE: usize = 255;

const A_TIME: &str = "a time such as 2026-03-01T10:00:00Z (RFC 3339)";

/// What a sender asks for.
#[derive(Debug)]
pub struct Asked {
    /// One channel; every one that has a provider where it is missing.
    pub channel: Option<Channel>,
    pub user_id: UserId,
    pub content: Content,
    /// The sender's idempotency key.
    pub request_id: Option<String>,
    pub priority: u8,
    pub metadata: Map<String, Value>,
    pub group: Option<String>,
    pub critical: bool,
    /// It is not sent before.
    pub send_at: Option<Timestamp>,
    /// After this it is not sent any more.
    pub expires_at: Option<Timestamp>,
    /// Whether it is given up rather than sent again where nobody knows if it was sent.
    pub at_most_once: bool,
}

/// The hash by which two bodies count as the same: of the JSON, its keys sorted and without white space.
pub fn hash(body: &Map<String, Value>) -> String {
    sha256_hex(Value::Object(body.clone()).to_string().as_bytes())
}

/// Reads the body.
pub fn notification(body: Map<String, Value>) -> Result<Asked, Problem> {
    let mut fields = Fields::new(body);
    let names = format!("one of {}", Channel::names());
    let channel = fields.optional("notification_type", &names, |v| Channel::parse(v.as_str()?));
    let user_id = fields.required("user_id", "a UUID", |v| UserId::parse(v.as_str()?));
    let content = content(&mut fields);
    let request_id = fields.optional("request_id", "a line of 1 to 255 characters", |v| fields::line(v, LINE));
    let priority = fields.optional("priority", "a whole number from 1 to 5", priority);
    let metadata = fields.optional("metadata", "an object", fields::object);
    let group = fields.optional("group", "a group's handle of 1 to 128 characters", |v| {
        fields::string(v).filter(|handle| notification::is_group(handle))
    });
    let critical = fields.optional("critical", "true or false", |v| v.as_bool());
    let time = |v: Value| v.as_str().and_then(Timestamp::parse);
    let send_at = fields.optional("send_at", A_TIME, time);
    let expires_at = fields.optional("expires_at", A_TIME, time);
    if expires_at.zip(send_at).is_some_and(|(end, start)| end <= start) {
        fields.fault("expires_at must be later than send_at");
    }
    let at_most_once = fields.optional("at_most_once", "true or false", |v| v.as_bool());
    let asked = user_id.zip(content).map(|(user_id, content)| Asked {
        channel,
        user_id,
        content,
        request_id,
        priority: priority.unwrap_or(3),
        metadata: metadata.unwrap_or_default(),
        group,
        critical: critical.unwrap_or(false),
        send_at,
        expires_at,
        at_most_once: at_most_once.unwrap_or(false),
    });
    fields.finish(asked)
}

/// Either `template_code` with `variables`, or `content`.
fn content(fields: &mut Fields) -> Option<Content> {
    match (fields.has("template_code"), fields.has("content")) {
        (true, false) => {
            let code =
                fields.required("template_code", "a template's code: 1 to 255 characters, none of / ? # %", |v| {
                    fields::string(v).filter(|code| is_code(code))
                });
            let variables = fields.optional("variables", "an object", fields::object).unwrap_or_default();
            code.map(|template_code| Content::Template { template_code, variables })
        }
        (false, true) => {
            if !matches!(fields.take("variables"), Field::Absent) {
                fields.fault("variables go with template_code, not with content");
            }
            let content = fields.required("content", "an object with a body", fields::object)?;
            inline(fields, content)
        }
        (true, true) => {
            fields.fault("template_code and content exclude each other: give one of them");
            fields.take("template_code");
            fields.take("content");
            None
        }
        (false, false) => {
            fields.fault("template_code or content is required");
            None
        }
    }
}

fn inline(outer: &mut Fields, content: Map<String, Value>) -> Option<Content> {
    let mut inner = Fields::new(content);
    let subject = inner.optional("subject", "a line of 1 to 255 characters", |v| fields::line(v, LINE));
    let title = inner.optional("title", "a line of 1 to 255 characters", |v| fields::line(v, LINE));
    let body = inner.required("body", "a text that is not blank", |v| {
        fields::string(v).filter(|text| !text.trim().is_empty() && !text.contains('\0'))
    });
    match inner.finish(body.map(|body| Content::Inline { subject, title, body })) {
        Ok(content) => Some(content),
        Err(Problem::Own(Own::Validation(faults))) => {
            faults.into_iter().for_each(|fault| outer.fault(format!("content.{fault}")));
            None
        }
        Err(_) => None,
    }
}

fn priority(value: Value) -> Option<u8> {
    whole(&value).and_then(|n| u8::try_from(n).ok()).filter(|n| (1..=5).contains(n))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const USER: &str = "123e4567-e89b-12d3-a456-426614174000";

    fn read(body: Value) -> Result<Asked, Problem> {
        notification(body.as_object().unwrap().clone())
    }

    fn faults(body: Value) -> Vec<String> {
        match read(body) {
            Err(Problem::Own(Own::Validation(faults))) => faults,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn words_or_a_template_but_one_of_them() {
        let words = read(json!({"user_id": USER, "content": {"body": "Hi"}})).unwrap();
        assert_eq!(words.content, Content::Inline { subject: None, title: None, body: "Hi".into() });
        assert_eq!((words.channel, words.priority, words.critical), (None, 3, false));
        let urgent = read(json!({"user_id": USER, "content": {"body": "Hi"}, "priority": 1.0})).unwrap();
        assert_eq!(urgent.priority, 1, "a whole number however it is written");
        let template = read(json!({"user_id": USER, "template_code": "welcome", "variables": {"a": 1}})).unwrap();
        assert!(matches!(template.content, Content::Template { template_code, .. } if template_code == "welcome"));
        assert_eq!(faults(json!({"user_id": USER})), ["template_code or content is required"]);
        let both = json!({"user_id": USER, "template_code": "x", "content": {"body": "Hi"}});
        assert_eq!(faults(both), ["template_code and content exclude each other: give one of them"]);
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
                "send_at must be a time such as 2026-03-01T10:00:00Z (RFC 3339)",
                "expires_at must be a time such as 2026-03-01T10:00:00Z (RFC 3339)",
                "at_most_once must be true or false",
            ]
        );
    }

    #[test]
    fn the_same_body_has_the_same_hash_however_it_is_written() {
        let of = |text: &str| hash(serde_json::from_str::<Value>(text).unwrap().as_object().unwrap());
        assert_eq!(of(r#"{"a":1,"b":{"c":2,"d":3}}"#), of(r#"{ "b": {"d":3, "c":2}, "a":1 }"#));
        assert_ne!(of(r#"{"a":1}"#), of(r#"{"a":2}"#));
    }
}
