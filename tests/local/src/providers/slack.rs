//! Slack's Web API: `chat.postMessage`.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::answer::{Answer, Shape};
use super::delivery;
use super::state::State;
use crate::net::loopback::{Reply, Request};

/// The token of the demo's bot. It protects nothing outside of the demo.
pub(super) const TOKEN: &str = "xoxb-100000000000-200000000000-demoDemoDemoDemoDemoDemo";
/// The longest text that Slack accepts, in characters.
const LONGEST_TEXT: usize = 40_000;
const MAX_BLOCKS: usize = 50;

/// Answers a request.
pub(super) async fn answer(state: &State, request: Request) -> Reply {
    if request.uri.path() != "/api/chat.postMessage" || request.method != Method::POST {
        return error("unknown_method").reply(StatusCode::OK);
    }
    let message = serde_json::from_slice::<Value>(&request.body).unwrap_or_default();
    let to = message["channel"].as_str();
    let refusal = check(&request, &message).err();
    // Slack's refusals have status 200.
    let refused = refusal.map(|_| Answer::default());
    let ts = timestamp();
    let answer = state.deliver("slack", to.as_slice(), refused, |answer| {
        let mut delivery = delivery::record("slack", "slack", to, &request, answer);
        if refusal.is_none() && answer.status().is_success() {
            let told = answer.body.as_ref().and_then(|body| body["ts"].as_str());
            delivery["message_id"] = json!(told.unwrap_or(&ts));
        }
        delivery
    });
    let usual = match refusal {
        Some(code) => error(code),
        None if answer.status().is_success() => accepted(&message, &ts),
        None => documented_error(answer.status()),
    };
    answer.give(usual).await
}

/// Checks a request by Slack's rules.
fn check(request: &Request, message: &Value) -> Result<(), &'static str> {
    let header = |name| request.headers.get(name).and_then(|value| value.to_str().ok());
    match header("authorization").and_then(|value| value.strip_prefix("Bearer ")) {
        None => return Err("not_authed"),
        Some(token) if token != TOKEN => return Err("invalid_auth"),
        Some(_) => {}
    }
    if !header("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
        return Err("invalid_post_type");
    }
    if message["channel"].as_str().is_none_or(str::is_empty) {
        return Err("channel_not_found");
    }
    let blocks = message["blocks"].as_array().map_or(0, Vec::len);
    let text = message["text"].as_str().unwrap_or_default();
    if text.is_empty() && blocks == 0 {
        return Err("no_text");
    }
    if text.chars().count() > LONGEST_TEXT {
        return Err("msg_too_long");
    }
    if blocks > MAX_BLOCKS {
        return Err("invalid_blocks");
    }
    Ok(())
}

/// A new id of a message (`ts`).
fn timestamp() -> String {
    let micros = jiff::Timestamp::now().as_microsecond();
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

fn accepted(message: &Value, ts: &str) -> Shape {
    let echo = json!({"type": "message", "text": message["text"], "ts": ts, "bot_id": "B000000001"});
    Shape::json(json!({"ok": true, "channel": message["channel"], "ts": ts, "message": echo}))
}

/// The error that Slack documents for a status other than 200.
fn documented_error(status: StatusCode) -> Shape {
    match status.as_u16() {
        // Slack always says how long to wait.
        429 => error("ratelimited").header("retry-after", "1"),
        503 => error("service_unavailable"),
        500.. => error("internal_error"),
        _ => error("invalid_arguments"),
    }
}

fn error(code: &str) -> Shape {
    Shape::json(json!({"ok": false, "error": code}))
}
