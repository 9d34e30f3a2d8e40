//! Messages in Slack, through its Web API (`chat.postMessage`).

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Outcome, Outgoing, asked_to_wait, unanswered};
use crate::{
    clock::Clock,
    domain::{RenderedContent, rendered_content::Chat},
    net::{Client, Request},
};

/// Sends Slack messages.
pub struct Slack {
    client: Client,
    endpoint: String,
    clock: Clock,
}

/// Slack's answer. A refusal has the same form, and mostly the HTTP status 200, too.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    ok: bool,
    ts: Option<String>,
    error: Option<String>,
}

impl Slack {
    /// Sends through the API at `endpoint`. Slack's is `https://slack.com`.
    pub fn new(endpoint: impl Into<String>, clock: Clock) -> Self {
        Self { client: Client::anywhere(clock.clone()), endpoint: endpoint.into(), clock }
    }

    /// The same, by that client instead of its own.
    pub fn by(self, client: Client) -> Self {
        Self { client, ..self }
    }

    /// Sends to one conversation or user. `credentials` are the bot's token (`xoxb-…`), as plain text or as JSON
    /// (`{"token": …}`).
    ///
    /// A repeated attempt is a second message in Slack. Slack documents no argument by which it recognises a repeated
    /// message (`client_msg_id` is named in its errors only).
    pub async fn send(&self, outgoing: &Outgoing<'_>, credentials: &str) -> Outcome {
        let Some(token) = token(credentials) else { return Outcome::Misconfigured };
        let RenderedContent::Slack(Chat { text, blocks }) = outgoing.content else { return Outcome::Rejected };
        let message = match blocks.as_slice() {
            [] => json!({"channel": outgoing.address, "text": text}),
            blocks => json!({"channel": outgoing.address, "text": text, "blocks": blocks}),
        };
        let url = format!("{}/api/chat.postMessage", self.endpoint);
        let request = Request::post(&url, "application/json", message.to_string()).bearer(&token);
        let answer = match self.client.send(request).await {
            Ok(answer) => answer,
            Err(error) => return unanswered(&error),
        };
        let (status, after) = (answer.status(), asked_to_wait(&answer, self.clock.now()));
        match (status, answer.json::<Answer>().await) {
            (200, Ok(Answer { ok: true, ts, .. })) => Outcome::Sent { message_id: ts },
            (_, Ok(answer)) => classify(status, answer.error.as_deref(), after),
            // Only the body tells whether Slack accepted the message.
            (200, Err(_)) => Outcome::Unknown,
            (_, Err(_)) => classify(status, None, after),
        }
    }
}

/// The bot's token of a secret, which is plain text or JSON.
fn token(credentials: &str) -> Option<String> {
    let text = credentials.trim();
    let token = match serde_json::from_str::<Value>(text) {
        Ok(secret) => secret.get("token")?.as_str()?.to_owned(),
        Err(_) => text.to_owned(),
    };
    // All Slack tokens begin like this (`xoxb-`, `xoxe.xoxb-`). Other text must not get into a header.
    (token.starts_with("xox") && token.bytes().all(|byte| byte.is_ascii_graphic())).then_some(token)
}

/// Classifies Slack's answers by their error, or by the HTTP status if there is none
/// (<https://docs.slack.dev/reference/methods/chat.postMessage#errors>).
fn classify(status: u16, error: Option<&str>, after: Option<Duration>) -> Outcome {
    tracing::warn!(provider = "slack", status, error, "refused");
    match (error.unwrap_or_default(), status) {
        // The conversation is closed for good. `channel_not_found` is different: the bot may only not see the
        // conversation, because it was not invited to a private channel or belongs to another workspace. Users must not
        // lose their settings by that.
        ("is_archived", _) => Outcome::AddressGone { since: None },
        (
            "access_denied"
            | "accesslimited"
            | "account_inactive"
            | "app_access_restricted"
            | "as_user_not_supported"
            | "deprecated_endpoint"
            | "ekm_access_denied"
            | "enterprise_is_restricted"
            | "invalid_auth"
            | "messages_tab_disabled"
            | "method_deprecated"
            | "missing_scope"
            | "no_permission"
            | "not_allowed_token_type"
            | "not_authed"
            | "send_on_behalf_not_allowed"
            | "team_access_not_granted"
            | "token_expired"
            | "token_revoked"
            | "two_factor_setup_required",
            _,
        ) => Outcome::Misconfigured,
        // Slack says that a part of the request may have been done.
        ("fatal_error" | "internal_error", _) => Outcome::Unknown,
        // A gateway answered. Slack behind it may have accepted the message.
        (_, 502 | 504) => Outcome::Unknown,
        // <https://docs.slack.dev/apis/web-api/rate-limits>
        ("ratelimited" | "rate_limited" | "message_limit_exceeded", _) | (_, 429) => Outcome::NotTried { after },
        (
            // Slack did not receive the whole body.
            "request_timeout"
            | "service_unavailable"
            // The workspace is being moved.
            | "org_login_required"
            | "team_added_to_org",
            _,
        )
        | (_, 408 | 500..=599) => Outcome::Retry { after },
        (
            "attachment_payload_limit_exceeded"
            | "cannot_reply_to_message"
            | "channel_not_found"
            | "channel_type_not_supported"
            | "duplicate_channel_not_found"
            | "duplicate_message_not_found"
            | "invalid_arg_name"
            | "invalid_arguments"
            | "invalid_array_arg"
            | "invalid_blocks"
            | "invalid_blocks_format"
            | "invalid_charset"
            | "invalid_form_data"
            | "invalid_metadata_format"
            | "invalid_metadata_schema"
            | "invalid_post_type"
            | "markdown_text_conflict"
            | "metadata_must_be_sent_from_app"
            | "metadata_too_large"
            | "missing_file_data"
            | "missing_post_type"
            | "msg_blocks_too_long"
            | "msg_too_long"
            | "no_text"
            | "not_in_channel"
            | "restricted_action"
            | "restricted_action_non_threadable_channel"
            | "restricted_action_read_only_channel"
            | "restricted_action_thread_locked"
            | "restricted_action_thread_only_channel"
            | "slack_connect_canvas_sharing_blocked"
            | "slack_connect_file_link_sharing_blocked"
            | "slack_connect_lists_sharing_blocked"
            | "team_not_found"
            | "too_many_attachments"
            | "too_many_contact_cards",
            _,
        ) => Outcome::Rejected,
        (_, 401 | 403 | 404) => Outcome::Misconfigured,
        (_, 400..=499) => Outcome::Rejected,
        // Slack may return errors that it does not list.
        _ => Outcome::Retry { after },
    }
}

#[cfg(test)]
mod tests;
