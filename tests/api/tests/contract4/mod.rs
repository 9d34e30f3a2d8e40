//! Contract 4, one row of its table after the other.

mod access;
mod bad_input;
mod costs;
mod preferences;

use api::{Answer, Client};
use local::demo::Demo;
use reqwest::Method;
use serde_json::{Value, json};

/// An id that no user has.
pub const UNKNOWN: &str = "00000000-0000-4000-8000-000000000004";

/// The path of a user's preferences.
pub fn path(id: &str) -> String {
    format!("/api/v1/users/{id}/preferences")
}

/// Creates a user. Returns the id and the path of the preferences.
pub async fn user(client: &Client) -> (String, String) {
    let id = client.new_user(json!({})).await["id"].as_str().unwrap().to_owned();
    let path = path(&id);
    (id, path)
}

/// A token of `sub`, who has these roles and manages these teams.
pub fn token(sub: &str, roles: &[&str], teams: &[&str]) -> String {
    let demo = Demo::new().unwrap();
    let mut claims = demo.claims(sub);
    claims["roles"] = json!(roles);
    claims["teams"] = json!(teams);
    demo.sign(&claims)
}

/// A token of the user with this id.
pub fn own(id: &str) -> String {
    token(id, &["user"], &[])
}

pub async fn patch(client: &Client, path: &str, token: &str, body: &Value) -> Answer {
    client.json(Method::PATCH, path, token, body).await
}

/// All five preferences of a user who has set none.
pub fn defaults() -> Value {
    json!({
        "date_time_format": "friendly", "timezone": "UTC", "language": "en-US", "measurement_unit": "imperial",
        "theme": "system",
    })
}

/// The default preferences with the values of `changed` in place of some.
pub fn with(changed: Value) -> Value {
    let mut all = defaults();
    for (name, value) in changed.as_object().unwrap() {
        all[name] = value.clone();
    }
    all
}

/// Asserts the whole refusal.
#[track_caller]
pub fn refused(answer: &Answer, code: &str, errors: &Value) {
    let (status, message, hint) = match code {
        "invalid_preference_value" => (
            400,
            "A preference has a value that is not valid",
            "Correct the fields that details.errors names; nothing was changed",
        ),
        "auth_required" => (401, "Authentication is required", "Send a valid token as Authorization: Bearer <token>"),
        "role_forbidden" => (
            403,
            "You may not see or change this user's preferences",
            "Users have their own preferences, managers their team's, and admins everyone's",
        ),
        "user_not_found" => (404, "User not found", "Check the user_id in the path"),
        "idempotency_key_conflict" => (
            409,
            "This idempotency key was used for another request",
            "Send a new key with each new request, and the same key only with the same body",
        ),
        "precondition_failed" => (
            412,
            "The user has changed since it was read",
            "Read the preferences again and send their ETag as If-Match",
        ),
        "payload_too_large" => (413, "The body must not be larger than 256 KiB", "Send only the fields that change"),
        "validation_error" => (
            422,
            "The request does not have the expected shape",
            "Correct what details.errors names; nothing was changed",
        ),
        other => panic!("no code of the contract: {other}"),
    };
    let doc_url = answer.json()["error"]["doc_url"].as_str().unwrap_or_default().to_owned();
    let (host, page) = doc_url.split_at(doc_url.find("/docs").unwrap_or(0));
    assert!(
        host.starts_with("http://127.0.0.1:") || host.starts_with("http://localhost:"),
        "a page of this stack: {doc_url}"
    );
    assert_eq!(page, format!("/docs/errors/{code}"));
    answer.is(
        status,
        json!({"error": {
            "code": code, "message": message, "hint": hint,
            "doc_url": doc_url,
            "request_id": answer.header("x-request-id"),
            "details": {"errors": errors, "field_count": errors.as_array().unwrap().len()},
        }}),
    );
}
