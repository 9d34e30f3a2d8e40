//! The envelope of a success: `{"success": true, "data", "message"}`.

use lambda_http::http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use shared::http::Reply;

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "{T}Response")]
pub struct Success<T> {
    #[schemars(extend("const" = true))]
    success: bool,
    data: T,
    /// What was done, in words.
    message: &'static str,
}

/// Answers with `data`.
pub fn reply(status: StatusCode, data: impl Serialize, message: &'static str) -> Reply {
    Reply::json(status, &Success { success: true, data, message })
}
