//! The function's part of the OpenAPI document.

use serde_json::{Value, json};
use shared::{
    dialects::notiflows::{
        openapi::{DELETES, OWN_DELETES, OWN_READS, OWN_WRITES, READS, Refusals, WRITES},
        own_settings::OwnSettingsReplacement,
        preferences::{Preferences, PreferencesChange},
        settings::ChannelSettingsReplacement,
    },
    http::openapi::{ChannelId, Document, ExternalId},
};

use crate::view::{ChannelSettingsView, Readable};

const CHANNEL: &str = "01HQXYZ123456789ABCDEFGHIJ";
const USER: &str = "user_12345";
/// Whom the path names.
const WHOSE: &str =
    "The user's external id, whatever the name of this parameter says. A UUID is taken as the user's `id`";
/// What is set, and by which of the two paths.
const SETS: &str = "Registers a user's devices, phone number, Slack id or webhook for one configured channel (`listChannels` has their ids). The \
     settings replace those that the user had for the channel. A device token that another user registered before is this user's from \
     now on. The same is answered under `/admin/users/…` and `/admin/v1/users/…`: new clients take the second, whose operations end \
     in `V1`.";

/// The operations.
pub fn document(doc: &mut Document) {
    doc.compatibility_tag("Notiflows: channel settings", "Device tokens, Slack ids and the like, by channel.");
    by_key_pair(doc, "/admin/users/{user_id}/channel-settings/{channel_id}", "");
    by_key_pair(doc, "/admin/v1/users/{user_id}/channel-settings/{channel_id}", "V1");
    own(doc, "/user/channels/{channel_id}/settings", "");
    own(doc, "/user/v1/channels/{channel_id}/settings", "V1");
    own_preferences(doc, "/user/preferences", "");
    own_preferences(doc, "/user/v1/preferences", "V1");
}

fn by_key_pair(doc: &mut Document, path: &str, suffix: &str) {
    doc.put(path, &format!("putChannelSettings{suffix}"), "Create or replace a user's settings for a channel")
        .says(SETS)
        .key_pair("channel_settings:write")
        .path::<ExternalId>("user_id", WHOSE, USER)
        .path::<ChannelId>("channel_id", "The channel's id; its provider decides what the settings are", CHANNEL)
        .if_match()
        .once()
        .body::<ChannelSettingsReplacement>(json!({"settings": {"device_tokens": ["ExampleTokenABCDEF123456789..."]}}))
        .answers::<Readable<'static>>(
            200,
            "The settings; without `channel_settings:read` only the ids and times",
            shown(),
        )
        .refuses::<Refusals>(WRITES);
    doc.get(path, &format!("readChannelSettings{suffix}"), "A user's settings for a channel")
        .key_pair("channel_settings:read")
        .path::<ExternalId>("user_id", WHOSE, USER)
        .path::<ChannelId>("channel_id", "The channel's id", CHANNEL)
        .answers::<ChannelSettingsView<'static>>(200, "The settings", shown())
        .header(200, "ETag", "ETag")
        .refuses::<Refusals>(READS);
    doc.delete(path, &format!("deleteChannelSettings{suffix}"), "Delete a user's settings for a channel")
        .key_pair("channel_settings:write")
        .path::<ExternalId>("user_id", WHOSE, USER)
        .path::<ChannelId>("channel_id", "The channel's id", CHANNEL)
        .if_match()
        .once()
        .answers_empty(204, "They are deleted")
        .refuses::<Refusals>(DELETES);
}

fn own(doc: &mut Document, path: &str, suffix: &str) {
    doc.put(path, &format!("putOwnChannelSettings{suffix}"), "Create or replace one's own settings for a channel")
        .says("Users may set device tokens and a Slack user id only. They must not set webhooks or the channels of a company.")
        .user_key()
        .path::<ChannelId>("channel_id", "The channel's id; its provider decides what the settings are", CHANNEL)
        .if_match()
        .once()
        .body::<OwnSettingsReplacement>(json!({"settings": {"slack_user_id": "U0123456789"}}))
        .answers::<ChannelSettingsView<'static>>(200, "The settings", shown())
        .refuses::<Refusals>(OWN_WRITES);
    doc.get(path, &format!("readOwnChannelSettings{suffix}"), "One's own settings for a channel")
        .user_key()
        .path::<ChannelId>("channel_id", "The channel's id", CHANNEL)
        .answers::<ChannelSettingsView<'static>>(200, "The settings", shown())
        .header(200, "ETag", "ETag")
        .refuses::<Refusals>(OWN_READS);
    doc.delete(path, &format!("deleteOwnChannelSettings{suffix}"), "Delete one's own settings for a channel")
        .user_key()
        .path::<ChannelId>("channel_id", "The channel's id", CHANNEL)
        .if_match()
        .once()
        .answers_empty(204, "They are deleted")
        .refuses::<Refusals>(OWN_DELETES);
}

fn own_preferences(doc: &mut Document, path: &str, suffix: &str) {
    let types = json!({
        "chat": true, "email": false, "in_app": true, "mobile_push": true, "sms": true, "web_push": true,
    });
    let shown = json!({
        "channel_types": types,
        "notiflows": {"weekly-digest": {"enabled": false, "channel_types": {"email": false}}},
    });
    doc.get(path, &format!("readOwnPreferences{suffix}"), "One's own preferences for channel types and groups")
        .user_key()
        .answers::<Preferences>(200, "The preferences", shown.clone())
        .header(200, "ETag", "ETag")
        .refuses::<Refusals>(OWN_READS);
    doc.put(path, &format!("changeOwnPreferences{suffix}"), "Change one's own preferences, partially")
        .user_key()
        .if_match()
        .once()
        .body::<PreferencesChange>(
            json!({"channel_types": {"email": false}, "notiflows": {"weekly-digest": {"enabled": false}}}),
        )
        .answers::<Preferences>(200, "All preferences", shown)
        .refuses::<Refusals>(OWN_WRITES);
}

/// The contract's own answer.
fn shown() -> Value {
    json!({
        "channel_id": "bbe8aa76-a4bb-46f6-a785-df8e831cc459",
        "created_at": "2019-08-24T14:15:22.000Z",
        "provider": "apns",
        "settings": {"device_tokens": ["ExampleTokenABCDEF123456789...", "AnotherTokenXYZ987654321..."]},
        "updated_at": "2019-08-24T14:15:22.000Z",
        "user_id": "a169451c-8525-4352-b8ca-070dd449a1a5",
    })
}
