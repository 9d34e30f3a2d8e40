//! The users of contract 1 in the OpenAPI document.

use schemars::JsonSchema;
use serde_json::json;
use shared::{
    dialects::native::{
        UserView,
        openapi::{CREATES, DELETES, READS, Refusals, WRITES},
    },
    domain::UserId,
    http::openapi::{Channels, Document, Email, Line, PushToken, not_null},
};

use super::decode::MOST_TEAMS;

const ID: &str = "123e4567-e89b-12d3-a456-426614174000";

/// Read by `decode::new_user`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is used")]
struct NewUser {
    name: Line,
    email: Email,
    push_token: Option<PushToken>,
    #[schemars(transform = not_null)]
    preferences: Option<Channels>,
    /// Taken and forgotten: there is no log-in here.
    #[schemars(extend("writeOnly" = true))]
    password: Option<String>,
}

/// Read by `decode::change`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is used")]
struct UserChange {
    #[schemars(transform = not_null)]
    name: Option<Line>,
    #[schemars(transform = not_null)]
    email: Option<Email>,
    /// `null` removes it.
    push_token: Option<PushToken>,
    #[schemars(transform = not_null)]
    preferences: Option<Channels>,
    /// By an admin only.
    #[schemars(transform = not_null, length(max = MOST_TEAMS), inner(length(min = 1, max = 128)))]
    teams: Option<Vec<Line>>,
    /// Taken and forgotten: there is no log-in here.
    #[schemars(extend("writeOnly" = true))]
    password: Option<String>,
}

/// The operations.
pub fn document(doc: &mut Document) {
    const PATH: &str = "/api/v1/users/{id}";
    doc.tag("Users", "Users, by contract 1's shape.");
    doc.post("/api/v1/users", "createUser", "Create a user")
        .bearer("admin, service")
        .once()
        .body::<NewUser>(json!({"name": "John Doe", "email": "john@example.com", "preferences": {"email": false}}))
        .answers::<UserView>(201, "The user", UserView::example())
        .header(201, "ETag", "ETag")
        .refuses::<Refusals>(CREATES);
    doc.get(PATH, "readUser", "Read a user")
        .bearer("self, admin, service")
        .path::<UserId>("id", "The user's id", ID)
        .answers::<UserView>(200, "The user", UserView::example())
        .header(200, "ETag", "ETag")
        .refuses::<Refusals>(READS);
    doc.put(PATH, "changeUser", "Change a user, partially")
        .bearer("self, admin")
        .path::<UserId>("id", "The user's id", ID)
        .if_match()
        .once()
        .body::<UserChange>(json!({"name": "John Doe", "push_token": null}))
        .answers::<UserView>(200, "The user", UserView::example())
        .refuses::<Refusals>(WRITES);
    doc.delete(PATH, "eraseUser", "Erase a user: nothing is left but the fact")
        .bearer("self, admin")
        .path::<UserId>("id", "The user's id", ID)
        .if_match()
        .once()
        .answers_empty(204, "They are erased")
        .refuses::<Refusals>(DELETES);
}
