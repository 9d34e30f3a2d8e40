//! The users of contract 1 in the OpenAPI document.

use serde_json::json;
use shared::{
    dialects::native::{
        UserView,
        openapi::{
            ADMIN_OR_SERVICE, CREATES, DELETES, LISTS, READS, Refusals, SELF_ADMIN_OR_SERVICE, SELF_OR_ADMIN, WRITES,
        },
        page::last_page,
    },
    domain::UserId,
    http::openapi::Document,
};

use super::{
    bodies::{NewUserBody, UserChangeBody},
    list::{ListView, UsersQuery},
};

const ID: &str = "123e4567-e89b-12d3-a456-426614174000";

/// The operations.
pub fn document(doc: &mut Document) {
    const PATH: &str = "/api/v1/users/{id}";
    doc.tag("Users", "The people whom notifications go to.");
    doc.post("/api/v1/users", "createUser", "Create a user")
        .says(
            "A caller of an organisation may not give an `external_id`: external ids are those of the whole deployment. A user who was \
             erased may be created again: with the same `external_id` the new user has the same `id`, and none of the former data.",
        )
        .bearer(ADMIN_OR_SERVICE)
        .once()
        .body::<NewUserBody>(json!({"name": "John Doe", "email": "john@example.com", "preferences": {"email": false}}))
        .answers::<UserView>(201, "The user", UserView::example())
        .header(201, "ETag", "ETag")
        .refuses::<Refusals>(CREATES);
    doc.get("/api/v1/users", "findUsers", "List users, newest first, or find one by email or external id")
        .says(
            "A user who was created a moment ago may be missing from the list; a search by `external_id` or `email` finds every \
             user at once. An address is found if the user was created or changed through this API, where it is one user's \
             alone. A caller of an organisation finds its users one by one, by `email` or `external_id`; the list is of all \
             users: of admins and services only those without an organisation may see it.",
        )
        .bearer(ADMIN_OR_SERVICE)
        .query::<UsersQuery>()
        .answers::<ListView>(200, "A page", json!({"items": [UserView::example()], "page": last_page()}))
        .refuses::<Refusals>(LISTS);
    doc.get(PATH, "readUser", "Read a user")
        .bearer(SELF_ADMIN_OR_SERVICE)
        .path::<UserId>("id", "The user's id", ID)
        .answers::<UserView>(200, "The user", UserView::example())
        .refuses::<Refusals>(READS);
    doc.put(PATH, "changeUser", "Change a user, partially")
        .bearer(SELF_OR_ADMIN)
        .path::<UserId>("id", "The user's id", ID)
        .if_match()
        .once()
        .body::<UserChangeBody>(json!({"name": "John Doe", "push_token": null}))
        .answers::<UserView>(200, "The user", UserView::example())
        .refuses::<Refusals>(WRITES);
    doc.delete(PATH, "eraseUser", "Erase a user; only the fact of the erasure is kept")
        .says(
            "After the answer the user no longer exists: `readUser` answers 404, lists leave the user out, and the user's \
             own token gets 401. The user's settings, notifications, inbox and dead letters are removed, too; if there \
             are more than one \
             request can remove, the rest follows later. What was accepted and not yet sent is not sent. The same \
             `external_id` \
             may be created again, and then has the same `id`. A run that had the user among its recipients keeps the user's id, \
             a pseudonym, in the table until the run itself is removed (`NotificationRetentionDays`). No request shows it.",
        )
        .bearer(SELF_OR_ADMIN)
        .path::<UserId>("id", "The user's id", ID)
        .if_match()
        .once()
        .answers_empty(204, "The user is erased")
        .refuses::<Refusals>(DELETES);
}
