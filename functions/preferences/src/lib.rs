//! Preferences of users. One file a dialect: it knows JSON, headers and statuses, and holds no rule.

mod akana;
mod centre;
mod channel_preferences;
mod display_preferences;
mod groups;
mod preference_link;
mod quiet_hours;
mod unsubscribe;
mod user_settings;

use std::sync::Arc;

pub use akana::{Akana, KnownSecurity};
pub use centre::{Ancestors, Centre, InvalidOrigins};

use lambda_http::Request;
use shared::{
    http::{Reply, auth::Bearer, contract1::Problem, openapi::Document, path},
    store::Store,
    unsubscribe::OptOutKeys,
};
use user_settings::Subject;

/// What the function works with.
#[derive(Debug)]
pub struct App {
    /// The table.
    pub store: Store,
    /// Who calls.
    pub bearer: Bearer,
    /// Whether channel preferences may be changed without a token (`AnonymousPreferences`).
    pub anonymous: bool,
    /// Sessions, groups and security settings of contract 2.
    pub akana: Akana,
    /// What unsubscribe links are signed with.
    pub opt_outs: OptOutKeys,
    /// The preference centre.
    pub centre: Centre,
}

/// Answers one request.
pub async fn handle(app: Arc<App>, request: Request) -> Reply {
    let path = path::segments(&request).unwrap_or_default();
    let path: Vec<_> = path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["api", "v1", "users", id, "preferences"] if display_preferences::takes(request.method()) => {
            display_preferences::handle(&app, &request, id).await
        }
        ["api", "v1", "users", id, "preferences"] => channel_preferences::handle(&app, &request, id).await,
        ["api", "v1", "users", id, "quiet-hours"] => quiet_hours::handle(&app, &request, id).await,
        ["api", "v1", "users", id, "preference-link"] => preference_link::handle(&app, &request, id).await,
        ["preferences"] => centre::handle(&app, &request).await,
        ["unsubscribe"] => unsubscribe::handle(&app, &request).await,
        ["settings", "user"] => user_settings::handle(&app, &request, Subject::User).await,
        ["settings", "organization"] => user_settings::handle(&app, &request, Subject::Organization).await,
        path => match akana::handle(&app, &request, path).await {
            Some(reply) => reply,
            None => Problem::NotFound("There is nothing at this path").reply(),
        },
    }
}

/// The function's part of the OpenAPI document.
pub fn document(doc: &mut Document) {
    channel_preferences::document(doc);
    akana::document(doc);
    display_preferences::document(doc);
    user_settings::document(doc);
    quiet_hours::document(doc);
    unsubscribe::document(doc);
    centre::document(doc);
    preference_link::document(doc);
}
