//! A request for each operation. The request can be sent once, and its data are there for this request only.

mod channel_settings;
mod notifications;
mod preferences;
mod settings;
mod templates;
mod topics;
mod users;

use reqwest::Method;

use super::cast::Cast;
use crate::harness::Request;
use crate::section::Fault;

/// The function that answers the operation, and the request; `None` if there is no request for the operation.
pub async fn of(cast: &Cast, operation: &str) -> Result<Option<(&'static str, Request)>, Fault> {
    if let Some(request) = docs(operation) {
        return Ok(Some(("docs", request)));
    }
    if let Some(request) = channel_settings::request(cast, operation).await? {
        return Ok(Some(("channel-settings", request)));
    }
    if let Some(request) = preferences::request(cast, operation).await? {
        return Ok(Some(("preferences", request)));
    }
    if let Some(request) = settings::request(cast, operation).await? {
        return Ok(Some(("preferences", request)));
    }
    if let Some(request) = topics::request(cast, operation).await? {
        return Ok(Some(("users", request)));
    }
    if let Some(request) = users::request(cast, operation).await? {
        return Ok(Some(("users", request)));
    }
    if let Some(request) = notifications::request(cast, operation).await? {
        return Ok(Some(("notifications", request)));
    }
    Ok(templates::request(cast, operation).await?.map(|request| ("notifications", request)))
}

fn docs(operation: &str) -> Option<Request> {
    let path = match operation {
        "showDocument" => "/docs",
        "readPart" => "/docs/start.js",
        "listErrors" => "/docs/errors",
        "showError" => "/docs/errors/not_found",
        "listGuides" => "/docs/guides",
        "showGuide" => "/docs/guides/comparison",
        "listReasons" => "/docs/reasons",
        "showReason" => "/docs/reasons/channel_off",
        "readDocument" => "/openapi.json",
        _ => return None,
    };
    Some(Request::new(Method::GET, path))
}
