//! A user's settings for a channel, as they are shown.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{domain::Settings, http::openapi::not_null};

// Answers have the fields in this order.
/// The settings that are set.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "ChannelSettingsValues")]
#[allow(missing_docs, reason = "their names are the requests'")]
pub struct ShownSettings<'a> {
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub device_tokens: &'a [String],
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<&'a str>,
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slack_channel_id: Option<&'a str>,
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slack_user_id: Option<&'a str>,
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<&'a str>,
}

impl<'a> From<&'a Settings> for ShownSettings<'a> {
    fn from(settings: &'a Settings) -> Self {
        let Settings { device_tokens, slack_channel_id, slack_user_id, address, phone, url } = settings;
        Self {
            address: address.as_deref(),
            device_tokens,
            phone: phone.as_deref(),
            slack_channel_id: slack_channel_id.as_deref(),
            slack_user_id: slack_user_id.as_deref(),
            url: url.as_deref(),
        }
    }
}
