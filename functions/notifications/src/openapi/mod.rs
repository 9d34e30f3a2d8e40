//! The function's part of the OpenAPI document.

mod common;
mod dead_letters;
mod inbox;
mod notifications;
mod pauses;
mod runs;
mod templates;

use shared::http::openapi::Document;

use crate::notiflows;

/// Every operation.
pub fn document(doc: &mut Document) {
    notifications::document(doc);
    runs::document(doc);
    inbox::document(doc);
    templates::document(doc);
    dead_letters::document(doc);
    pauses::document(doc);
    notiflows::document(doc);
}
