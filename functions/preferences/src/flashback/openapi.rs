//! Contract 5's part of the OpenAPI document.

use schemars::{Schema, SchemaGenerator};
use serde_json::json;
use shared::http::{
    Reply,
    body::BodyError,
    openapi::{Dialect, Document, Open},
    request::{Fault, Reason, fault::Text},
};

use super::{
    Done, Settings, Subject, Verb,
    decode::{SettingsKeys, SettingsReplacement},
    problem::{Own, Problem, ProblemBody, reply},
};

/// Contract 5's refusals.
struct Refusals;

impl Dialect for Refusals {
    const NAME: &'static str = "FlashbackError";

    fn schema(schemas: &mut SchemaGenerator) -> Schema {
        schemas.subschema_for::<ProblemBody>()
    }

    fn samples() -> Vec<(&'static str, Reply)> {
        let not = |field: &str, text| {
            Problem::Fields(Fault { field: field.to_owned(), reason: Reason::Type, text: Text::Borrowed(text) }.into())
        };
        let accepted = "one key of 1 to 255 visible characters, bare or in double quotes";
        [
            ("the settings cannot be stored", not("settings", "an object")),
            ("there is no list of keys", not("keys", "a list of keys")),
            ("the settings would be too large", Problem::ItemFull),
            ("the body has a Content-Encoding", Problem::Body(BodyError::Encoded)),
            ("the header contains no valid idempotency key", Problem::BadKey { header: "Idempotency-Key", accepted }),
            ("there is no token, or it is not valid", Problem::Unauthenticated),
            ("the token's owner may not do this", Own::Forbidden("The access token names no organization").into()),
            ("the idempotency key was used for another request", Problem::KeyConflict { key: String::new() }),
            ("the first request with this idempotency key is still running", Problem::KeyRunning),
            ("their version is not the one that If-Match names", Problem::Stale),
            ("something failed on our side", Problem::Internal),
            ("the same request may succeed in a moment", Problem::Unavailable),
        ]
        .map(|(when, problem): (_, Problem)| {
            let verb = if when.contains("keys") { Verb::Remove } else { Verb::Merge };
            (when, reply(&problem, Subject::User, Some(verb)))
        })
        .into()
    }
}

/// The contract's part of the document.
pub fn document(doc: &mut Document) {
    doc.compatibility_tag("Flashback: settings", "Free-form settings of the caller and of the caller's organisation.");
    operations(doc, Subject::User, "/settings/user", "User", "the caller, for themselves", &[]);
    operations(
        doc,
        Subject::Organization,
        "/settings/organization",
        "Organization",
        "an admin of the organisation",
        &[403],
    );
}

fn operations(doc: &mut Document, subject: Subject, path: &str, name: &str, who: &str, besides: &[u16]) {
    let done = |verb| json!({"success": true, "message": subject.done(verb)});
    let refused = |statuses: &[u16]| [statuses, besides].concat();
    let writes = refused(&[400, 401, 409, 412, 415, 500, 503]);
    let reader = if subject == Subject::User { who } else { "the organisation's members" };
    doc.get(path, &format!("read{name}Settings"), "All settings")
        .bearer(reader)
        .answers::<Settings<'static>>(200, "The settings", json!({"success": true, "settings": {"theme": "dark"}}))
        .header(200, "ETag", "ETag")
        .refuses::<Refusals>(&refused(&[401, 500, 503]));
    doc.put(path, &format!("merge{name}Settings"), "Merge into the settings, at every depth")
        .says("The body is the patch itself (RFC 7396): objects merge, `null` removes a key, all else replaces.")
        .bearer(who)
        .if_match()
        .once()
        .body::<Open>(json!({"theme": "dark", "notifications": {"push": true, "sms": null}}))
        .answers::<Done>(200, "It is merged", done(Verb::Merge))
        .refuses::<Refusals>(&writes);
    doc.post(path, &format!("replace{name}Settings"), "Replace all settings")
        .bearer(who)
        .if_match()
        .once()
        .body::<SettingsReplacement>(json!({"settings": {"theme": "dark"}}))
        .answers::<Done>(200, "They are replaced", done(Verb::Replace))
        .refuses::<Refusals>(&writes);
    doc.delete(path, &format!("remove{name}Settings"), "Remove keys")
        .bearer(who)
        .if_match()
        .once()
        .body::<SettingsKeys>(json!({"keys": ["theme", "notifications.push"]}))
        .answers::<Done>(200, "They are removed", done(Verb::Remove))
        .refuses::<Refusals>(&writes);
}
