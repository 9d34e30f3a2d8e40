use lambda_http::Body;
use serde_json::{Value, json};

use super::{
    kind::{Kind, Place, Refused},
    kinds::{CHANNEL, EMAIL, Line, Whole},
    member::{expected, flat, later, nullable, optional, or, required},
    objects::{AnyObject, CHANNELS, ExactObject, nested},
    *,
};

use crate::{
    domain::{Channel, EmailAddress, Field, json::Object},
    http::openapi::{Document, Open},
    request_body,
};

request_body! {
    /// A body with
    /// everything.
    struct Sample as "SampleBody" {
        /// What people call it.
        name: String = required(Line(5)),
        nick: Field<String> = nullable(Line(5).saying("a nickname, or null")),
        channel: Option<Channel> = optional(CHANNEL),
        mail as "E-Mail": Option<EmailAddress> = optional(EMAIL),
        /// From one to nine.
        priority: u8 = or(Whole(1_u8, 9), 3),
        on: std::collections::BTreeMap<Channel, bool> = expected(CHANNELS),
        hours: Hours = flat::<Hours>(),
        inner: Option<Inner> = optional(nested::<Inner>("an object with a text")),
        exact: Option<Object> = optional(ExactObject("exact")),
    }
    extend { json!({"minProperties": 1}) }
}

request_body! {
    struct Hours {
        start: Option<u16> = optional(Whole(0_u16, 23)),
        end: Option<u16> = optional(Whole(0_u16, 23)),
    }
    rule {
        let both = start.flatten().zip(end.flatten());
        both.is_some_and(|(start, end)| start == end).then_some(("end", Reason::Rule, "must be later than start"))
    }
}

request_body! {
    struct Inner {
        text: String = required(Line(3)),
        free: Option<serde_json::Map<String, serde_json::Value>> = optional(AnyObject),
    }
}

request_body! {
    struct Coded (code: str) {
        code: String = required(Same(code)),
        raw: Option<serde_json::Value> = later::<Open>(),
    }
}

/// A text that the test knows before it reads the body.
struct Same<'a>(Option<&'a str>);

impl Kind for Same<'_> {
    type Value = String;

    fn accepted(&self) -> fault::Text {
        "the path's".into()
    }

    fn read(&self, given: Value, _: &mut Place<'_>) -> Result<String, Refused> {
        self.0.filter(|code| given == **code).map(str::to_owned).ok_or(Refused::Value)
    }

    fn schema(&self, _: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string"})
    }
}

fn faults(body: &str) -> Vec<String> {
    match Sample::decode(&Body::from(body)) {
        Err(Undecodable::Faults(faults)) => faults.iter().map(Fault::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_body_becomes_its_type() {
    let body = Body::from(
        r#"{"name":"Ada","nick":null,"channel":"sms","E-Mail":"a@example.com","on":{"email":false},"start":7,"end":8.0,
            "inner":{"text":"x"},"exact":{"n":12345678901234567890.123456789}}"#,
    );
    let Sample { name, nick, channel, mail, priority, on, hours, inner, exact } = Sample::decode(&body).unwrap();
    assert_eq!((name.as_str(), nick, channel, priority), ("Ada", Field::Null, Some(Channel::Sms), 3));
    assert_eq!((mail.unwrap().as_str(), on), ("a@example.com", [(Channel::Email, false)].into()));
    assert_eq!((hours.start, hours.end), (Some(7), Some(8)));
    assert_eq!(inner, Some(Inner { text: "x".into(), free: None }));
    assert_eq!(serde_json::to_string(&exact).unwrap(), r#"{"n":12345678901234567890.123456789}"#);
    let least = Sample::decode(&Body::from(r#"{"name":"Ada","on":{}}"#)).unwrap();
    assert_eq!((least.nick, least.mail, least.exact), (Field::Absent, None, None));
}

#[test]
fn all_faults_are_told_in_the_order_of_the_fields() {
    assert_eq!(
        faults(
            r#"{"zeal":1,"able":1,"nick":"","channel":"fax","E-Mail":null,"priority":10,"on":{"email":1,"fax":true},
                "start":7,"end":7,"inner":{"free":[],"more":1},"exact":{"a":{"":1}}}"#
        ),
        [
            "name is required: it must be a line of 1 to 5 characters",
            "nick must be a nickname, or null",
            "channel must be one of email, push, sms, slack, in_app",
            "E-Mail must be an email address",
            "priority must be a whole number from 1 to 9",
            "on.email must be true or false",
            "on.fax is not a channel: it must be one of email, push, sms, slack, in_app",
            "end must be later than start",
            "inner.text is required: it must be a line of 1 to 3 characters",
            "inner.free must be an object",
            "inner.more is not a known field",
            "exact.a has an empty key: keys must have at least one character",
            "able is not a known field",
            "zeal is not a known field",
        ]
    );
    assert_eq!(faults(r#"{"name":"x"}"#), ["on must be an object"]);
    assert_eq!(faults(r#"{"name":"x","on":{},"exact":null}"#), ["exact must be an object"]);
}

#[test]
fn a_value_of_another_type_is_told_apart_from_one_that_is_not_valid() {
    let reasons = |body: &str| match Sample::decode(&Body::from(body)) {
        Err(Undecodable::Faults(faults)) => faults.iter().map(|fault| fault.reason).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(reasons(r#"{"name":7,"on":{}}"#), [Reason::Type]);
    assert_eq!(reasons(r#"{"name":"","on":{},"channel":"fax"}"#), [Reason::Value, Reason::Value]);
    assert_eq!(reasons(r#"{"on":{},"x":1}"#), [Reason::Missing, Reason::Unknown]);
    assert_eq!(Sample::decode(&Body::from("[]")), Err(Undecodable::Body(crate::http::body::BodyError::NotAnObject)));
}

#[test]
fn a_number_outside_of_the_fields_that_keep_all_digits_is_exact_or_refused() {
    let number = "1234567890123456789012";
    for (body, at) in [
        (format!(r#"{{"priority":{number}}}"#), "priority"),
        (r#"{"priority":3.00000000000000000001}"#.to_owned(), "priority"),
        (format!(r#"{{"inner":{{"free":{{"a":[{number}]}}}}}}"#), "inner.free.a[0]"),
        (r#"{"inner":{"free":{"exact":1e400}}}"#.to_owned(), "inner.free.exact"),
    ] {
        let fault = match Sample::decode(&Body::from(body)) {
            Err(Undecodable::Body(error)) => error.to_string(),
            other => panic!("{other:?}"),
        };
        assert!(fault.starts_with(&format!("{at} must be a number that can be kept exactly")), "{fault}");
    }
    let kept = faults(r#"{"name":"x","on":{},"exact":{"a":1e400}}"#);
    assert!(kept[0].starts_with("exact.a must be 0 or a number between 1e-130"), "{kept:?}");
}

#[test]
fn twenty_faults_are_kept_and_the_rest_is_counted() {
    let body = Body::from(format!("{{{}}}", (0..100).map(|n| format!("\"x{n}\":1")).collect::<Vec<_>>().join(",")));
    let Err(Undecodable::Faults(faults)) = Sample::decode(&body) else { panic!() };
    // The fields that are missing count, too.
    assert_eq!((faults.len(), faults.more()), (20, 82));
}

#[test]
fn what_is_known_beforehand_is_used_in_reading() {
    let of = |body: &str| Coded::decode_with(&Body::from(body), "a");
    assert_eq!(of(r#"{"code":"a","raw":null}"#), Ok(Coded { code: "a".into(), raw: Some(Value::Null) }));
    assert!(of(r#"{"code":"b"}"#).is_err());
}

#[test]
fn the_document_has_what_the_reader_reads() {
    let mut doc = Document::default();
    doc.put("/a", "a", "A").body::<Sample>(json!({}));
    let whole = serde_json::to_value(doc.finish()).unwrap();
    let line = crate::domain::text::LINE_PATTERN;
    let text = |max: usize| json!({"type": "string", "minLength": 1, "maxLength": max, "pattern": line});
    let (mut name, mut nick) = (text(5), text(5));
    name["description"] = json!("What people call it.");
    nick["type"] = json!(["string", "null"]);
    let hour = json!({"type": "integer", "format": "uint16", "minimum": 0, "maximum": 23});
    assert_eq!(
        whole["components"]["schemas"]["SampleBody"],
        json!({
            "type": "object", "description": "A body with\neverything.", "additionalProperties": false, "minProperties": 1,
            "required": ["name", "on"],
            "properties": {
                "name": name, "nick": nick, "channel": {"$ref": "#/components/schemas/Channel"},
                "E-Mail": {"type": "string", "format": "email", "maxLength": 254},
                "priority": {
                    "type": "integer", "format": "uint8", "minimum": 1, "maximum": 9,
                    "description": "From one to nine.\nIf it is left out: `3`.",
                },
                "on": {"$ref": "#/components/schemas/Channels"}, "start": hour, "end": hour,
                "inner": {
                    "type": "object", "additionalProperties": false, "required": ["text"],
                    "properties": {"text": text(3), "free": {"type": "object", "additionalProperties": true}},
                },
                "exact": {"type": "object", "additionalProperties": true},
            },
        })
    );
}
