//! The body of `POST /api/v1/runs`: that of a notification, with recipients or a topic in place of the one recipient.

use std::collections::HashSet;

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};
use shared::{
    dialects::native::{NamedUser, OneUser},
    domain::{TopicName, UserId, run::MAX_RECIPIENTS},
    http::request::{
        Reason, RequestBody, Shape,
        fault::Text as Accepted,
        fields::{Fields, NOT_KNOWN},
        kind::{Kind, Place, Refused},
        kinds::{Flag, Line, TOPIC_NAME, Whole},
        member::{Member, flat, optional, or, required},
        objects::AnyObject,
    },
    request_body,
};
use uuid::Uuid;

use crate::body::{About, Destination, MAX_LINE, NotificationRequest, Span, TemplateOrWords, Wording};

request_body! {
    /// Either `template_code`, with or without `variables`, or `content`, or neither and a `category` that has a template; either
    /// `recipients` or `topic`.
    pub struct RunRequest as "RunRequest" {
        to: Destination = flat::<Destination>(),
        audience: Wanted = RecipientsOrTopic,
        wording: Wording = TemplateOrWords,
        /// A second request with the same id and body is the same run; nothing is sent twice.
        request_id: Option<String> = optional(Line(MAX_LINE)),
        /// 1 is the most urgent.
        priority: u8 = or(Whole(1_u8, 5), 3),
        /// The sender's own data; stored and never sent.
        metadata: Option<Map<String, Value>> = optional(AnyObject),
        about: About = flat::<About>(),
        /// If `true`, opt-outs and quiet hours do not stop the notifications. If it is left out: what the category says, or `false`.
        critical: Option<bool> = optional(Flag),
        span: Span = flat::<Span>(),
        /// If `true`, a delivery with an unknown outcome fails instead of being sent again.
        at_most_once: bool = or(Flag, false),
    }
}

/// Whom a request wants to reach.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// These recipients.
    Recipients(Vec<NamedUser>),
    /// Who is subscribed to this topic.
    Topic(TopicName),
}

impl Wanted {
    /// The ids of the recipients, each once.
    pub fn ids(&self, namespace: Uuid) -> Vec<UserId> {
        let Self::Recipients(named) = self else { return Vec::new() };
        let mut seen = HashSet::new();
        named.iter().map(|user| user.id(namespace)).filter(|id| seen.insert(*id)).collect()
    }
}

impl RunRequest {
    /// The request for the notification to one recipient, and whom it is for.
    pub fn notification(self, recipient: UserId) -> (NotificationRequest, Wanted) {
        let Self { to, audience, wording, request_id, priority, metadata, about, critical, span, at_most_once } = self;
        let recipient = NamedUser::Id(recipient);
        let notification = NotificationRequest {
            to,
            recipient,
            wording,
            request_id,
            priority,
            metadata,
            about,
            critical,
            span,
            at_most_once,
        };
        (notification, audience)
    }
}

request_body! {
    /// Users, each by the id or by your own id. One who is named twice counts once.
    struct ByRecipients {
        recipients: Vec<NamedUser> = required(Recipients),
    }
}

request_body! {
    /// Who is subscribed to a topic when the run is accepted.
    struct ByTopic {
        topic: TopicName = required(TOPIC_NAME),
    }
}

/// Either the field of [`ByRecipients`], or that of [`ByTopic`].
struct RecipientsOrTopic;

impl Member for RecipientsOrTopic {
    type Value = Wanted;

    fn read(&self, _: &'static str, fields: &mut Fields<'_>) -> Option<Wanted> {
        match (fields.has("recipients"), fields.has("topic")) {
            (true, false) => Some(Wanted::Recipients(ByRecipients::read(fields, &())?.recipients)),
            (false, true) => Some(Wanted::Topic(ByTopic::read(fields, &())?.topic)),
            (true, true) => {
                fields.take("recipients");
                fields.take("topic");
                fields.fault("", Reason::Rule, "recipients and topic must not be given together: give one of them");
                None
            }
            (false, false) => {
                fields.fault("", Reason::Needed, "recipients or topic is required");
                None
            }
        }
    }

    fn describe(&self, _: &'static str, _: &[&str], shape: &mut Shape<'_>) {
        shape.one_of(&[("To recipients", ByRecipients::describe), ("To a topic", ByTopic::describe)]);
    }
}

/// From one to [`MAX_RECIPIENTS`] users.
struct Recipients;

impl Kind for Recipients {
    type Value = Vec<NamedUser>;

    fn accepted(&self) -> Accepted {
        "a list of 1 to 1000 recipients".into()
    }

    fn read(&self, given: Value, place: &mut Place<'_>) -> Result<Vec<NamedUser>, Refused> {
        let Value::Array(given) = given else { return Err(Refused::Type) };
        if !(1..=MAX_RECIPIENTS).contains(&given.len()) {
            place.fault(Reason::Length, "must have 1 to 1000 recipients");
            return Err(Refused::Noted);
        }
        let expected = given.len();
        let read = given.into_iter().enumerate().filter_map(|(index, user)| place.element(index, &Recipient, user));
        let read: Vec<_> = read.collect();
        if read.len() == expected { Ok(read) } else { Err(Refused::Noted) }
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "array", "minItems": 1, "maxItems": MAX_RECIPIENTS, "items": Recipient.schema(schemas),
        })
    }
}

request_body! {
    /// A recipient.
    struct RecipientBody as "RunRecipient" {
        user: NamedUser = OneUser,
    }
}

/// One of them.
struct Recipient;

impl Kind for Recipient {
    type Value = NamedUser;

    fn accepted(&self) -> Accepted {
        "an object with a user_id or an external_id".into()
    }

    fn read(&self, given: Value, place: &mut Place<'_>) -> Result<NamedUser, Refused> {
        let Value::Object(object) = given else { return Err(Refused::Type) };
        let path = place.path();
        let mut fields = Fields::inside(object, &path, place.faults);
        let read = RecipientBody::read(&mut fields, &());
        fields.nothing_left(NOT_KNOWN);
        read.map(|read| read.user).ok_or(Refused::Noted)
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        schemas.subschema_for::<RecipientBody>()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::dialects::native::Problem;

    use super::*;

    const USER: &str = "123e4567-e89b-12d3-a456-426614174000";

    fn read(more: Value) -> Result<RunRequest, Vec<String>> {
        let mut body = json!({"content": {"body": "Hi"}});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        RunRequest::of(body.as_object().unwrap().clone(), None, &()).map_err(|faults| Problem::from(faults).errors())
    }

    #[test]
    fn a_run_has_recipients_or_a_topic_and_each_recipient_counts_once() {
        let recipients =
            json!([{"user_id": USER}, {"external_id": "ada"}, {"external_id": USER}, {"external_id": "ada"}]);
        let run = read(json!({"recipients": recipients})).unwrap();
        assert_eq!(run.audience.ids(Uuid::nil()).len(), 2);
        let run = read(json!({"topic": "news"})).unwrap();
        assert_eq!(run.audience, Wanted::Topic(TopicName::parse("news").unwrap()));
        assert_eq!(read(json!({})).unwrap_err(), ["recipients or topic is required"]);
        let both = json!({"recipients": recipients, "topic": "news"});
        assert_eq!(read(both).unwrap_err(), ["recipients and topic must not be given together: give one of them"]);
    }

    #[test]
    fn there_are_one_to_a_thousand_and_each_bad_one_is_named_by_its_index() {
        let many =
            |n: usize| json!({"recipients": (0..n).map(|n| json!({"external_id": n.to_string()})).collect::<Vec<_>>()});
        assert_eq!(read(many(1000)).unwrap().audience.ids(Uuid::nil()).len(), 1000);
        for n in [0, 1001] {
            assert_eq!(read(many(n)).unwrap_err(), ["recipients must have 1 to 1000 recipients"]);
        }
        let bad = json!({"recipients": [{"user_id": "x"}, {"user_id": USER}, 7, {"external_id": "a", "x": 1}, {}]});
        assert_eq!(
            read(bad).unwrap_err(),
            [
                "recipients[0].user_id must be a UUID",
                "recipients[2] must be an object with a user_id or an external_id",
                "recipients[3].x is not a known field",
                "recipients[4] user_id or external_id is required: it must be a UUID, or your own id of the user",
            ]
        );
    }
}
