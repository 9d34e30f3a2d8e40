//! The users of contract 1 in the OpenAPI document.

use serde_json::json;
use shared::{
    dialects::native::{
        UserView,
        openapi::{CREATES, DELETES, READS, Refusals, WRITES},
    },
    domain::UserId,
    http::openapi::Document,
};

use super::bodies::{NewUserBody, UserChangeBody};

const ID: &str = "123e4567-e89b-12d3-a456-426614174000";

/// The operations.
pub fn document(doc: &mut Document) {
    const PATH: &str = "/api/v1/users/{id}";
    doc.tag("Users", "Users, by contract 1's shape.");
    doc.post("/api/v1/users", "createUser", "Create a user")
        .bearer("admin, service")
        .once()
        .body::<NewUserBody>(json!({"name": "John Doe", "email": "john@example.com", "preferences": {"email": false}}))
        .answers::<UserView>(201, "The user", UserView::example())
        .header(201, "ETag", "ETag")
        .refuses::<Refusals>(CREATES);
    doc.get(PATH, "readUser", "Read a user")
        .bearer("self, admin, service")
        .path::<UserId>("id", "The user's id", ID)
        .answers::<UserView>(200, "The user", UserView::example())
        .refuses::<Refusals>(READS);
    doc.put(PATH, "changeUser", "Change a user, partially")
        .bearer("self, admin")
        .path::<UserId>("id", "The user's id", ID)
        .if_match()
        .once()
        .body::<UserChangeBody>(json!({"name": "John Doe", "push_token": null}))
        .answers::<UserView>(200, "The user", UserView::example())
        .refuses::<Refusals>(WRITES);
    doc.delete(PATH, "eraseUser", "Erase a user; only the fact of the erasure is kept")
        .bearer("self, admin")
        .path::<UserId>("id", "The user's id", ID)
        .if_match()
        .once()
        .answers_empty(204, "They are erased")
        .refuses::<Refusals>(DELETES);
}
