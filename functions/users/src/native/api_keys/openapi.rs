//! Keys of applications in the OpenAPI document.

use serde_json::json;
use shared::{
    dialects::native::{
        openapi::{LISTS, OPERATORS, Refusals},
        page::last_page,
    },
    http::openapi::Document,
};

use super::{KeyList, ListQuery, NewKey, NewKeyView};

/// The operations.
pub fn document(doc: &mut Document) {
    const PATH: &str = "/api/v1/api-keys";
    let scopes = json!(["users:read", "users:write"]);
    let (at, name) = ("2024-03-01T10:00:00.000Z", "Billing");
    let (id, secret) = ("pk_2f1c9a7be0d44c58", "sk_it_is_shown_once");
    let key = json!({"api_key": id, "name": name, "scopes": scopes, "created_at": at});
    let new = json!({"api_key": id, "secret_key": secret, "name": name, "scopes": scopes, "created_at": at});
    doc.post(PATH, "createApiKey", "Make a key pair; the secret is shown once")
        .says(
            "A key pair is the credential of the operations in the groups whose names begin with Notiflows, such as \
             `putChannelSettingsV1`, which registers devices. All others take a bearer token. A new pair works at once.",
        )
        .bearer(OPERATORS)
        .body::<NewKey>(json!({"name": name, "scopes": scopes}))
        .answers::<NewKeyView>(201, "The pair", new)
        .refuses::<Refusals>(&[400, 401, 403, 413, 415, 500, 503]);
    doc.get(PATH, "listApiKeys", "Keys without their secrets, the oldest first")
        .bearer(OPERATORS)
        .query::<ListQuery>()
        .answers::<KeyList>(200, "A page", json!({"items": [key], "page": last_page()}))
        .refuses::<Refusals>(LISTS);
    doc.delete("/api/v1/api-keys/{api_key}", "deleteApiKey", "Delete a key; it stops working within a minute")
        .bearer(OPERATORS)
        .path::<String>("api_key", "Its public half", "pk_2f1c9a7be0d44c58")
        .answers_empty(204, "It is deleted")
        .refuses::<Refusals>(&[400, 401, 403, 404, 412, 500, 503]);
}
