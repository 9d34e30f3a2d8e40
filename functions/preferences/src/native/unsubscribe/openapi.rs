//! The link's part of the OpenAPI document.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::json;
use shared::http::openapi::Document;

use super::ONE_CLICK;
use crate::preference_center::Pages;

/// What a mail program posts (RFC 8058).
struct OneClick;

impl JsonSchema for OneClick {
    fn schema_name() -> Cow<'static, str> {
        "OneClickUnsubscribe".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let (name, value) = ONE_CLICK;
        json_schema!({
            "type": "object", "description": "What a mail program posts (RFC 8058).",
            "properties": {name: {"type": "string", "const": value}}, "required": [name],
        })
    }
}

/// The path's part of the document.
pub fn document(doc: &mut Document) {
    const PATH: &str = "/unsubscribe";
    doc.tag("Unsubscribe", "Where the unsubscribe link of an email leads (RFC 8058).");
    doc.get(PATH, "showUnsubscribe", "A page that says what the link does")
        .says("A GET changes nothing, because mail scanners follow links too.")
        .link()
        .answers_text("text/html", 200, "The page")
        .header(200, "Cache-Control", "CacheControl")
        .refuses::<Pages>(&[400, 410, 500, 503]);
    doc.post(PATH, "unsubscribe", "Opt out of the email's group, or of email where it has none")
        // Generators of clients do not read a body of two content types everywhere, so the document has one.
        .says("The form may also come as `multipart/form-data`. The page's button Undo posts `Undo=1` in its place, which takes the opt-out back.")
        .link()
        .body_as::<OneClick>(&["application/x-www-form-urlencoded"], json!({ONE_CLICK.0: ONE_CLICK.1}))
        .answers_text("text/html", 200, "The user is opted out")
        .header(200, "Cache-Control", "CacheControl")
        .refuses::<Pages>(&[400, 410, 413, 415, 422, 500, 503]);
}
