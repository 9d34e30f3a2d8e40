//! `GET /api/v1/users/{id}/export`: all stored data about a user, in pages, for the user and for an admin.

mod records;

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use shared::{
    dialects::native::{
        Access, Problem,
        openapi::{READS, Refusals, SELF_OR_ADMIN},
        page::{PageRequest, PageView},
        refused,
    },
    domain::{UserId, json::Object},
    http::{
        Reply,
        openapi::{Document, not_null},
        page::sent_bytes,
        query::{Cursor, Limit},
        request::member::{optional, or},
    },
    request_query,
    store::{ExportHead, Exported},
};

use crate::App;
use records::{ExportedAnswer, ExportedInboxEntry, ExportedNotification, ExportedSubscription, ExportedUser};

/// The most entries of a page, and the default. Most people have fewer, and get one page.
const LIMIT: usize = 1000;

/// A page of all data that is held about a user: the records as they are stored. So a field may have another name than elsewhere in
/// this document (a notification's id is its `id`), and more fields may come. Times are RFC 3339; `kept_until` is the time at which a
/// record is removed.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Export")]
pub struct ExportView {
    /// The user's own record: profile, preferences, endpoints, whatever the dialect it came by. On the first page only.
    #[schemars(with = "Option<ExportedUser>", transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<Object>,
    /// The free-form settings; empty if there are none. Only the first page has them.
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>", transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    settings: Option<Object>,
    /// The notifications that were sent to the user, oldest first, each with its `deliveries`. `at` of a delivery is the time at which it
    /// came into its `status`.
    #[schemars(with = "Vec<ExportedNotification>")]
    notifications: Vec<Object>,
    /// The entries of the in-app inbox, oldest first.
    #[schemars(with = "Vec<ExportedInboxEntry>")]
    inbox: Vec<Object>,
    /// The topics that the user is subscribed to, each with the time of the subscription.
    #[schemars(with = "Vec<ExportedSubscription>")]
    subscriptions: Vec<Object>,
    /// Answers that are stored to be replayed under an idempotency key.
    #[schemars(with = "Vec<ExportedAnswer>")]
    answers: Vec<Object>,
    page: PageView,
}

/// Answers a request for the path.
pub async fn handle(app: &App, request: &Request, raw_id: &str) -> Reply {
    let answer = match *request.method() {
        Method::GET => get(app, request, raw_id).await,
        _ => Err(Problem::MethodNotAllowed("GET, HEAD")),
    };
    answer.unwrap_or_else(|problem| problem.reply())
}

request_query! {
    /// Which part of the data is shown.
    pub struct ExportQuery {
        /// How many entries a page has: notifications, inbox entries, subscriptions and answers together.
        limit: usize = or(Limit(LIMIT), LIMIT),
        /// Where the page begins: the `after` of the page before. It is left out for the first page. On the last page `after` is `null`, and nothing follows.
        after: Option<String> = optional(Cursor(|place| !place.is_empty())),
    }
}

async fn get(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (caller, user, ExportQuery { limit, after }) =
        Access::SELF_OR_ADMIN.caller_for(&app.bearer, request, raw_id).await?;
    let id = user.id();
    app.store.check_allowed(&user).await.map_err(|error| refused(error, Some(&caller), id))?;
    let asked = PageRequest { limit, after };
    let head = app.store.export_head(id).await.map_err(|error| refused(error, Some(&caller), id))?;
    let ExportHead { user, settings, since } = head;
    let is_first = asked.after.is_none();
    let (user, settings) = (Some(user).filter(|_| is_first), Some(settings).filter(|_| is_first));
    let walk = app.store.export(id, since, asked.after.as_deref(), asked.limit);
    let beside = sent_bytes(&user) + sent_bytes(&settings);
    let (entries, page) = asked.read_beside(request, beside, walk, |_, entry| Entry(entry)).await?;
    let (notifications, inbox, subscriptions, answers) = Default::default();
    let mut view = ExportView { user, settings, notifications, inbox, subscriptions, answers, page };
    for Entry(entry) in entries {
        match entry {
            Exported::Notification(object) => view.notifications.push(object),
            Exported::InboxEntry(object) => view.inbox.push(object),
            Exported::Subscription(object) => view.subscriptions.push(object),
            Exported::Answer(object) => view.answers.push(object),
        }
    }
    // The version of the user says nothing about the notifications, so the entity tag is the digest of the page.
    Ok(Reply::json(StatusCode::OK, &view))
}

/// An entry as it is written. It is the same in each of the lists.
struct Entry(Exported);

impl Serialize for Entry {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(
            Exported::Notification(object)
            | Exported::InboxEntry(object)
            | Exported::Subscription(object)
            | Exported::Answer(object),
        ) = self;
        object.serialize(serializer)
    }
}

/// The path in the OpenAPI document.
pub fn document(doc: &mut Document) {
    let example = json!({
        "user": {"name": "John Doe"}, "settings": {}, "notifications": [], "inbox": [],
        "subscriptions": [{"topic": "news", "created_at": "2024-03-01T10:00:00.000Z"}], "answers": [],
        "page": {"limit": LIMIT, "after": null, "has_more_after": false},
    });
    doc.get("/api/v1/users/{id}/export", "exportUser", "Export all data that is held about a user")
        .says("Most users have one page. A user who was erased has no data: the answer is 404.")
        .bearer(SELF_OR_ADMIN)
        .path::<UserId>("id", "The user's id", "123e4567-e89b-12d3-a456-426614174000")
        .query::<ExportQuery>()
        .answers::<ExportView>(200, "A page", example)
        .refuses::<Refusals>(READS);
}
