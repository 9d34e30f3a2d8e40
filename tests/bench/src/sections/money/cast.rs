//! Somebody who can be reached on each channel, and the configured channels for that.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{DEVICE, Request, World};
use crate::section::Fault;

/// The user of whom copies are made.
pub struct Cast {
    /// The user's id.
    pub user: String,
}

/// What every notification says.
pub fn content() -> Value {
    json!({"subject": "Hello", "title": "Hello", "body": "How are you?"})
}

/// Configures the inbox, and makes a user with a device and a Slack channel.
pub async fn prepare(world: &World) -> Result<Cast, Fault> {
    let demo = world.stack.demo().describe();
    let told = |pointer: &str| demo.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let admin = world.token("bench-admin", "admin");
    let inbox = Request::new(Method::PUT, "/api/v1/channels/inbox").bearer(&admin).json(&json!({"provider": "in_app"}));
    world.expect(201, inbox).await?;
    let user = world.new_user(&json!({"push_token": DEVICE})).await?;
    let path = format!("/admin/users/{user}/channel-settings/{}", told("/channels/slack"));
    let slack = Request::new(Method::PUT, path)
        .header("x-notiflows-api-key", &told("/notiflows/api_key"))
        .header("x-notiflows-secret-key", &told("/notiflows/secret_key"))
        .json(&json!({"settings": {"slack_channel_id": "C0123"}}));
    world.expect(200, slack).await?;
    // A process knows the configured channels for up to a minute.
    world.stack.function("dispatch").ok_or("there is no worker")?.kill().await;
    Ok(Cast { user })
}
