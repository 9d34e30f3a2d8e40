//! A receiver of webhooks on any path. It checks the signature by Standard Webhooks.

use axum::http::StatusCode;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ring::hmac;
use serde_json::{Value, json};

use super::answer::{Answer, Shape};
use super::delivery;
use super::state::State;
use crate::net::loopback::{Reply, Request};

/// The secret that signs the demo's webhooks. It protects nothing outside of the demo.
pub(super) const SECRET: &str = "whsec_dGlkaW5ncyBkZW1vIHdlYmhvb2sgc2VjcmV0ISE=";
/// The largest difference between the timestamp and this clock, in seconds.
const TOLERANCE: i64 = 5 * 60;

/// Answers a request.
pub(super) async fn answer(state: &State, endpoint: &str, request: Request) -> Reply {
    let body = serde_json::from_slice::<Value>(&request.body).unwrap_or_default();
    let channel = body["data"]["channel"].as_str().unwrap_or("webhook").to_owned();
    let path = request.uri.path_and_query().map_or("/", |path| path.as_str());
    let to = format!("{endpoint}{path}");
    let problem = check(&request).err();
    let refused = problem.map(|_| Answer { status: 401, ..Answer::default() });
    let record = |answer: &Answer| delivery::record("webhook", &channel, Some(&to), &request, answer);
    let answer = state.deliver("webhook", &[&to], refused, record);
    let message = match problem {
        Some(problem) => problem,
        None => answer.status().canonical_reason().unwrap_or_default(),
    };
    let shape = Shape::json(json!({"message": message}));
    // A redirection leads to this receiver, so that a client that follows it is noticed.
    let moved = matches!(answer.status(), StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND)
        || matches!(answer.status(), StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
    let shape = if moved { shape.header("location", &format!("{endpoint}/followed")) } else { shape };
    answer.give(shape).await
}

/// Checks a request as a careful receiver does.
fn check(request: &Request) -> Result<(), &'static str> {
    let header = |name| request.headers.get(name).and_then(|value| value.to_str().ok());
    let id = header("webhook-id").ok_or("webhook-id is missing")?;
    let timestamp = header("webhook-timestamp").ok_or("webhook-timestamp is missing")?;
    let signatures = header("webhook-signature").ok_or("webhook-signature is missing")?;
    let sent: i64 = timestamp.parse().map_err(|_| "webhook-timestamp is no number")?;
    if jiff::Timestamp::now().as_second().abs_diff(sent) > TOLERANCE.unsigned_abs() {
        return Err("webhook-timestamp is too far off");
    }
    let secret = SECRET.strip_prefix("whsec_").and_then(|secret| BASE64_STANDARD.decode(secret).ok());
    let key = hmac::Key::new(hmac::HMAC_SHA256, &secret.ok_or("the demo's secret is not well formed")?);
    let signed = [format!("{id}.{timestamp}.").as_bytes(), &request.body].concat();
    let good = signatures.split(' ').filter_map(|one| one.strip_prefix("v1,")).any(|signature| {
        BASE64_STANDARD.decode(signature).is_ok_and(|signature| hmac::verify(&key, &signed, &signature).is_ok())
    });
    good.then_some(()).ok_or("webhook-signature is wrong")
}
