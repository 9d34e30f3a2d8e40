//! The users of contract 3 in the OpenAPI document.

use serde_json::{Value, json};
use shared::{
    dialects::notiflows::{
        openapi::{DELETES, LISTS, READS, Refusals, WRITES},
        page::{PageOf, last_page},
        preferences::{Preferences, PreferencesChange},
    },
    http::openapi::{Document, ExternalId},
};

use super::{
    change::NotiflowsUserChange,
    list::UsersQuery,
    view::{Readable, UserView},
};

const USER: &str = "user_12345";
const CHANGED: &str = "The user as changed; without `users:read` only the ids and times";

/// The operations.
pub fn document(doc: &mut Document) {
    const PATH: &str = "/admin/v1/users/{external_id}";
    doc.compatibility_tag("Notiflows: users", "Users by an external id, which may be a UUID or any other.");
    doc.get("/admin/v1/users", "listNotiflowsUsers", "All users, newest first")
        .says("In Notiflows' form. The native API has `findUsers`.")
        .key_pair("users:read")
        .query::<UsersQuery>()
        .answers::<PageOf<UserView>>(200, "A page", json!({"items": [user()], "page": last_page()}))
        .refuses::<Refusals>(LISTS);
    doc.get(PATH, "readNotiflowsUser", "Read a user")
        .key_pair("users:read")
        .path::<ExternalId>("external_id", "The user's external id", USER)
        .answers::<UserView>(200, "The user", user())
        .header(200, "ETag", "ETag")
        .refuses::<Refusals>(READS);
    doc.put(PATH, "upsertNotiflowsUser", "Create or change a user, partially")
        .key_pair("users:write")
        .path::<ExternalId>("external_id", "The user's external id", USER)
        .if_match()
        .once()
        .body::<NotiflowsUserChange>(
            json!({"email": "jane@example.com", "custom_fields": {"plan": "pro", "trial": null}}),
        )
        .answers::<Readable<UserView>>(200, CHANGED, user())
        .answers::<Readable<UserView>>(201, "The user, who is new; as much as the key may read", user())
        .refuses::<Refusals>(WRITES);
    doc.delete(PATH, "eraseNotiflowsUser", "Erase a user; only the fact of the erasure is kept")
        .says("`eraseUser` says what is removed and what is kept.")
        .key_pair("users:write")
        .path::<ExternalId>("external_id", "The user's external id", USER)
        .if_match()
        .once()
        .answers_empty(204, "The user is erased")
        .refuses::<Refusals>(DELETES);
    preferences(doc);
}

fn preferences(doc: &mut Document) {
    const PATH: &str = "/admin/v1/users/{external_id}/preferences";
    let types = json!({
        "chat": true, "email": false, "in_app": true, "mobile_push": true, "sms": true, "web_push": true,
    });
    let shown = json!({
        "channel_types": types,
        "notiflows": {"weekly-digest": {"name": "Weekly digest", "enabled": false, "channel_types": {"email": false}}},
    });
    doc.get(PATH, "readNotiflowsPreferences", "A user's preferences for channel types and groups")
        .key_pair("users:read")
        .path::<ExternalId>("external_id", "The user's external id", USER)
        .answers::<Preferences>(200, "The preferences", shown.clone())
        .header(200, "ETag", "ETag")
        .refuses::<Refusals>(READS);
    doc.put(PATH, "changeNotiflowsPreferences", "Change a user's preferences, partially")
        .key_pair("users:write")
        .path::<ExternalId>("external_id", "The user's external id", USER)
        .if_match()
        .once()
        .body::<PreferencesChange>(
            json!({"channel_types": {"email": false}, "notiflows": {"weekly-digest": {"enabled": false}}}),
        )
        .answers::<Readable<Preferences>>(200, "All preferences; without `users:read` the user's ids and times", shown)
        .refuses::<Refusals>(WRITES);
}

fn user() -> Value {
    json!({
        "id": "a169451c-8525-4352-b8ca-070dd449a1a5", "external_id": USER, "email": "jane@example.com",
        "first_name": "Jane", "last_name": "Doe", "phone": "+14155552671", "avatar": null, "locale": "en-US",
        "timezone": "America/New_York", "custom_fields": {"plan": "pro"},
        "created_at": "2024-03-01T10:00:00.000Z", "updated_at": "2024-03-01T10:05:00.000Z",
    })
}
