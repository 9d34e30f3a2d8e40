//! Contract 4's part of the OpenAPI document.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, json};
use shared::{
    domain::{UserId, display::Preference},
    http::{
        Reply,
        body::BodyError,
        openapi::{Dialect, Document},
        request::{Fault, Reason, kind::Kind},
    },
    public_url::PublicUrl,
};

use super::{
    body::{DisplayPreferencesChange, described},
    problem::{Envelope, Problem, reply},
};

/// Contract 4's refusals.
struct Refusals;

impl Dialect for Refusals {
    const NAME: &'static str = "ValaraError";

    fn schema(schemas: &mut SchemaGenerator) -> Schema {
        schemas.subschema_for::<Envelope<'static>>()
    }

    fn samples() -> Vec<(&'static str, Reply)> {
        let theme = |reason| {
            let text = Preference::Theme.accepted();
            Problem::Fields(Fault { field: "theme".to_owned(), reason, text }.into())
        };
        [
            ("a value is not valid", theme(Reason::Value)),
            ("there is no token, or it is not valid", Problem::Unauthenticated),
            ("the token's owner may not do this", Problem::Forbidden),
            ("there is no such user", Problem::NoUser),
            ("the idempotency key was used for another request", Problem::KeyConflict { key: String::new() }),
            ("the first request with this idempotency key is still running", Problem::KeyRunning),
            ("its version is not the one that If-Match names", Problem::Stale),
            ("the body is larger than 256 KiB", Problem::Body(BodyError::TooLarge)),
            ("the body has a Content-Encoding", Problem::Body(BodyError::Encoded)),
            ("the request does not have the expected shape", theme(Reason::Type)),
            ("something failed on our side", Problem::Internal),
            ("the same request may succeed in a moment", Problem::Unavailable),
        ]
        .map(|(when, problem): (_, Problem)| {
            let base = PublicUrl::parse("https://notify.example.com").ok();
            (when, reply(&problem, "req_7d1c5a9be2f84b0c9d3e6f1a2b4c8d70", base.as_ref()))
        })
        .into()
    }
}

/// All five, as they are answered.
struct Shown;

impl JsonSchema for Shown {
    fn schema_name() -> Cow<'static, str> {
        "DisplayPreferences".into()
    }

    fn json_schema(schemas: &mut SchemaGenerator) -> Schema {
        let property = |preference: Preference| {
            let schema = match preference.choices() {
                [] => described(preference, json_schema!({"type": "string"})),
                _ => preference.schema(schemas),
            };
            (preference.name().to_owned(), json!(schema))
        };
        let properties: Map<_, _> = Preference::ALL.map(property).into_iter().collect();
        json_schema!({"type": "object", "properties": properties, "required": Preference::ALL.map(Preference::name)})
    }
}

/// The contract's part of the document.
pub fn document(doc: &mut Document) {
    const PATH: &str = "/api/v1/users/{id}/preferences";
    const OTHERS: &str = "`GET` and `PATCH` of this path are about display preferences, in Valara's form; they show and change no channels. `PUT` \
        of the same path switches channels (`setChannelPreferences`), and `readUser` shows the switches. The time zone set here is the \
        one of the user's quiet hours.";
    const WHO: &str = "self, admin, a broker or photographer who manages a team of the user's";
    let shown = json!({
        "date_time_format": "us", "timezone": "America/New_York", "language": "en-US", "measurement_unit": "imperial",
        "theme": "system",
    });
    doc.compatibility_tag("Valara: display preferences", "Language, zone, formats, units and theme.");
    doc.get(PATH, "readDisplayPreferences", "Read a user's language, time zone, formats, units and theme")
        .says(OTHERS)
        .bearer(WHO)
        .path::<UserId>("id", "The user's id", "123e4567-e89b-12d3-a456-426614174000")
        .answers::<Shown>(200, "All five, with the defaults of what was never set", shown.clone())
        .refuses::<Refusals>(&[401, 403, 404, 422, 500, 503]);
    doc.patch(PATH, "changeDisplayPreferences", "Change a user's display preferences, partially")
        .says(OTHERS)
        .bearer(WHO)
        .path::<UserId>("id", "The user's id", "123e4567-e89b-12d3-a456-426614174000")
        .if_match()
        .once_valara()
        .body::<DisplayPreferencesChange>(json!({"date_time_format": "us", "timezone": "America/New_York"}))
        .answers::<Shown>(200, "All five, with the defaults of what was never set", shown)
        .refuses::<Refusals>(&[400, 401, 403, 404, 409, 412, 413, 415, 422, 500, 503]);
}
