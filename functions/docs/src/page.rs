//! The page at `/docs`: Swagger UI, which the function itself serves. The page loads nothing from other hosts.

use std::borrow::Cow;

use lambda_http::http::{HeaderMap, StatusCode, header};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use shared::{
    dialects::native::{Problem, openapi::Refusals},
    http::{Reply, openapi::Document},
};

use crate::caching::cached;

const PAGE: &str = include_str!("../page/index.html");
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// The files that the page loads: the name, content type and bytes of each.
const PARTS: [(&str, &str, &[u8]); 9] = [
    ("start.js", SCRIPT, include_bytes!("../page/start.js")),
    ("search.js", SCRIPT, include_bytes!("../page/search.js")),
    ("accessible.js", SCRIPT, include_bytes!("../page/accessible.js")),
    ("examples.js", SCRIPT, include_bytes!("../page/examples.js")),
    ("scheme.js", SCRIPT, include_bytes!("../page/scheme.js")),
    ("style.css", STYLE, include_bytes!("../page/style.css")),
    ("swagger-ui-bundle.js", SCRIPT, include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui-bundle.js"))),
    ("swagger-ui.css", STYLE, include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui.css"))),
    ("favicon-32x32.png", "image/png", include_bytes!(concat!(env!("OUT_DIR"), "/favicon-32x32.png"))),
];

/// Only scripts and requests of this origin are allowed, and no script inside the page. Swagger UI sets styles from its
/// script, and its small pictures are inside its style sheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page itself.
pub fn page() -> Reply {
    safe(Reply::text(StatusCode::OK, "text/html; charset=utf-8", PAGE))
        .header(header::CONTENT_SECURITY_POLICY, POLICY)
        .header(header::REFERRER_POLICY, "no-referrer")
        .header(header::CACHE_CONTROL, "no-cache")
}

/// One of the files that the page loads.
pub fn part(name: &str, headers: &HeaderMap) -> Reply {
    match PARTS.iter().find(|(known, ..)| *known == name) {
        Some((_, kind, bytes)) => cached(headers, safe(Reply::bytes(StatusCode::OK, kind, bytes))),
        None => Problem::not_found("There is nothing at this path").reply(),
    }
}

/// The name of one of these files.
struct PageFile;

impl JsonSchema for PageFile {
    fn schema_name() -> Cow<'static, str> {
        "PageFile".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names = PARTS.map(|(name, ..)| name);
        json_schema!({"type": "string", "enum": names, "description": "A file that the page loads."})
    }
}

/// Tells browsers not to guess another content type than the answer's own.
fn safe(reply: Reply) -> Reply {
    reply.header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
}

/// This document itself, in the form of the OpenAPI Specification 3.1.
#[derive(JsonSchema)]
struct OpenApiDocument {}

/// The page's own part of the document.
pub fn document(doc: &mut Document) {
    doc.tag("Documentation", "This document, and a page that shows it.");
    doc.get("/openapi.json", "readDocument", "This document")
        .open()
        .if_none_match()
        .answers::<OpenApiDocument>(200, "The document", serde_json::json!({"openapi": "3.1.0"}))
        .header(200, "ETag", "ETag")
        .header(200, "Cache-Control", "CacheControl")
        .answers_empty(304, "It has not changed");
    doc.get("/docs", "showDocument", "A page that shows this document").open().answers_text(
        "text/html",
        200,
        "The page",
    );
    doc.get("/docs/{file}", "readPart", "What the page loads")
        .open()
        .if_none_match()
        .path::<PageFile>("file", "The file", "start.js")
        .answers_texts(&["text/javascript", "text/css", "image/png"], 200, "The file")
        .header(200, "ETag", "ETag")
        .answers_empty(304, "It has not changed")
        .refuses::<Refusals>(&[404]);
}
