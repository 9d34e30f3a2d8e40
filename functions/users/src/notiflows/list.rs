//! `GET /admin/v1/users`: pages of users, the newest first.

use lambda_http::{
    Request, RequestExt,
    http::{Method, StatusCode},
};
use schemars::JsonSchema;
use serde::Serialize;
use shared::{
    dialects::notiflows::{Problem, reply},
    domain::{Scope, Timestamp},
    http::{
        Reply, cursor,
        page::{Bounds, Page, PageRules, page},
    },
    store::{ListUsers, PageStart, is_place},
};

use super::view::UserView;
use crate::App;

pub const DEFAULT_LIMIT: usize = 25;
pub const MAX: usize = 1000;
const PARAMETERS: [&str; 5] = ["limit", "after", "before", "created_after", "created_before"];

/// A page of users.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "NotiflowsUserPage")]
pub struct ListView<'a> {
    items: Vec<&'a UserView>,
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
    // The product's clients stop at an empty page.
    let rules = PageRules { limit: wanted.limit, may_be_empty: false };
    let users = app.store.list_users(&wanted);
    let found = page(Bounds::of(request), rules, 0, users, |_, user| UserView::from(&user));
    let (found, behind) = tokio::try_join!(found, app.store.users_behind(&wanted))?;
    Ok(shown(&wanted, &found, behind))
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

/// The answer: the newest user first, in whichever direction the page was read.
fn shown(wanted: &ListUsers, found: &Page<UserView>, behind: bool) -> Reply {
    let Page { items, first, last, has_more } = found;
    let mut items: Vec<_> = items.iter().collect();
    let cursor = |place: &Option<String>| place.as_deref().filter(|_| !items.is_empty()).map(cursor::encode);
    let (first, last) = (cursor(first), cursor(last));
    let (after, before, has_more_after, has_more_before) = match wanted.start {
        Some(PageStart::Before(_)) => (first, last, behind, *has_more),
        Some(PageStart::After(_)) | None => (last, first, *has_more, behind),
    };
    if matches!(wanted.start, Some(PageStart::Before(_))) {
        items.reverse();
    }
    let page = PageView { limit: wanted.limit, after, before, has_more_after, has_more_before };
    Reply::json(StatusCode::OK, &ListView { items, page })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::domain::{Json, User, UserId};

    use super::*;

    fn body(reply: Reply) -> Value {
        match reply.into_response().into_body() {
            lambda_http::Body::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    fn found(items: Vec<UserView>, has_more: bool) -> Page<UserView> {
        let place = |n: usize| (!items.is_empty()).then(|| n.to_string());
        let (first, last) = (place(1), place(items.len()));
        Page { items, first, last, has_more }
    }

    fn wanted(start: Option<PageStart>) -> ListUsers {
        ListUsers { limit: 25, start, created_after: None, created_before: None }
    }

    #[test]
    fn a_page_is_the_newest_first_in_whichever_direction_it_was_read() {
        let users =
            || [1, 2].map(|n| UserView::from(&User::new(UserId::from_bytes([n; 16]), Timestamp::EPOCH))).to_vec();
        let told = |start, behind| {
            let page = body(shown(&wanted(start), &found(users(), true), behind));
            let ids: Vec<_> = page["items"].as_array().unwrap().iter().map(|user| user["id"].clone()).collect();
            (ids, page["page"].clone())
        };
        let id = |n| json!(UserId::from_bytes([n; 16]));
        let page = |after: &str, before: &str, has_more_after, has_more_before| {
            json!({
                "limit": 25, "after": cursor::encode(after), "before": cursor::encode(before),
                "has_more_after": has_more_after, "has_more_before": has_more_before,
            })
        };
        let after = told(Some(PageStart::After("x".into())), false);
        assert_eq!(after, (vec![id(1), id(2)], page("2", "1", true, false)));
        let before = told(Some(PageStart::Before("x".into())), false);
        assert_eq!(before, (vec![id(2), id(1)], page("1", "2", false, true)));
    }

    #[test]
    fn a_page_shows_every_digit() {
        let custom = r#"{"n":12345678901234567890.123456789012345678}"#;
        let user = User {
            custom: Json::object(custom, "it").unwrap(),
            ..User::new(UserId::from_bytes([1; 16]), Timestamp::from_millis(0))
        };
        let page = shown(&wanted(None), &found(vec![UserView::from(&user)], false), false);
        let lambda_http::Body::Text(text) = page.into_response().into_body() else { panic!() };
        assert!(text.contains(custom), "{text}");
    }

    #[test]
    fn an_empty_page_has_no_cursors() {
        let expected = json!({"items": [], "page": {
            "limit": 25, "after": null, "before": null, "has_more_after": false, "has_more_before": false,
        }});
        assert_eq!(body(shown(&wanted(None), &found(Vec::new(), false), false)), expected);
    }
}
