//! `GET /admin/v1/users`: pages of users, the newest first.

use lambda_http::{
    Request,
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
        query::{self, Cursor, Limit},
        request::{
            Reason,
            kind::Kind,
            kinds::TIME,
            member::{optional, or},
        },
    },
    request_query,
    store::{ListUsers, PageStart, is_place},
};

use super::view::UserView;
use crate::App;

const DEFAULT_LIMIT: usize = 25;
const MAX: usize = 1000;

/// A page of users.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "NotiflowsUserPage")]
pub struct ListView<'a> {
    items: Vec<&'a UserView>,
    page: PageView,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "NotiflowsPage")]
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
        _ => Err(Problem::MethodNotAllowed("GET, HEAD")),
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

request_query! {
    /// Which users are listed.
    pub struct UsersQuery {
        /// How many users a page has.
        limit: usize = or(Limit(MAX), DEFAULT_LIMIT),
        /// Where the page begins: the `after` of the page before. It is left out for the first page. On the last page `after` is `null`, and nothing follows.
        after: Option<String> = optional(Cursor(is_place)),
        /// Where the page ends: the `before` of the page after it. Not together with `after`.
        before: Option<String> = optional(Cursor(is_place)),
        /// Only users who were created after this time.
        created_after: Option<Timestamp> = optional(TIME.saying(A_TIME)),
        /// Only users who were created before this time.
        created_before: Option<Timestamp> = optional(TIME.saying(A_TIME)),
    }
    rule {
        let both = matches!((&after, &before), (Some(Some(_)), Some(Some(_))));
        both.then_some(("before", Reason::Rule, "must not be given together with after"))
    }
}

const A_TIME: &str = "a time such as 2024-03-01T10:00:00Z (RFC 3339)";

/// The product's clients may send parameters that this list does not have. They are ignored.
fn decode(request: &Request) -> Result<ListUsers, Problem> {
    let query = query::read_known(request).map_err(|faults| Problem::invalid_params(&faults))?;
    let UsersQuery { limit, after, before, created_after, created_before } = query;
    let start = after.map(PageStart::After).or(before.map(PageStart::Before));
    Ok(ListUsers { limit, start, created_after, created_before })
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
