//! The function's part of the OpenAPI document.

mod dead_letters;
mod inbox;
mod notifications;
mod templates;

use schemars::JsonSchema;
use serde_json::{Value, json};
use shared::http::openapi::Document;

use crate::page;

/// The user of contract 1's document.
const USER: &str = "123e4567-e89b-12d3-a456-426614174000";
const NOTIFICATION: &str = "9b2f5c1e-7d84-4a0b-8f3e-2c6d1a5e0b97";
/// The template that the local stack has from the start.
const TEMPLATE: &str = "welcome";

/// How many items a page has.
#[derive(JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "only its shape is used")]
struct Limit(#[schemars(range(min = 1, max = page::MOST), extend("default" = page::DEFAULT_LIMIT))] u16);

/// A place in a list, as an earlier page told it; nobody is to take it apart.
#[derive(JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "only its shape is used")]
struct Cursor(#[schemars(length(min = 1), regex(pattern = "^[A-Za-z0-9_-]+$"))] String);

/// Every operation.
pub fn document(doc: &mut Document) {
    notifications::document(doc);
    inbox::document(doc);
    templates::document(doc);
    dead_letters::document(doc);
}

/// An answer of contract 1's form that carries `data`.
fn success(data: Value, message: &str) -> Value {
    json!({"success": true, "data": data, "message": message})
}

/// The last page.
fn last_page() -> Value {
    json!({"limit": page::DEFAULT_LIMIT, "after": null, "has_more_after": false})
}
