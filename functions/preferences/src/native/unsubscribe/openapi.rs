//! The link's part of the OpenAPI document.

use schemars::JsonSchema;
use serde_json::json;
use shared::http::openapi::Document;

use crate::centre::Pages;

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
        .refuses::<Pages>(&[400, 410, 500, 503]);
    doc.post(PATH, "unsubscribe", "Opt out of the email's group, or of email where it has none")
        .link()
        .body_as::<OneClick>(
            &["application/x-www-form-urlencoded", "multipart/form-data"],
            json!({"List-Unsubscribe": "One-Click"}),
        )
        .answers_text("text/html", 200, "It is done, or was already")
        .header(200, "Cache-Control", "CacheControl")
        .refuses::<Pages>(&[400, 410, 413, 500, 503]);
}
