//! Firebase Cloud Messaging, HTTP v1: `messages:send`.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{Answer, Shape};
use super::delivery;
use super::google_oauth::TokenEndpoint;
use super::service_account::PROJECT;
use super::state::State;
use crate::net::loopback::{Reply, Request};

/// The largest notification with its data that FCM accepts, in bytes.
const LARGEST_PAYLOAD: usize = 4096;
const TARGETS: [&str; 3] = ["token", "topic", "condition"];
const FIELDS: [&str; 10] =
    ["name", "data", "notification", "android", "webpush", "apns", "fcm_options", "token", "topic", "condition"];

/// The error of a request: status and message.
type Refusal = (u16, String);

/// Answers a request.
pub(super) async fn answer(state: &State, tokens: &TokenEndpoint, request: Request) -> Reply {
    let project = request
        .uri
        .path()
        .strip_prefix("/v1/projects/")
        .and_then(|rest| rest.strip_suffix("/messages:send"))
        .filter(|project| request.method == Method::POST && !project.contains('/'));
    let Some(project) = project.map(str::to_owned) else {
        return error(404, "The requested URL was not found on this server.").reply(StatusCode::NOT_FOUND);
    };
    let body = serde_json::from_slice::<Value>(&request.body).unwrap_or_default();
    let to = TARGETS.iter().find_map(|target| body["message"][target].as_str());
    let refusal = check(tokens, &request, &project, &body).err();
    let refused = refusal.as_ref().map(|(status, _)| Answer { status: *status, ..Answer::default() });
    let answer =
        state.deliver("fcm", to.as_slice(), refused, |answer| delivery::record("fcm", "push", to, &request, answer));
    let usual = match &refusal {
        Some((status, message)) => error(*status, message),
        None if answer.status().is_success() => {
            Shape::json(json!({"name": format!("projects/{project}/messages/0:{}", Uuid::new_v4().simple())}))
        }
        None => documented_error(answer.status().as_u16()),
    };
    answer.give(usual).await
}

/// Checks a request by FCM's rules.
fn check(tokens: &TokenEndpoint, request: &Request, project: &str, body: &Value) -> Result<(), Refusal> {
    let authorization = request.headers.get("authorization").and_then(|value| value.to_str().ok());
    if !authorization.and_then(|value| value.strip_prefix("Bearer ")).is_some_and(|token| tokens.handed_out(token)) {
        let message = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie \
            or other valid authentication credential.";
        return Err((401, message.to_owned()));
    }
    if project != PROJECT {
        let message = format!(
            "Permission 'cloudmessaging.messages.create' denied on resource '//cloudresourcemanager.googleapis.com/projects/{project}'."
        );
        return Err((403, message));
    }
    let bad = |message: String| Err((400, message));
    let Some(message) = body["message"].as_object() else {
        return bad("The message is not set.".to_owned());
    };
    if let Some(unknown) = message.keys().find(|field| !FIELDS.contains(&field.as_str())) {
        return bad(format!(
            "Invalid JSON payload received. Unknown name \"{unknown}\" at 'message': Cannot find field."
        ));
    }
    let targets = TARGETS.iter().filter(|target| message.get(**target).is_some_and(|value| *value != json!("")));
    if targets.count() != 1 {
        return bad("Exactly one of token, topic or condition is required.".to_owned());
    }
    if let Some(data) = message.get("data") {
        let Some(data) = data.as_object() else {
            return bad("Invalid value at 'message.data'".to_owned());
        };
        if let Some((name, _)) = data.iter().find(|(_, value)| !value.is_string()) {
            return bad(format!("Invalid value at 'message.data[\"{name}\"]' (TYPE_STRING)"));
        }
        let is_reserved = |name: &str| {
            matches!(name, "from" | "message_type")
                || ["google.", "gcm.notification."].iter().any(|begin| name.starts_with(begin))
        };
        if let Some(name) = data.keys().find(|name| is_reserved(name)) {
            return bad(format!("Invalid data payload key: {name}"));
        }
    }
    let payload = ["notification", "data"].iter().filter_map(|field| message.get(*field));
    if payload.map(|part| part.to_string().len()).sum::<usize>() > LARGEST_PAYLOAD {
        return bad("Android message is too big".to_owned());
    }
    Ok(())
}

/// The error that FCM documents for a status.
fn documented_error(status: u16) -> Shape {
    let message = match status {
        400 => "The registration token is not a valid FCM registration token",
        401 => "Auth error from APNS or Web Push Service",
        403 => "SenderId mismatch",
        404 => "Requested entity was not found.",
        429 => "Quota exceeded for quota metric 'Send requests'.",
        503 => "The service is currently unavailable.",
        _ => "Internal error encountered.",
    };
    error(status, message)
}

/// Google's error shape, with FCM's own code in the details.
fn error(code: u16, message: &str) -> Shape {
    let (status, fcm) = match code {
        400 => ("INVALID_ARGUMENT", "INVALID_ARGUMENT"),
        401 => ("UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"),
        403 => ("PERMISSION_DENIED", "SENDER_ID_MISMATCH"),
        404 => ("NOT_FOUND", "UNREGISTERED"),
        429 => ("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"),
        503 => ("UNAVAILABLE", "UNAVAILABLE"),
        500.. => ("INTERNAL", "INTERNAL"),
        _ => ("UNKNOWN", "UNSPECIFIED_ERROR"),
    };
    Shape::json(json!({"error": {
        "code": code,
        "message": message,
        "status": status,
        "details": [{"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": fcm}],
    }}))
}
