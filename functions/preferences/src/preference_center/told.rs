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
/// The answer to the page's own script if nothing was saved.
#[derive(Debug, Default, JsonSchema, Serialize)]
#[schemars(rename = "PreferencesRefused")]
pub struct Refused<'a> {
    /// The value to send as `confirm` if the change would switch the last channel off.
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm: Option<&'a str>,
    /// The faults, by the name of the control.
    #[schemars(with = "Option<Open>", transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<Map<String, Value>>,
    /// Why, for the user.
    pub message: &'a str,
    /// Always `false`.
    pub saved: bool,
}

/// The answer to the page's own script after a change.
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
