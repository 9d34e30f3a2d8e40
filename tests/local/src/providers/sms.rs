//! AWS End User Messaging SMS, API v2: `SendTextMessage`.

use axum::http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::account;
use super::answer::{Answer, Shape};
use super::delivery;
use super::state::State;
use crate::net::loopback::{Reply, Request};

/// The number that the demo sends from.
pub(super) const ORIGIN: &str = "+12065550100";
/// The longest text that AWS accepts, in characters.
const LONGEST_TEXT: usize = 1600;

/// The error of a request: exception, reason and message.
type Refusal = (&'static str, &'static str, &'static str);

/// Answers a request.
pub(super) async fn answer(state: &State, request: Request) -> Reply {
    let target = request.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    if let Some(body) = account::answer_sms(state, target) {
        return shape(body).reply(StatusCode::OK);
    }
    if target != Some("PinpointSMSVoiceV2.SendTextMessage") {
        let refusal = ("ValidationException", "UNKNOWN_OPERATION", "The local stack answers SendTextMessage only.");
        return error(refusal).reply(StatusCode::BAD_REQUEST);
    }
    let body = serde_json::from_slice::<Value>(&request.body).unwrap_or_default();
    let to = body["DestinationPhoneNumber"].as_str();
    let refusal = check(&request, &body).err();
    let refused = refusal.map(|_| Answer { status: 400, ..Answer::default() });
    let answer =
        state.deliver("sms", to.as_slice(), refused, |answer| delivery::record("sms", "sms", to, &request, answer));
    let usual = match refusal {
        Some(refusal) => error(refusal),
        None if answer.status().is_success() => shape(json!({"MessageId": Uuid::new_v4().to_string()})),
        None => documented_error(answer.status()),
    };
    answer.give(usual).await
}

/// Checks a request by AWS's rules.
fn check(request: &Request, body: &Value) -> Result<(), Refusal> {
    if !request.headers.contains_key("authorization") {
        return Err(("MissingAuthenticationTokenException", "", "Missing Authentication Token"));
    }
    let number = body["DestinationPhoneNumber"].as_str().unwrap_or_default();
    let digits = number.strip_prefix('+').unwrap_or_default();
    if !(2..=15).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(("ValidationException", "INVALID_PARAMETER", "The destination phone number is not valid."));
    }
    if body["OriginationIdentity"] != ORIGIN {
        return Err(("ResourceNotFoundException", "", "The origination identity could not be found."));
    }
    let length = body["MessageBody"].as_str().unwrap_or_default().chars().count();
    if !(1..=LONGEST_TEXT).contains(&length) {
        return Err(("ValidationException", "FIELD_VALIDATION_FAILED", "MessageBody must have 1 to 1600 characters."));
    }
    Ok(())
}

/// The error that AWS documents for a status.
fn documented_error(status: StatusCode) -> Shape {
    match status.as_u16() {
        403 => error(("AccessDeniedException", "ACCOUNT_DISABLED", "The account is disabled.")),
        429 => error(("ThrottlingException", "", "Rate exceeded")),
        500.. => error(("InternalServerException", "", "The request could not be completed.")),
        _ => error(("ConflictException", "DESTINATION_PHONE_NUMBER_OPTED_OUT", "The number has opted out.")),
    }
}

fn error((kind, reason, message): Refusal) -> Shape {
    let mut body = json!({"__type": format!("com.amazonaws.pinpointsmsvoicev2#{kind}"), "Message": message});
    if !reason.is_empty() {
        body["Reason"] = json!(reason);
    }
    shape(body)
}

fn shape(body: Value) -> Shape {
    Shape::json(body)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amzn-requestid", &Uuid::new_v4().to_string())
}
