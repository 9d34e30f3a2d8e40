//! `/api/v1/users/{id}/inbox`: the messages in a user's inbox, newest first.

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};
use shared::{
    dialects::native::{
        Access, NoQuery, Problem,
        page::{DEFAULT_LIMIT, LIMIT, PageRequest, PageView},
        refused, unversioned,
    },
    domain::{InboxChange, InboxEntry, InboxState, NotificationId, Timestamp},
    http::{
        IdempotentRequest, Reply, cursor,
        openapi::not_null,
        query::Cursor,
        request::{
            Reason, RequestBody,
            kinds::{Flag, Text, schema_of, text},
            member::{optional, or},
        },
    },
    request_body, request_query,
    store::is_place,
};

use crate::{App, success};

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Inbox")]
pub struct ListView {
    items: Vec<ItemView>,
    page: PageView,
}

/// An entry of a user's inbox.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "InboxItem")]
pub struct ItemView {
    id: String,
    notification_id: NotificationId,
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    body: String,
    /// Data for the application. The user does not see it.
    #[serde(skip_serializing_if = "Map::is_empty")]
    data: Map<String, Value>,
    created_at: Timestamp,
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    read_at: Option<Timestamp>,
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_at: Option<Timestamp>,
}

/// Answers a request for a path below the user's inbox.
pub async fn handle(app: &App, request: &Request, raw_id: &str, below: &[&str]) -> Result<Reply, Problem> {
    match (below, request.method()) {
        ([], &Method::GET) => list(app, request, raw_id).await,
        ([], _) => Err(Problem::MethodNotAllowed("GET, HEAD")),
        ([item], &Method::PATCH) => change(app, request, raw_id, item).await,
        ([_], _) => Err(Problem::MethodNotAllowed("PATCH")),
        _ => Err(Problem::not_found("There is nothing at this path")),
    }
}

request_query! {
    /// Which items are listed.
    pub struct ListQuery {
        /// How many items a page has.
        limit: usize = or(LIMIT, DEFAULT_LIMIT),
        /// Where the page begins: the `after` of the page before. It is left out for the first page. On the last page `after` is `null`, and nothing follows.
        after: Option<String> = optional(Cursor(is_place)),
        /// Which items are wanted. Without it, all that are not archived.
        state: Option<InboxState> = optional(STATE),
    }
}

const STATE: Text<InboxState> = text(InboxState::ACCEPTED, InboxState::parse, schema_of::<InboxState>);

/// A page. It may be shorter than its limit although there are more: entries that do not match the request are read and
/// left out.
async fn list(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (caller, user, ListQuery { limit, after, state }) =
        Access::SELF_ADMIN_OR_SERVICE.caller_for(&app.bearer, request, raw_id).await?;
    let id = user.id();
    app.store.check_allowed(&user).await.map_err(|error| refused(error, Some(&caller), id))?;
    let asked = PageRequest { limit, after };
    let entries = app.store.inbox(id, asked.after.as_deref(), asked.limit, state.unwrap_or_default());
    let (items, page) = asked.read(request, entries, ItemView::new).await?;
    Ok(success::reply(StatusCode::OK, ListView { items, page }, "Inbox retrieved successfully"))
}

async fn change(app: &App, request: &Request, raw_id: &str, item: &str) -> Result<Reply, Problem> {
    let (caller, user, NoQuery) = Access::SELF_OR_ADMIN.caller_for(&app.bearer, request, raw_id).await?;
    let id = user.id();
    app.store.check_allowed(&user).await.map_err(|error| refused(error, Some(&caller), id))?;
    unversioned(request)?;
    let InboxItemChange { read, archived } = InboxItemChange::decode(request.body())?;
    let change = InboxChange { read, archived };
    let missing = || Problem::not_found("Inbox item not found");
    let place = cursor::decode(item, is_place).ok_or_else(missing)?;
    let write = async {
        let entry = app.store.mark_inbox(id, &place, change, app.clock.now()).await?.ok_or_else(missing)?;
        let view = ItemView::new(&place, entry);
        Ok(success::reply(StatusCode::OK, view, "Inbox item updated successfully"))
    };
    IdempotentRequest::of(request, &caller)?.about(&user).run(&app.store, write).await
}

request_body! {
    /// One or both of the marks. `true` keeps the time of the first mark, `false` removes the mark.
    pub struct InboxItemChange as "InboxItemChange" {
        read: Option<bool> = optional(Flag),
        archived: Option<bool> = optional(Flag),
    }
    rule {
        let neither = (&read, &archived) == (&Some(None), &Some(None));
        neither.then_some(("", Reason::Needed, "read or archived is required: each must be true or false"))
    }
    extend { json!({"minProperties": 1}) }
}

impl ItemView {
    fn new(place: &str, entry: InboxEntry) -> Self {
        let InboxEntry { notification_id, title, body, data, created_at, read_at, archived_at, kept_until: _ } = entry;
        Self { id: cursor::encode(place), notification_id, title, body, data, created_at, read_at, archived_at }
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;

    use super::*;

    #[test]
    fn a_change_says_what_is_to_be() {
        let of = |body: &str| InboxItemChange::decode(&Body::from(body)).map_err(Problem::from);
        let change = |read, archived| Ok(InboxItemChange { read, archived });
        assert_eq!(of(r#"{"read":true}"#), change(Some(true), None));
        assert_eq!(of(r#"{"read":false,"archived":true}"#), change(Some(false), Some(true)));
        let neither = "read or archived is required: each must be true or false";
        for (body, faults) in [
            ("{}", vec![neither]),
            (r#"{"done":true}"#, vec![neither, "done is not a known field"]),
            (r#"{"read":null}"#, vec!["read must be true or false"]),
            (r#"{"read":1,"archived":"x"}"#, vec!["read must be true or false", "archived must be true or false"]),
            (r#"{"read":true,"body":"x"}"#, vec!["body is not a known field"]),
        ] {
            assert_eq!(of(body).unwrap_err().errors(), faults, "{body}");
        }
    }
}
