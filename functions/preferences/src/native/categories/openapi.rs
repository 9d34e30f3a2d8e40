//! Categories in the OpenAPI document.

use serde_json::json;
use shared::{
    dialects::native::{
        openapi::{DELETES, LISTS, OPERATORS, READS, Refusals},
        page::last_page,
    },
    http::openapi::{CategoryHandle, Document},
};

use super::{CategoryList, CategoryReplacement, CategoryView, ListQuery};

/// The operations.
pub fn document(doc: &mut Document) {
    const LIST: &str = "/api/v1/categories";
    const PATH: &str = "/api/v1/categories/{handle}";
    const HANDLE: &str = "security-alerts";
    let name = json!({"default": "Security alerts", "de": "Sicherheitshinweise"});
    let description = json!({"default": "Sign-ins from a new device, and changes of your password"});
    let channels = json!(["push", "email"]);
    let body = json!({"name": name, "description": description, "channels": channels, "required": true, "position": 1});
    let category = json!({
        "handle": HANDLE, "name": name, "description": description, "channels": channels,
        "template_code": null, "critical": false, "required": true, "default_in": true, "hidden": false, "position": 1,
    });
    doc.tag("Categories", "The kinds of notification that the deployment sends and that users can opt out of. A notification names one as its `category`.");
    doc.get(LIST, "listCategories", "All categories, in order")
        .bearer(OPERATORS)
        .query::<ListQuery>()
        .answers::<CategoryList>(200, "A page", json!({"items": [category], "page": last_page()}))
        .refuses::<Refusals>(LISTS);
    doc.get(PATH, "readCategory", "One category")
        .bearer(OPERATORS)
        .path::<CategoryHandle>("handle", "Its handle", HANDLE)
        .answers::<CategoryView>(200, "The category", category.clone())
        .refuses::<Refusals>(READS);
    doc.put(PATH, "putCategory", "Create or replace a category")
        .says(
            "Every process knows of the change within a minute. A notification that does not say its channels, its \
             template or whether it is critical gets them from its category when it is accepted. Whether the recipient is \
             opted in is decided when the notification is sent. There are at most 200 categories, each of at most 5,000 bytes.",
        )
        .bearer(OPERATORS)
        .path::<CategoryHandle>("handle", "Its handle: the group of Akana's dialect, and the handle of Notiflows'", HANDLE)
        .if_match()
        .once()
        .body::<CategoryReplacement>(body)
        .answers::<CategoryView>(200, "The category as replaced", category.clone())
        .answers::<CategoryView>(201, "The category, which is new", category)
        .refuses::<Refusals>(&[400, 401, 403, 409, 412, 413, 415, 500, 503]);
    doc.delete(PATH, "deleteCategory", "Delete a category")
        .says("The users' choices stay, and count as for any group without a category.")
        .bearer(OPERATORS)
        .path::<CategoryHandle>("handle", "Its handle", HANDLE)
        .if_match()
        .once()
        .answers_empty(204, "It is gone")
        .refuses::<Refusals>(DELETES);
}
