//! Amazon CloudWatch Logs: `PutLogEvents`.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::answer::{Answer, Shape};
use super::state::State;
use crate::net::loopback::{Reply, Request};

/// How far in the future and in the past the time of an event may be, in milliseconds.
const NEWEST: i64 = 2 * 3_600_000;
const OLDEST: i64 = 14 * 24 * 3_600_000;

/// Answers a request.
pub(super) async fn answer(state: &State, request: Request) -> Reply {
    state.count("logs");
    let target = request.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    if target != Some("Logs_20140328.PutLogEvents") {
        return error("UnknownOperationException", "The local stack answers PutLogEvents only.")
            .reply(StatusCode::BAD_REQUEST);
    }
    let authorization = request.headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !authorization.contains("/logs/aws4_request") {
        return error("MissingAuthenticationTokenException", "Missing Authentication Token")
            .reply(StatusCode::BAD_REQUEST);
    }
    let body = serde_json::from_slice::<Value>(&request.body).unwrap_or_default();
    let (group, stream) = (body["logGroupName"].as_str(), body["logStreamName"].as_str());
    let refusal = match (group, stream) {
        (Some(group), Some(stream)) if !group.is_empty() && !stream.is_empty() => None,
        _ => Some(Answer { status: 400, ..Answer::default() }),
    };
    let events = body["logEvents"].as_array().cloned().unwrap_or_default();
    let now = jiff::Timestamp::now().as_millisecond();
    let is_kept =
        |event: &&Value| event["timestamp"].as_i64().is_some_and(|at| (now - OLDEST..=now + NEWEST).contains(&at));
    let answer = state.next_answer("logs", refusal);
    if answer.status().is_success() {
        let kept = events.iter().filter(is_kept).filter_map(|event| event["message"].as_str());
        state.log(group.unwrap_or_default(), kept);
    }
    let rejected = events.iter().filter(is_kept).count() < events.len();
    let usual = match answer.status().as_u16() {
        200..=299 if rejected => Shape::json(json!({"rejectedLogEventsInfo": {"tooNewLogEventStartIndex": 0}})),
        200..=299 => Shape::json(json!({})),
        400 => error("InvalidParameterException", "The request is not valid."),
        404 => error("ResourceNotFoundException", "The specified log group does not exist."),
        429 => error("ThrottlingException", "Rate exceeded"),
        _ => error("ServiceUnavailableException", "The service cannot complete the request."),
    };
    answer.give(usual.header("content-type", "application/x-amz-json-1.1")).await
}

fn error(kind: &str, message: &str) -> Shape {
    Shape::json(json!({"__type": kind, "message": message}))
}
