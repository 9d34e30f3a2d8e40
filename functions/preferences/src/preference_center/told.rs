//! What the page's own script is told, as JSON.

use lambda_http::http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use shared::http::{
    Reply,
    openapi::{Open, not_null},
};

use super::html;

// Answers have the fields in this order.
/// What the page's own script is told where nothing was saved.
#[derive(Debug, Default, JsonSchema, Serialize)]
#[schemars(rename = "PreferencesRefused")]
pub struct Refused<'a> {
    /// What to send as `confirm`, where the last channel would go off.
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm: Option<&'a str>,
    /// What is wrong, by the control's name.
    #[schemars(with = "Option<Open>", transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<Map<String, Value>>,
    /// Why, for the user.
    pub message: &'a str,
    /// Always `false`.
    pub saved: bool,
}

/// What the page's own script is told of a change.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "PreferencesSaved")]
pub struct Saved {
    /// Always `true`.
    pub saved: bool,
    /// What the form's controls show now.
    #[schemars(with = "Open")]
    pub was: Map<String, Value>,
}

/// The answer that tells it.
pub fn told(status: StatusCode, body: &impl Serialize) -> Reply {
    html::harmless(Reply::json(status, body))
}
