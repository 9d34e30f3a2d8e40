//! `POST /_local/ui/channels` sets up text messages, the inbox and a webhook. The demo starts without them, because a
//! deployed Tidings also has only the channels that its operator has set up.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Json;
use serde_json::{Value, json};
use shared::{
    clock::Clock,
    domain::{Channel, ConfiguredChannel, Provider, Settings, UserId},
};

use super::Shared;
use crate::control::{Control, Refused};
use crate::demo::{CHANNELS, PEOPLE};

/// The functions that cache the configured channels.
const KNOW_CHANNELS: [&str; 3] = ["channel-settings", "dispatch", "notifications"];
const SMS_SECRET: &str = "tidings/demo/sms";
const WEBHOOK_SECRET: &str = "tidings/demo/webhook";

/// Answers with the channel types that are configured now. Channels that exist already are not changed.
pub(super) async fn set_up(State(page): Shared) -> Result<Json<Value>, Refused> {
    let control = &page.control;
    let failed = |error: String| Refused(StatusCode::BAD_GATEWAY, format!("the table took it not: {error}"));
    control.providers.put_secret(SMS_SECRET, &control.providers.sms_secret());
    control.providers.put_secret(WEBHOOK_SECRET, &control.providers.webhook_secret());
    for channel in new_channels() {
        control.store.put_channel(&channel, None).await.map_err(|error| failed(error.to_string()))?;
    }
    for (user, channel, settings) in settings(control) {
        let put = control.store.put_endpoint(user, &channel, &settings, None, Clock::system().now()).await;
        put.map_err(|error| failed(error.to_string()))?;
    }
    // A process caches the channels for up to a minute. New processes read the new channels at once. Requests that the page
    // sends meanwhile are answered.
    for name in KNOW_CHANNELS {
        if let Some(function) = control.functions.get(name) {
            function.replace().await;
        }
    }
    Ok(Json(json!({"channels": Channel::ALL})))
}

fn channel(number: u8, name: &str, provider: Provider, secret: Option<&str>) -> ConfiguredChannel {
    ConfiguredChannel {
        name: format!("Demo {name}"),
        secret: secret.map(str::to_owned),
        // Channels that a developer sets up are tried before these.
        position: 100,
        ..ConfiguredChannel::new(format!("3e9a4f10-7a51-4a44-9f6a-51f8d1c2b1{number:02}"), provider)
    }
}

fn sms() -> ConfiguredChannel {
    channel(1, "sms", Provider::Sms, Some(SMS_SECRET))
}

/// The webhook carries push messages for users without a device.
fn webhook() -> ConfiguredChannel {
    ConfiguredChannel { carries: Some(Channel::Push), ..channel(2, "webhook", Provider::Webhook, Some(WEBHOOK_SECRET)) }
}

fn new_channels() -> [ConfiguredChannel; 3] {
    [sms(), webhook(), channel(3, "inbox", Provider::InApp, None)]
}

/// The endpoints of the demo's people. They are written without the API, because the API refuses a webhook with an
/// internal address.
fn settings(control: &Control) -> Vec<(UserId, ConfiguredChannel, Settings)> {
    let slack = CHANNELS.iter().find(|channel| channel.key == "slack");
    let slack =
        slack.map(|slack| ConfiguredChannel { id: slack.id.to_owned(), ..channel(0, "slack", Provider::Slack, None) });
    let url = format!("{}/hooks/demo", control.providers.webhook_endpoint());
    let [somebody, other] = PEOPLE.map(UserId::parse);
    let all = [
        (somebody, slack, Settings { slack_channel_id: Some("C024TIDINGS".to_owned()), ..Settings::default() }),
        (somebody, Some(sms()), Settings { phone: Some("+12065550142".to_owned()), ..Settings::default() }),
        (other, Some(webhook()), Settings { url: Some(url), ..Settings::default() }),
    ];
    all.into_iter().filter_map(|(user, channel, settings)| Some((user?, channel?, settings))).collect()
}
