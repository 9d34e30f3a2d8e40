//! The link's part of the OpenAPI document.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::json;
use shared::http::{
    Reply,
    openapi::{Dialect, Document},
};

use super::page::Page;

/// Pages that say why nothing has changed.
struct Refusals;

impl Dialect for Refusals {
    const NAME: &'static str = "Page";

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string"})
    }

    fn samples() -> Vec<(&'static str, Reply)> {
        [
            ("the link is not complete, or not one of ours", Page::NotOurs),
            ("the body is no form with List-Unsubscribe=One-Click", Page::NotOneClick),
            ("the link is older than 90 days", Page::Expired),
            ("the body is larger than 256 KiB", Page::TooLarge),
            ("something is wrong on our side", Page::Internal),
            ("the same request may pass in a moment", Page::Unavailable),
        ]
        .map(|(when, page)| (when, page.reply()))
        .into()
    }
}

/// What a mail program posts (RFC 8058).
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its shape is used")]
struct OneClick {
    #[schemars(rename = "List-Unsubscribe", extend("const" = "One-Click"))]
    value: String,
}

/// The path's part of the document.
pub fn document(doc: &mut Document) {
    const PATH: &str = "/unsubscribe";
    doc.tag("Unsubscribe", "Where the link in every email leads (RFC 8058).");
    doc.get(PATH, "showUnsubscribe", "A page that says what the link does")
        .says("Nothing changes: scanners of mail follow links too.")
        .link()
        .answers_text("text/html", 200, "The page")
        .header(200, "Cache-Control", "CacheControl")
        .refuses::<Refusals>(&[400, 410, 500, 503]);
    doc.post(PATH, "unsubscribe", "Opt out of the email's group, or of email where it has none")
        .link()
        .body_as::<OneClick>(
            &["application/x-www-form-urlencoded", "multipart/form-data"],
            json!({"List-Unsubscribe": "One-Click"}),
        )
        .answers_text("text/html", 200, "It is done, or was already")
        .header(200, "Cache-Control", "CacheControl")
        .refuses::<Refusals>(&[400, 410, 413, 500, 503]);
}
