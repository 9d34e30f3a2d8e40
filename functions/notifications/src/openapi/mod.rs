//! The function's part of the OpenAPI document.

mod dead_letters;
mod inbox;
mod notifications;
mod templates;

use serde_json::{Value, json};
use shared::http::openapi::Document;

/// The user of contract 1's document.
const USER: &str = "123e4567-e89b-12d3-a456-426614174000";
const NOTIFICATION: &str = "9b2f5c1e-7d84-4a0b-8f3e-2c6d1a5e0b97";
/// The template that the local stack has from the start.
const TEMPLATE: &str = "welcome";

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
