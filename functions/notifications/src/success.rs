//! The envelope of an answer that is no refusal: `{"success": true, "data", "message"}`.

use lambda_http::http::StatusCode;
use serde::Serialize;
use shared::http::Reply;

#[derive(Serialize)]
struct Success<T> {
    success: bool,
    data: T,
    message: &'static str,
}

/// Answers with `data`.
pub fn reply(status: StatusCode, data: impl Serialize, message: &'static str) -> Reply {
    Reply::json(status, &Success { success: true, data, message })
}
