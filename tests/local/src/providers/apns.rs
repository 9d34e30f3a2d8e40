//! The Apple Push Notification service: `POST /3/device/{token}` over HTTP/2.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{Answer, Shape};
use super::apple_key::{AppleKey, TOPIC};
use super::delivery;
use super::state::State;
use crate::net::loopback::{Reply, Request};

/// The largest payload that Apple accepts, in bytes.
const LARGEST_PAYLOAD: usize = 4096;
const LONGEST_COLLAPSE_ID: usize = 64;
const PUSH_TYPES: [&str; 4] = ["alert", "background", "location", "voip"];

/// The error of a request: status and reason.
type Refusal = (u16, &'static str);

/// Answers a request.
pub(super) async fn answer(state: &State, key: &AppleKey, request: Request) -> Reply {
    let device = request.uri.path().strip_prefix("/3/device/").map(str::to_owned);
    let refusal = check(key, &request, device.as_deref()).err();
    let to = device.filter(|device| !device.is_empty());
    let refused = refusal.map(|(status, _)| Answer { status, ..Answer::default() });
    let mut answer = state.deliver("apns", to.as_deref().as_slice(), refused, |answer| {
        delivery::record("apns", "push", to.as_deref(), &request, answer)
    });
    let status = answer.status();
    if status.is_success() {
        // Apple's success has no body.
        answer.body.get_or_insert_with(|| json!(""));
    }
    let usual = match refusal {
        Some((_, reason)) => Shape::json(json!({"reason": reason})),
        None => documented_error(status),
    };
    let id = header(&request, "apns-id").map_or_else(|| Uuid::new_v4().to_string(), str::to_owned);
    answer.give(usual.header("apns-id", &id)).await
}

/// Checks a request by Apple's rules.
fn check(key: &AppleKey, request: &Request, device: Option<&str>) -> Result<(), Refusal> {
    if request.method != Method::POST {
        return Err((405, "MethodNotAllowed"));
    }
    match device {
        None => return Err((404, "BadPath")),
        Some("") => return Err((400, "MissingDeviceToken")),
        Some(device) if device.contains('/') => return Err((404, "BadPath")),
        Some(_) => {}
    }
    let token = header(request, "authorization").and_then(|value| value.split_once(' '));
    match token {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => key.check(token)?,
        _ => return Err((403, "MissingProviderToken")),
    }
    match header(request, "apns-topic") {
        None | Some("") => return Err((400, "MissingTopic")),
        Some(topic) if topic != TOPIC => return Err((400, "TopicDisallowed")),
        Some(_) => {}
    }
    headers(request)?;
    if request.body.is_empty() {
        return Err((400, "PayloadEmpty"));
    }
    if request.body.len() > LARGEST_PAYLOAD {
        return Err((413, "PayloadTooLarge"));
    }
    let payload = serde_json::from_slice::<Value>(&request.body).unwrap_or_default();
    if payload["aps"].is_object() { Ok(()) } else { Err((400, "PayloadEmpty")) }
}

/// Checks the headers about the delivery.
fn headers(request: &Request) -> Result<(), Refusal> {
    let wrong = |name, right: &dyn Fn(&str) -> bool| header(request, name).is_some_and(|value| !right(value));
    if wrong("apns-id", &|id| Uuid::try_parse(id).is_ok()) {
        return Err((400, "BadMessageId"));
    }
    let kind = header(request, "apns-push-type").unwrap_or("alert");
    if !PUSH_TYPES.contains(&kind) {
        return Err((400, "InvalidPushType"));
    }
    let priorities: &[&str] = if kind == "background" { &["1", "5"] } else { &["1", "5", "10"] };
    if wrong("apns-priority", &|priority| priorities.contains(&priority)) {
        return Err((400, "BadPriority"));
    }
    if wrong("apns-expiration", &|seconds| seconds.parse::<u64>().is_ok()) {
        return Err((400, "BadExpirationDate"));
    }
    if wrong("apns-collapse-id", &|id| id.len() <= LONGEST_COLLAPSE_ID) {
        return Err((400, "BadCollapseId"));
    }
    Ok(())
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.get(name).and_then(|value| value.to_str().ok())
}

/// The error that Apple documents for a status.
fn documented_error(status: StatusCode) -> Shape {
    let reason = match status.as_u16() {
        403 => "InvalidProviderToken",
        404 => "BadPath",
        405 => "MethodNotAllowed",
        410 => {
            let since = jiff::Timestamp::now().as_millisecond();
            return Shape::json(json!({"reason": "Unregistered", "timestamp": since}));
        }
        413 => "PayloadTooLarge",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        500.. => "InternalServerError",
        _ => "BadDeviceToken",
    };
    Shape::json(json!({"reason": reason}))
}
