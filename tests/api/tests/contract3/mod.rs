//! Contract 3, one module for each path.

mod bad_input;
mod costs;
mod custom_fields;
mod list;
mod methods;
mod own;
mod preferences;
mod providers;
mod rate;
mod recipient;
mod run_faults;
mod runs;
mod sent;
mod settings;
mod topics;
mod users;

use api::{Answer, Client, shared, unique};
use reqwest::Method;
use serde_json::{Value, json};

/// The demo's key pair, and a user that only one test uses.
pub struct Operator {
    pub client: Client,
    pub api_key: String,
    pub secret_key: String,
    pub channels: Value,
    pub user: String,
}

impl Operator {
    pub async fn new() -> Self {
        Self::of(shared()).await
    }

    /// An operator on the stack of `client`.
    pub async fn of(client: Client) -> Self {
        let demo = client.demo().await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (api_key, secret_key) = (text(&demo["notiflows"]["api_key"]), text(&demo["notiflows"]["secret_key"]));
        let user = text(&client.new_user(json!({})).await["id"]);
        Self { client, api_key, secret_key, channels: demo["channels"].clone(), user }
    }

    pub fn path(&self, channel: &str) -> String {
        let channel = self.channels[channel].as_str().unwrap_or(channel);
        format!("/admin/users/{}/channel-settings/{channel}", self.user)
    }

    pub async fn send(&self, method: Method, path: &str, body: Value) -> Answer {
        self.send_bytes(method, path, (!body.is_null()).then(|| body.to_string().into_bytes())).await
    }

    /// Sends `body` exactly as it is written.
    pub async fn send_text(&self, method: Method, path: &str, body: &str) -> Answer {
        self.send_bytes(method, path, Some(body.into())).await
    }

    async fn send_bytes(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Answer {
        let keys =
            [("x-notiflows-api-key", self.api_key.as_str()), ("x-notiflows-secret-key", self.secret_key.as_str())];
        self.client.send(method, path, &keys, body).await
    }
}

/// Asserts the whole error in contract 3's shape, with these details.
#[track_caller]
pub fn is_error(answer: &Answer, status: u16, code: &str, details: Value) {
    let error = &answer.json()["error"];
    let message = error["message"].as_str().unwrap_or_default();
    assert!(message.len() > 5, "{}", answer.text);
    answer.is(
        status,
        json!({"error": {
            "type": format!("https://docs.notiflows.com/errors/{code}"), "code": code, "message": message,
            "status": status, "request_id": answer.header("x-request-id"), "details": details,
        }}),
    );
}

/// Asserts that exactly this field is refused, for this reason.
#[track_caller]
pub fn is_fault(answer: &Answer, field: &str, reason: &str) {
    let message = answer.json()["error"]["details"]["fields"][0]["message"].clone();
    assert!(message.as_str().unwrap_or_default().len() > 5, "{}", answer.text);
    let details = json!({"fields": [{"field": field, "message": message, "reason": reason}]});
    is_error(answer, 422, "validation_failed", details);
}

/// An external id that no other user has.
pub fn external_id() -> String {
    format!("customer {}.{}", std::process::id(), unique())
}

/// The path of the user with this external id.
pub fn user_path(external_id: &str) -> String {
    format!("/admin/v1/users/{}", external_id.replace(' ', "%20"))
}
