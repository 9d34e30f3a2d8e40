//! Secrets Manager: the secrets that the deployment and the channels have.

use serde_json::{Value, json};

use crate::service::Reply;

/// The deployment secret.
pub const DEPLOYMENT: &str = "deployment";
/// The secret of suppressed addresses.
pub const SUPPRESSION: &str = "suppression";

/// The demo's Google account has a key that everybody may know.
const GOOGLE_KEY: &str = include_str!("../../local/src/providers/google-account-key.pem");

/// Answers `GetSecretValue`.
pub fn answer(body: &str) -> Reply {
    let request: Value = serde_json::from_str(body).unwrap_or_default();
    let text = match request["SecretId"].as_str().unwrap_or_default() {
        _ if request["VersionStage"] == "AWSPREVIOUS" => None,
        DEPLOYMENT => Some("0123456789abcdef0123456789abcdef".to_owned()),
        SUPPRESSION => Some("abcdef0123456789abcdef0123456789".to_owned()),
        "tidings/fcm" => Some(google_account()),
        "tidings/slack" => Some("xoxb-simulated".to_owned()),
        "tidings/sms" => Some(json!({"origination_identity": "+15550100"}).to_string()),
        "tidings/webhook" => Some("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=".to_owned()),
        _ => None,
    };
    match text {
        Some(text) => Reply::new(200, json!({"SecretString": text})),
        None => Reply::new(400, json!({"__type": "ResourceNotFoundException", "message": "m"})),
    }
}

fn google_account() -> String {
    let key = &GOOGLE_KEY[GOOGLE_KEY.find("-----BEGIN").expect("a key")..];
    json!({
        "project_id": "simulation",
        "private_key": key,
        "client_email": "simulation@example.com",
        "token_uri": "https://google.sim/token",
    })
    .to_string()
}
