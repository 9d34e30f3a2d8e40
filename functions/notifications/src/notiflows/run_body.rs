//! The body of `POST /admin/v1/notiflows/{handle}/run`.

use std::collections::HashSet;

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};
use shared::{
    dialects::{
        native::kinds::EXTERNAL_ID,
        notiflows::kinds::{AVATAR, LOCALE, NAME, NAME_OR_NULL, PHONE, TIMEZONE},
    },
    domain::{
        EmailAddress, ExternalId, Field, TopicName, UserChange, UserId,
        json::Object,
        run::MAX_RECIPIENTS,
        user_change::{DisplayChange, EmailRule, ProfileChange},
    },
    http::request::{
        Reason, RequestBody, Shape,
        fault::Text,
        fields::{Fields, NOT_KNOWN},
        kind::{Kind, Place, Refused},
        kinds::{EMAIL, TOPIC_NAME},
        member::{Member, nullable, optional, required},
        objects::ExactWithin,
    },
    request_body,
    store::NewPerson,
};
use uuid::Uuid;

use crate::templates::variables::Variables;

request_body! {
    /// Either `recipients` or `topic`.
    pub struct NotiflowRunRequest as "NotiflowsRunRequest" {
        audience: Audience = RecipientsOrTopic,
        /// The variables of the template, also as `data`.
        data: Option<Map<String, Value>> = optional(Variables),
        /// The user who did what the run tells about; `actor` in templates.
        actor: Option<Person> = optional(OnePerson),
    }
}

/// Whom a request wants to reach.
#[derive(Clone, Debug, PartialEq)]
pub enum Audience {
    /// These people.
    Recipients(Vec<Person>),
    /// Who is subscribed to this topic.
    Topic(TopicName),
}

request_body! {
    /// From 1 to 1,000 users. One who is named twice counts once, as first described.
    struct ByRecipients {
        recipients: Vec<Person> = required(People),
    }
}

request_body! {
    /// Who is subscribed to a topic.
    struct ByTopic {
        topic: TopicName = required(TOPIC_NAME),
    }
}

/// Either the field of [`ByRecipients`], or that of [`ByTopic`].
struct RecipientsOrTopic;

impl Member for RecipientsOrTopic {
    type Value = Audience;

    fn read(&self, _: &'static str, fields: &mut Fields<'_>) -> Option<Audience> {
        match (fields.has("recipients"), fields.has("topic")) {
            (true, false) => Some(Audience::Recipients(ByRecipients::read(fields, &())?.recipients)),
            (false, true) => Some(Audience::Topic(ByTopic::read(fields, &())?.topic)),
            (true, true) => {
                fields.take("recipients");
                fields.take("topic");
                fields.fault("topic", Reason::Rule, "must not be given together with recipients");
                None
            }
            (false, false) => {
                fields.fault("recipients", Reason::Needed, "must be given, or a topic");
                None
            }
        }
    }

    fn describe(&self, _: &'static str, _: &[&str], shape: &mut Shape<'_>) {
        shape.one_of(&[("To recipients", ByRecipients::describe), ("To a topic", ByTopic::describe)]);
    }
}

request_body! {
    /// A user. One who is not there is created with these fields; one who is there is not changed.
    pub struct Person as "NotiflowsRunRecipient" {
        external_id: ExternalId = required(EXTERNAL_ID),
        email: Option<EmailAddress> = optional(EMAIL),
        phone: Field<String> = nullable(PHONE.saying("a telephone number such as +14155552671 (E.164), or null")),
        first_name: Field<String> = nullable(NAME.saying(NAME_OR_NULL)),
        last_name: Field<String> = nullable(NAME.saying(NAME_OR_NULL)),
        /// An http or https URL.
        avatar: Field<String> = nullable(AVATAR),
        locale: Field<String> = nullable(LOCALE),
        timezone: Field<String> = nullable(TIMEZONE),
        /// 8 KiB at most.
        custom_fields: Option<Object> = optional(ExactWithin),
    }
}

impl Person {
    /// The user's id.
    pub fn id(&self, namespace: Uuid) -> UserId {
        self.external_id.user_id(namespace)
    }

    /// The user who is created if there is none.
    pub fn described(self, namespace: Uuid) -> NewPerson {
        let id = self.id(namespace);
        let Self { external_id, email, phone, first_name, last_name, avatar, locale, timezone, custom_fields } = self;
        let change = UserChange {
            profile: ProfileChange { first_name, last_name, phone, avatar },
            display: DisplayChange { language: locale, timezone, ..DisplayChange::default() },
            email,
            email_rule: EmailRule::ByAdmin,
            custom: custom_fields.unwrap_or_default(),
            ..UserChange::default()
        };
        NewPerson { id, external_id: external_id.stored().map(str::to_owned), change }
    }
}

/// Each person once, as first described.
pub fn once(people: impl IntoIterator<Item = Person>, namespace: Uuid) -> Vec<NewPerson> {
    let mut seen = HashSet::new();
    let described = people.into_iter().map(|person| person.described(namespace));
    described.filter(|person| seen.insert(person.id)).collect()
}

/// From one to [`MAX_RECIPIENTS`] people.
struct People;

impl Kind for People {
    type Value = Vec<Person>;

    fn accepted(&self) -> Text {
        "a list of 1 to 1000 recipients".into()
    }

    fn read(&self, given: Value, place: &mut Place<'_>) -> Result<Vec<Person>, Refused> {
        let Value::Array(given) = given else { return Err(Refused::Type) };
        if !(1..=MAX_RECIPIENTS).contains(&given.len()) {
            place.fault(Reason::Length, "must have 1 to 1000 recipients");
            return Err(Refused::Noted);
        }
        let expected = given.len();
        let read = given.into_iter().enumerate().filter_map(|(index, one)| place.element(index, &OnePerson, one));
        let read: Vec<_> = read.collect();
        if read.len() == expected { Ok(read) } else { Err(Refused::Noted) }
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "array", "minItems": 1, "maxItems": MAX_RECIPIENTS, "items": OnePerson.schema(schemas),
        })
    }
}

/// One of them.
struct OnePerson;

impl Kind for OnePerson {
    type Value = Person;

    fn accepted(&self) -> Text {
        "an object with an external_id".into()
    }

    fn read(&self, given: Value, place: &mut Place<'_>) -> Result<Person, Refused> {
        let Value::Object(object) = given else { return Err(Refused::Type) };
        let path = place.path();
        let mut fields = Fields::inside(object, &path, place.faults);
        let read = Person::read(&mut fields, &());
        fields.nothing_left(NOT_KNOWN);
        read.ok_or(Refused::Noted)
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        schemas.subschema_for::<Person>()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::dialects::notiflows::FieldFault;

    use super::*;

    fn read(body: &Value) -> Result<NotiflowRunRequest, Vec<(String, &'static str)>> {
        NotiflowRunRequest::of(body.as_object().unwrap().clone(), None, &()).map_err(|faults| {
            faults.iter().cloned().map(FieldFault::from).map(|fault| (fault.field, fault.reason)).collect()
        })
    }

    fn people(body: &Value) -> Vec<Person> {
        match read(body).unwrap().audience {
            Audience::Recipients(people) => people,
            other @ Audience::Topic(_) => panic!("{other:?}"),
        }
    }

    #[test]
    fn there_are_recipients_or_a_topic() {
        let ada = json!({"external_id": "ada", "first_name": "Ada", "custom_fields": {"n": 1}});
        assert!(read(&json!({"recipients": [ada], "data": {"a": 1}, "actor": ada})).is_ok());
        assert!(read(&json!({"topic": "news"})).is_ok());
        for (body, field, reason) in [
            (json!({}), "recipients", "required"),
            (json!({"recipients": [ada], "topic": "news"}), "topic", "invalid"),
            (json!({"recipients": []}), "recipients", "length"),
            (json!({"recipients": vec![ada.clone(); 1001]}), "recipients", "length"),
            (json!({"recipients": null}), "recipients", "invalid"),
            (json!({"recipients": "ada"}), "recipients", "invalid"),
            (json!({"recipients": [ada, {"email": "a@example.com"}]}), "recipients[1].external_id", "required"),
            (json!({"recipients": [ada, "ada"]}), "recipients[1]", "invalid"),
            (json!({"recipients": [{"external_id": "a", "phone": "1"}]}), "recipients[0].phone", "invalid"),
            (json!({"recipients": [{"external_id": "a", "x": 1}]}), "recipients[0].x", "unknown"),
            (
                json!({"recipients": [{"external_id": "a", "custom_fields": []}]}),
                "recipients[0].custom_fields",
                "invalid",
            ),
            (json!({"topic": "a/b"}), "topic", "invalid"),
            (json!({"topic": "a", "actor": {}}), "actor.external_id", "required"),
            (json!({"topic": "a", "data": []}), "data", "invalid"),
            (json!({"topic": "a", "more": 1}), "more", "unknown"),
        ] {
            assert_eq!(read(&body).unwrap_err(), [(field.to_owned(), reason)], "{body}");
        }
        assert_eq!(people(&json!({"recipients": vec![ada; 1000]})).len(), 1000);
    }

    #[test]
    fn who_is_named_twice_counts_once_as_first_described() {
        let people = json!([{"external_id": "a", "first_name": "A"}, {"external_id": "b"}, {"external_id": "a"}]);
        let people = once(self::people(&json!({"recipients": people})), Uuid::nil());
        assert_eq!(people.len(), 2);
        assert_eq!(people[0].change.profile.first_name, Field::Value("A".into()));
        assert_eq!(people[0].external_id.as_deref(), Some("a"));
    }
}
