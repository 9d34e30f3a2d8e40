//! `GET /admin/v1/users`: pages of users, the newest first.

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use shared::{
    dialects::notiflows::{
        Problem,
        page::{A_TIME, DEFAULT_LIMIT, LIMIT, PageRequest, read_query},
        reply,
    },
    domain::{Scope, Timestamp},
    http::{
        Reply,
        page::{Bounds, PageRules, page},
        query::Cursor,
        request::{
            Reason,
            kind::Kind,
            kinds::TIME,
            member::{optional, or},
        },
    },
    request_query,
    store::{ListPage, is_place},
};

use super::view::UserView;
use crate::App;

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
    let UsersQuery { limit, after, before, created_after, created_before } = read_query(request)?;
    let asked = PageRequest::new(limit, after, before);
    let wanted = ListPage { limit, start: asked.start.clone(), created_after, created_before };
    // The product's clients stop at an empty page.
    let rules = PageRules { limit: wanted.limit, may_be_empty: false, max_bytes: None };
    let users = app.store.list_users(&wanted);
    let found = page(Bounds::of(request), rules, 0, users, |_, user| UserView::from(&user));
    let (found, behind) = tokio::try_join!(found, app.store.users_behind(&wanted))?;
    Ok(Reply::json(StatusCode::OK, &asked.answer(found, behind)))
}

request_query! {
    /// Which users are listed.
    pub struct UsersQuery {
        /// How many users a page has.
        limit: usize = or(LIMIT, DEFAULT_LIMIT),
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

#[cfg(test)]
mod tests {
    use shared::{
        domain::{Json, User, UserId},
        http::page::Page,
    };

    use super::*;

    #[test]
    fn a_page_shows_every_digit() {
        let custom = r#"{"n":12345678901234567890.123456789012345678}"#;
        let user = User {
            custom: Json::object(custom, "it").unwrap(),
            ..User::new(UserId::from_bytes([1; 16]), Timestamp::from_millis(0))
        };
        let found = Page { items: vec![UserView::from(&user)], first: None, last: None, has_more: false };
        let text = serde_json::to_string(&PageRequest::new(25, None, None).answer(found, false)).unwrap();
        assert!(text.contains(custom), "{text}");
    }
}
