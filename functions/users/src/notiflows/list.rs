//! `GET /admin/v1/users`: pages of users, the newest first.

use lambda_http::{
    Request, RequestExt,
    http::{Method, StatusCode},
};
use schemars::JsonSchema;
use serde::Serialize;
use shared::{
    dialects::notiflows::{Problem, reply},
    domain::{Scope, Timestamp, User},
    http::{Reply, cursor},
    store::{ListUsers, PageStart, UserPage, is_place},
};

use super::view::UserView;
use crate::App;

pub const DEFAULT_LIMIT: usize = 25;
pub const MAX: usize = 1000;
/// The most bytes of users on a page, since Lambda answers with at most 6 MB. A page that ends at this limit says that
/// there are more.
const MAX_BYTES: usize = 4 * 1024 * 1024;
const PARAMETERS: [&str; 5] = ["limit", "after", "before", "created_after", "created_before"];

/// A page of users.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "NotiflowsUserPage")]
pub struct ListView<'a> {
    items: Vec<UserView<'a>>,
    page: PageView,
}

#[derive(JsonSchema, Serialize)]
#[schemars(inline)]
struct PageView {
    limit: usize,
    after: Option<String>,
    before: Option<String>,
    has_more_after: bool,
    has_more_before: bool,
}

/// Answers a request for `/admin/v1/users`.
pub async fn users(app: &App, request: &Request) -> Reply {
    let answer = match *request.method() {
        Method::GET => list(app, request).await,
        _ => Err(Problem::MethodNotAllowed("GET")),
    };
    reply(answer, request)
}

async fn list(app: &App, request: &Request) -> Result<Reply, Problem> {
    app.keys.application(&app.store, request.headers(), Scope::UsersRead).await?;
    let wanted = decode(request)?;
    Ok(page(&wanted, app.store.list_users(&wanted).await?))
}

fn decode(request: &Request) -> Result<ListUsers, Problem> {
    let query = request.query_string_parameters();
    for name in PARAMETERS {
        if query.all(name).is_some_and(|values| values.len() > 1) {
            return Err(Problem::invalid_param(name, "must be given once"));
        }
    }
    let limit = match query.first("limit") {
        None => DEFAULT_LIMIT,
        Some(limit) => {
            let parsed = limit.parse().ok().filter(|limit| (1..=MAX).contains(limit));
            parsed.ok_or(Problem::invalid_param("limit", "must be a whole number from 1 to 1000"))?
        }
    };
    let place = |name| {
        let place = query.first(name).map(|given| cursor::decode(given, is_place).ok_or(name)).transpose();
        place.map_err(|name| Problem::invalid_param(name, "must be a cursor of an earlier page"))
    };
    let time = |name| {
        let time = query.first(name).map(|given| Timestamp::parse(given).ok_or(name)).transpose();
        time.map_err(|name| Problem::invalid_param(name, "must be a time such as 2024-03-01T10:00:00Z (RFC 3339)"))
    };
    let start = match (place("after")?, place("before")?) {
        (None, None) => None,
        (Some(place), None) => Some(PageStart::After(place)),
        (None, Some(place)) => Some(PageStart::Before(place)),
        (Some(_), Some(_)) => return Err(Problem::invalid_param("before", "must not be given together with after")),
    };
    Ok(ListUsers { limit, start, created_after: time("created_after")?, created_before: time("created_before")? })
}

fn page(wanted: &ListUsers, found: UserPage) -> Reply {
    let UserPage { mut users, mut more, behind } = found;
    let kept = within_bytes(&users);
    more |= kept < users.len();
    users.truncate(kept);
    let (has_more_after, has_more_before) = match wanted.start {
        Some(PageStart::Before(_)) => {
            users.reverse();
            (behind, more)
        }
        Some(PageStart::After(_)) | None => (more, behind),
    };
    let cursor = |user: Option<&(String, User)>| user.map(|(place, _)| cursor::encode(place));
    let page = PageView {
        limit: wanted.limit,
        after: cursor(users.last()),
        before: cursor(users.first()),
        has_more_after,
        has_more_before,
    };
    let items = users.iter().map(|(_, user)| UserView::from(user)).collect();
    Reply::json(StatusCode::OK, &ListView { items, page })
}

/// How many of these users an answer can hold. It is at least one, so that a walk through the pages goes on.
fn within_bytes(users: &[(String, User)]) -> usize {
    let mut bytes = 0;
    let fits = |(_, user): &&(String, User)| {
        bytes += serde_json::to_string(&UserView::from(user)).map_or(MAX_BYTES, |text| text.len());
        bytes <= MAX_BYTES
    };
    users.iter().take_while(fits).count().max(users.len().min(1))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::domain::{Json, UserId, json::Object};

    use super::*;

    fn body(reply: Reply) -> Value {
        match reply.into_response().into_body() {
            lambda_http::Body::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_page_ends_before_it_is_too_large_for_an_answer() {
        let custom = Object::from([("text".to_owned(), Json::String("x".repeat(8000)))]);
        let user = |n: usize| {
            let user =
                User { custom: custom.clone(), ..User::new(UserId::from_bytes([1; 16]), Timestamp::from_millis(0)) };
            (n.to_string(), user)
        };
        let found = UserPage { users: (0..1000).map(user).collect(), more: false, behind: false };
        let wanted = ListUsers { limit: 1000, start: None, created_after: None, created_before: None };
        let page = body(page(&wanted, found));
        let items = page["items"].as_array().unwrap().len();
        assert!((400..600).contains(&items), "{items}");
        assert_eq!(page["page"]["has_more_after"], true);
        assert_eq!(page["page"]["after"], cursor::encode(&(items - 1).to_string()));
    }

    #[test]
    fn a_page_shows_every_digit() {
        let custom = r#"{"n":12345678901234567890.123456789012345678}"#;
        let user = User {
            custom: Json::object(custom, "it").unwrap(),
            ..User::new(UserId::from_bytes([1; 16]), Timestamp::from_millis(0))
        };
        let found = UserPage { users: vec![(String::new(), user)], more: false, behind: false };
        let wanted = ListUsers { limit: 25, start: None, created_after: None, created_before: None };
        let lambda_http::Body::Text(text) = page(&wanted, found).into_response().into_body() else { panic!() };
        assert!(text.contains(custom), "{text}");
    }

    #[test]
    fn an_empty_page_has_no_cursors() {
        let wanted = ListUsers { limit: 25, start: None, created_after: None, created_before: None };
        let expected = json!({"items": [], "page": {
            "limit": 25, "after": null, "before": null, "has_more_after": false, "has_more_before": false,
        }});
        assert_eq!(body(page(&wanted, UserPage::default())), expected);
    }
}
